"""What every backbone can do."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from torch import Tensor

__all__ = ["Backbone"]


class Backbone(Protocol):
    """A `torch.nn.Module` from images to a feature map, made by `(bands: int = 3, **options)`."""

    channels: int
    """Channels of the feature map."""
    stages: tuple[str, ...]
    """Names of the parts that can be frozen, input side first; together they hold every parameter."""
    mean: tuple[float, ...]
    """What its published weights want subtracted from values in [0, 1], one a band."""
    std: tuple[float, ...]
    """What they then want them divided by, one a band."""

    def __call__(self, images: Tensor, /) -> Tensor:
        """Feature map (N, channels, h, w) of normalised float images (N, C, H, W); h and w are H and W over 32, rounded up."""
        ...

    def freeze(self, stages: Iterable[str]) -> None:
        """Keep these stages as they are and train every other one."""

    def load_published(self, state: Mapping[str, Tensor]) -> None:
        """Take the weights of a published checkpoint."""
