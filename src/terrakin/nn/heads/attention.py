"""What of a feature map counts: some channels, some places."""

import torch
from torch import Tensor, nn

__all__ = ["ChannelGate", "SpatialGate"]

_REDUCTION, _KERNEL = 16, 7
# Channels to hidden units, and the width of the convolution: Woo et al. (2018).

_LEAST = 8
# Hidden units: of very few, each could be silent for every image.


class ChannelGate(nn.Module):
    """Maps times a weight in (0, 1) for each channel, from its mean and its maximum.

    Woo et al., "CBAM: convolutional block attention module", ECCV 2018, equation 2: both go through one network of a hidden
    layer, and the sum through a sigmoid.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        hidden = max(_LEAST, channels // _REDUCTION)
        self.layers = nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels))

    def forward(self, maps: Tensor) -> Tensor:
        """Weighted maps (N, channels, h, w)."""
        scores = self.layers(maps.mean(dim=(2, 3))) + self.layers(maps.amax(dim=(2, 3)))
        return maps * torch.sigmoid(scores)[:, :, None, None]


class SpatialGate(nn.Module):
    """Maps times a weight in (0, 1) for each place, from the mean and the maximum over the channels around it.

    Equation 3 of the paper: a 7 x 7 convolution of the two, and a sigmoid.
    """

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(2, 1, _KERNEL, padding=_KERNEL // 2)

    def forward(self, maps: Tensor) -> Tensor:
        """Weighted maps (N, channels, h, w)."""
        seen = torch.cat([maps.mean(dim=1, keepdim=True), maps.amax(dim=1, keepdim=True)], dim=1)
        return maps * torch.sigmoid(self.convolution(seen))
