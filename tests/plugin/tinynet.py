"""A third party's backbone, small enough to train in milliseconds. With this folder on the path it is installed."""

from typing import ClassVar

from torch import Tensor, nn

from terrakin.nn.backbones.backbone import Backbone


class Tiny(Backbone):
    """Two convolutions with batch norm; its stages are `stem` and `last`."""

    first: ClassVar[str] = "stem.0.weight"
    classifier: ClassVar[tuple[str, ...]] = ()

    def __init__(self, bands: int = 3, *, width: int = 16) -> None:
        super().__init__({"stem": ("stem",), "last": ("last",)})
        self.channels = 2 * width
        self.mean, self.std = (0.5,) * bands, (0.25,) * bands
        self.stem = nn.Sequential(nn.Conv2d(bands, width, 4, 4, bias=False), nn.BatchNorm2d(width), nn.ReLU())
        self.last = nn.Sequential(nn.Conv2d(width, 2 * width, 4, 4, bias=False), nn.BatchNorm2d(2 * width), nn.ReLU())

    def forward(self, images: Tensor) -> Tensor:
        maps: Tensor = self.last(self.stem(images))
        return maps
