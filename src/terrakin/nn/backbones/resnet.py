"""Residual networks of 18, 34 and 50 layers."""

from typing import ClassVar

import torch.nn.functional as F
from torch import Tensor, nn

from terrakin.nn.backbones.backbone import Backbone
from terrakin.nn.backbones.published import IMAGENET_MEAN, IMAGENET_STD, per_band

__all__ = ["Plain", "ResNet", "ResNet18", "ResNet34", "ResNet50"]


class ResNet(Backbone):
    """Residual network: He et al., "Deep residual learning for image recognition", CVPR 2016, table 1.

    Names of its state dict are those of torchvision's `resnet18`, `resnet34` and `resnet50` without the classifier `fc`.
    Its stages are `stem` and `layer1` to `layer4`.
    """

    first: ClassVar[str] = "conv1.weight"
    classifier: ClassVar[tuple[str, ...]] = ("fc.weight", "fc.bias")

    def __init__(self, bands: int, block: "type[Plain | _Bottleneck]", repeats: tuple[int, int, int, int]) -> None:
        layers = {layer: (layer,) for layer in ("layer1", "layer2", "layer3", "layer4")}
        super().__init__({"stem": ("conv1", "bn1"), **layers})
        self.channels = 512 * block.expansion
        self.mean, self.std = per_band(IMAGENET_MEAN, bands), per_band(IMAGENET_STD, bands)
        self.conv1 = _conv(bands, 64, kernel=7, stride=2)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = _layer(block, repeats[0], 64, 64, stride=1)
        self.layer2 = _layer(block, repeats[1], 64 * block.expansion, 128, stride=2)
        self.layer3 = _layer(block, repeats[2], 128 * block.expansion, 256, stride=2)
        self.layer4 = _layer(block, repeats[3], 256 * block.expansion, 512, stride=2)
        for module in self.modules():
            # Those that a batch norm follows: what a block has besides keeps its own beginning.
            if isinstance(module, nn.Conv2d) and module.bias is None:
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor) -> Tensor:
        """Feature map (N, channels, h, w) of normalised images (N, bands, H, W); h and w are H and W over 32, rounded up."""
        maps: Tensor = F.max_pool2d(F.relu(self.bn1(self.conv1(images))), kernel_size=3, stride=2, padding=1)
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            maps = layer(maps)
        return maps


class ResNet18(ResNet):
    """Two plain blocks a stage; 512 channels.

    >>> import torch
    >>> ResNet18(bands=4)(torch.zeros(2, 4, 64, 96)).shape
    torch.Size([2, 512, 2, 3])
    """

    def __init__(self, bands: int = 3) -> None:
        super().__init__(bands, Plain, (2, 2, 2, 2))


class ResNet34(ResNet):
    """3, 4, 6 and 3 plain blocks; 512 channels. The papers' backbone."""

    def __init__(self, bands: int = 3) -> None:
        super().__init__(bands, Plain, (3, 4, 6, 3))


class ResNet50(ResNet):
    """3, 4, 6 and 3 bottlenecks; 2048 channels."""

    def __init__(self, bands: int = 3) -> None:
        super().__init__(bands, _Bottleneck, (3, 4, 6, 3))


class Plain(nn.Module):
    """Two 3 x 3 convolutions and a shortcut: made by `(channels, width, *, stride)`, it gives maps of `width` channels."""

    expansion = 1

    def __init__(self, channels: int, width: int, *, stride: int) -> None:
        super().__init__()
        self.conv1 = _conv(channels, width, kernel=3, stride=stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _conv(width, width, kernel=3)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _shortcut(channels, width, stride=stride)

    def change(self, maps: Tensor) -> Tensor:
        """What is added to the maps."""
        change: Tensor = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(maps)))))
        return change

    def forward(self, maps: Tensor) -> Tensor:
        """The block's maps (N, width, h, w) of maps (N, channels, H, W)."""
        return F.relu(self.change(maps) + self.downsample(maps))


class _Bottleneck(nn.Module):
    """A 3 x 3 convolution between two 1 x 1, and a shortcut; the 3 x 3 has the stride, as in torchvision's weights."""

    expansion = 4

    def __init__(self, channels: int, width: int, *, stride: int) -> None:
        super().__init__()
        self.conv1 = _conv(channels, width, kernel=1)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = _conv(width, width, kernel=3, stride=stride)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = _conv(width, 4 * width, kernel=1)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = _shortcut(channels, 4 * width, stride=stride)

    def forward(self, maps: Tensor) -> Tensor:
        change = F.relu(self.bn1(self.conv1(maps)))
        change = F.relu(self.bn2(self.conv2(change)))
        change = self.bn3(self.conv3(change))
        return F.relu(change + self.downsample(maps))


def _layer(block: type[Plain | _Bottleneck], repeats: int, channels: int, width: int, *, stride: int) -> nn.Sequential:
    """Blocks of one width, the first of which has the stride."""
    first = block(channels, width, stride=stride)
    return nn.Sequential(first, *(block(width * block.expansion, width, stride=1) for _ in range(repeats - 1)))


def _conv(channels: int, out: int, *, kernel: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels, out, kernel, stride, padding=kernel // 2, bias=False)


def _shortcut(channels: int, out: int, *, stride: int) -> nn.Sequential:
    """The maps as they are where shapes agree, else a 1 x 1 convolution and batch norm."""
    if stride == 1 and channels == out:
        return nn.Sequential()
    return nn.Sequential(_conv(channels, out, kernel=1, stride=stride), nn.BatchNorm2d(out))
