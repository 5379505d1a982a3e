"""What every head can do."""

from typing import Protocol

from torch import Tensor

from terrakin.nn.output import Output

__all__ = ["Head"]


class Head(Protocol):
    """A `torch.nn.Module` from a feature map to an embedding, made by `(channels: int, classes: int, **options)`."""

    size: int
    """D, the width of the embedding."""
    parts: tuple[int, ...]
    """Widths of the embedding's parts, side by side; one part unless the head says otherwise. They sum to `size`."""

    def __call__(self, maps: Tensor, /) -> Output:
        """Embedding and logits of feature maps (N, channels, h, w)."""
        ...
