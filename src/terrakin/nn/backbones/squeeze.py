"""ResNet-34 whose blocks weigh their channels."""

from collections.abc import Mapping
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from terrakin.nn.backbones.published import with_fresh
from terrakin.nn.backbones.resnet import Plain, ResNet

__all__ = ["ResNet34SE"]

_REDUCTION = 16
# Channels to hidden units: Hu, Shen & Sun (2018), section 6.1.

_PART = "se"
# What the new part of a block is called.


class ResNet34SE(ResNet):
    """ResNet-34 with squeeze-and-excitation: Hu, Shen & Sun, CVPR 2018; a block weighs its channels by what all of them show.

    Weights of ResNet-34 are taken, too; what weighs the channels then begins fresh.

    >>> ResNet34SE(bands=4)(torch.zeros(2, 4, 64, 96)).shape
    torch.Size([2, 512, 2, 3])
    """

    plain: ClassVar[str | None] = "resnet34"

    def __init__(self, bands: int = 3) -> None:
        super().__init__(bands, _Squeezed, (3, 4, 6, 3))

    def load_published(self, state: Mapping[str, Tensor]) -> None:
        """Take the weights of a published checkpoint of this network or of ResNet-34, of any number of bands.

        Raises:
            TrainingError: naming every tensor that is missing, not known, or of another shape.
        """
        super().load_published(with_fresh(self, state, _PART))


class _Squeezed(Plain):
    """A plain block of which each channel is weighed before the shortcut is added."""

    def __init__(self, channels: int, width: int, *, stride: int) -> None:
        super().__init__(channels, width, stride=stride)
        self.se = _Excitation(width)

    def change(self, maps: Tensor) -> Tensor:
        change: Tensor = self.se(super().change(maps))
        return change


class _Excitation(nn.Module):
    """Maps times s = sigmoid(W2 ReLU(W1 m)), m their means: equations 2 to 4 of the paper."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        # As convolutions of 1 x 1, which need no change of shape.
        self.squeeze = nn.Conv2d(channels, channels // _REDUCTION, 1)
        self.excite = nn.Conv2d(channels // _REDUCTION, channels, 1)

    def forward(self, maps: Tensor) -> Tensor:
        means = maps.mean(dim=(2, 3), keepdim=True)
        return maps * torch.sigmoid(self.excite(F.relu(self.squeeze(means))))
