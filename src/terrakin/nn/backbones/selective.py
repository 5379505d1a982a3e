"""ResNet-34 whose blocks choose how far they look."""

from collections.abc import Mapping
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from terrakin.nn.backbones.published import with_fresh
from terrakin.nn.backbones.resnet import Plain, ResNet

__all__ = ["ResNet34SK"]

_REDUCTION, _LEAST = 16, 32
# Channels to hidden units, and how few these are at least: Li et al. (2019), section 3.2.

_PART = "selective"
# What the new part of a block is called.


class ResNet34SK(ResNet):
    """ResNet-34 with selective kernels: Li et al., CVPR 2019; each channel weighs a 3 x 3 convolution against a dilated one.

    The papers that compare with it do not state its depth. It is the first convolution of a block that has a choice. Weights of
    ResNet-34 are taken, too: both branches then begin with the kernel and batch norm of that convolution, and what weighs them
    begins fresh.

    >>> ResNet34SK(bands=4)(torch.zeros(2, 4, 64, 96)).shape
    torch.Size([2, 512, 2, 3])
    """

    plain: ClassVar[str | None] = "resnet34"

    def __init__(self, bands: int = 3) -> None:
        super().__init__(bands, _Selecting, (3, 4, 6, 3))

    def load_published(self, state: Mapping[str, Tensor]) -> None:
        """Take the weights of a published checkpoint of this network or of ResNet-34, of any number of bands.

        Raises:
            TrainingError: naming every tensor that is missing, not known, or of another shape.
        """
        complete = with_fresh(self, state, _PART)
        if complete.keys() != state.keys():
            for name in complete:
                # layer1.0.selective.bn.weight begins as layer1.0.bn1.weight.
                of = name.replace(f"{_PART}.conv.", "conv1.").replace(f"{_PART}.bn.", "bn1.")
                complete[name] = complete.get(of, complete[name])
        super().load_published(complete)


class _Selecting(Plain):
    """A plain block whose first convolution looks near and far."""

    def __init__(self, channels: int, width: int, *, stride: int) -> None:
        super().__init__(channels, width, stride=stride)
        self.selective = _Far(channels, width, stride=stride)

    def change(self, maps: Tensor) -> Tensor:
        near = F.relu(self.bn1(self.conv1(maps)))
        change: Tensor = self.bn2(self.conv2(self.selective(maps, near)))
        return change


class _Far(nn.Module):
    """The dilated branch, and the softmax over both branches, for each channel, from the means of their sum."""

    def __init__(self, channels: int, width: int, *, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, width, 3, stride, padding=2, dilation=2, bias=False)
        self.bn = nn.BatchNorm2d(width)
        hidden = max(width // _REDUCTION, _LEAST)
        self.squeeze = nn.Sequential(nn.Conv2d(width, hidden, 1, bias=False), nn.BatchNorm2d(hidden), nn.ReLU())
        self.weigh = nn.Conv2d(hidden, 2 * width, 1, bias=False)

    def forward(self, maps: Tensor, near: Tensor) -> Tensor:
        far = F.relu(self.bn(self.conv(maps)))
        scores = self.weigh(self.squeeze((near + far).mean(dim=(2, 3), keepdim=True)))
        of_near, of_far = torch.softmax(torch.stack(scores.chunk(2, dim=1)), dim=0).unbind()
        chosen: Tensor = of_near * near + of_far * far
        return chosen
