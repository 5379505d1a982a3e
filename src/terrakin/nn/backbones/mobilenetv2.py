"""MobileNetV2 1.0."""

from typing import ClassVar, Literal

import torch.nn.functional as F
from torch import Tensor, nn

from terrakin.errors import RecipeError
from terrakin.nn.backbones.backbone import Backbone
from terrakin.nn.backbones.published import IMAGENET_MEAN, IMAGENET_STD, per_band

__all__ = ["MobileNetV2"]

_BLOCKS = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
# Expansion, output channels, repeats and stride of the first repeat: Sandler et al. (2018), table 2.

_NORMALISATION = {
    "same": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "symmetric": (IMAGENET_MEAN, IMAGENET_STD),
}
# Mean and standard deviation that the weights of either padding were trained with.


class MobileNetV2(Backbone):
    """Inverted residuals with linear bottlenecks: Sandler et al., "MobileNetV2", CVPR 2018.

    Names of its state dict are those of torchvision's `mobilenet_v2` without the classifier. Two families of weights have these
    names, and nothing in a file tells them apart: those that were trained with TensorFlow and given torchvision's names, and
    torchvision's own. They want another padding and another normalisation; with the wrong ones a network runs, and is worse.

    Its stages are `stem`, `block1` to `block17` and `last`.

    >>> import torch
    >>> MobileNetV2(bands=4)(torch.zeros(2, 4, 64, 96)).shape
    torch.Size([2, 1280, 2, 3])
    """

    first: ClassVar[str] = "features.0.0.weight"
    classifier: ClassVar[tuple[str, ...]] = ("classifier.1.weight", "classifier.1.bias")

    def __init__(self, bands: int = 3, *, padding: Literal["same", "symmetric"] = "same") -> None:
        """Make the network.

        Args:
            bands: of the images.
            padding: of convolutions with stride 2. `same` is TensorFlow's SAME, which puts the one row of zeros that an even
                side gets at its end, and weights that want it want values in [-1, 1]. `symmetric` puts a row on each side, as
                torchvision does, whose weights want ImageNet's mean and standard deviation. `mean` and `std` are accordingly.

        Raises:
            RecipeError: if there is no such padding.
        """
        if padding not in _NORMALISATION:
            raise RecipeError(f"mobilenetv2 pads as {' or '.join(_NORMALISATION)}, got {padding!r}")
        count = sum(repeats for _, _, repeats, _ in _BLOCKS)
        blocks = {f"block{number}": (f"features.{number}",) for number in range(1, count + 1)}
        super().__init__({"stem": ("features.0",), **blocks, "last": (f"features.{count + 1}",)})
        self.channels = 1280
        self.mean, self.std = (per_band(values, bands) for values in _NORMALISATION[padding])
        same, channels = padding == "same", 32
        layers: list[nn.Module] = [_activated(bands, channels, kernel=3, stride=2, same=same)]
        for expansion, out, repeats, first_stride in _BLOCKS:
            for repeat in range(repeats):
                stride = first_stride if repeat == 0 else 1
                layers.append(_InvertedResidual(channels, out, expansion, stride=stride, same=same))
                channels = out
        layers.append(_activated(channels, self.channels, kernel=1))
        self.features = nn.Sequential(*layers)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")

    def forward(self, images: Tensor) -> Tensor:
        """Feature map (N, 1280, h, w) of normalised images (N, bands, H, W); h and w are H and W over 32, rounded up."""
        maps: Tensor = self.features(images)
        return maps


class _InvertedResidual(nn.Module):
    """Expand by a 1 x 1 convolution, filter each channel, project without activation; add the input where shapes agree."""

    def __init__(self, channels: int, out: int, expansion: int, *, stride: int, same: bool) -> None:
        super().__init__()
        wide = channels * expansion
        expand = [_activated(channels, wide, kernel=1)] if expansion != 1 else []
        filter_each = _activated(wide, wide, kernel=3, stride=stride, groups=wide, same=same)
        self.conv = nn.Sequential(*expand, filter_each, nn.Conv2d(wide, out, 1, bias=False), nn.BatchNorm2d(out))
        self.adds_input = stride == 1 and channels == out

    def forward(self, maps: Tensor) -> Tensor:
        change: Tensor = self.conv(maps)
        return maps + change if self.adds_input else change


class _SameConv2d(nn.Conv2d):
    """A 3 x 3 convolution with stride 2 that pads as TensorFlow's SAME: an even side gets its one row of zeros at the end."""

    def forward(self, maps: Tensor) -> Tensor:
        height, width = maps.shape[-2:]
        return super().forward(F.pad(maps, (width % 2, 1, height % 2, 1)))


def _activated(channels: int, out: int, *, kernel: int, stride: int = 1, groups: int = 1, same: bool = False) -> nn.Sequential:
    """Convolution, batch norm, ReLU6."""
    if same and stride == 2:
        conv: nn.Conv2d = _SameConv2d(channels, out, kernel, stride, groups=groups, bias=False)
    else:
        conv = nn.Conv2d(channels, out, kernel, stride, padding=kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out), nn.ReLU6(inplace=True))
