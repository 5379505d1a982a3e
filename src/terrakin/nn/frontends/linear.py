"""Gains and a bias."""

import torch
from torch import Tensor

from terrakin.nn.frontends.conversion import Conversion

__all__ = ["GainsAndBias"]


class GainsAndBias(Conversion):
    """The linear spectral conversion: each band times a gain of its own, plus one bias for all bands.

    Wang, Ji & Zhang, JSTARS 2021, "inter-channel". Parameters are the gains of the bands, then the bias. Nothing is clamped to
    [0, 1]: a clamp has no gradient where it acts, and a backbone takes any value.

    >>> GainsAndBias(2)(torch.tensor([[[[1.0]], [[2.0]]]]), torch.tensor([[3.0, 0.5, 0.25]])).flatten()
    tensor([3.2500, 1.2500])
    """

    def __init__(self, bands: int) -> None:
        super().__init__(torch.cat([torch.ones(bands), torch.zeros(1)]))

    def forward(self, images: Tensor, theta: Tensor) -> Tensor:
        """Images (N, bands, H, W) of any height and width under parameters (N, bands + 1)."""
        gains, bias = theta[:, :-1], theta[:, -1:]
        return images * gains[:, :, None, None] + bias[:, :, None, None]
