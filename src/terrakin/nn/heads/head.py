"""What every head says of its embedding."""

from collections.abc import Sequence

from torch import nn

__all__ = ["Head"]


class Head(nn.Module):
    """A network from a feature map to an embedding; made by `(channels, classes, **options)`.

    `forward` takes feature maps (N, channels, h, w) and gives an `Output`.
    """

    def __init__(self, parts: Sequence[int]) -> None:
        """Say how wide the parts are that the embedding consists of, side by side."""
        super().__init__()
        self.parts = tuple(parts)

    @property
    def size(self) -> int:
        """D, the width of the embedding: that of all its parts."""
        return sum(self.parts)
