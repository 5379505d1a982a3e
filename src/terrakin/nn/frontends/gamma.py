"""Gamma corrections."""

import torch
import torch.nn.functional as F
from torch import Tensor

from terrakin.nn.frontends.conversion import Conversion

__all__ = ["Gamma", "GammaGrid"]

_LEAST = 1e-6
# What smaller values count as: 0 to a power has no gradient, and cubic interpolation leaves values below 0.

_SIDE = 6
# Of the grid, as that of the thin-plate spline.


class Gamma(Conversion):
    """Values to the power of gamma, one for all bands or one a band; parameters are its logarithm.

    A variant of Wang, Ji & Zhang, JSTARS 2021, "intra-channel", which gives no formula: one gamma for all bands changes pixels
    by their value and leaves bands together, the opposite of the linear conversion. The logarithm keeps gamma above 0, and 0
    is the identity. Values below 1e-6 count as 1e-6.

    >>> Gamma(1)(torch.tensor([[[[0.5]]]]), torch.tensor([[2.0]]).log())
    tensor([[[[0.2500]]]])
    """

    def __init__(self, gammas: int) -> None:
        """Make the conversion with one gamma, or with as many as there are bands."""
        super().__init__(torch.zeros(gammas))

    def forward(self, images: Tensor, theta: Tensor) -> Tensor:
        """Images (N, C, H, W) of any height and width under parameters (N, gammas)."""
        return images.clamp(min=_LEAST) ** theta.exp()[:, :, None, None]


class GammaGrid(Conversion):
    """Values to the power of a gamma that depends on the place: the literal reading of "pixels of different positions".

    Parameters are logarithms of gamma on a grid of 6 x 6 cells, row by row, shared by the bands; between the cells' centres
    they are interpolated linearly. Otherwise it is as `Gamma`.
    """

    def __init__(self) -> None:
        super().__init__(torch.zeros(_SIDE**2))

    def forward(self, images: Tensor, theta: Tensor) -> Tensor:
        """Images (N, C, H, W) of any height and width under parameters (N, 36)."""
        cells = theta.reshape(-1, 1, _SIDE, _SIDE)
        powers = F.interpolate(cells, size=images.shape[2:], mode="bilinear", align_corners=False)
        return images.clamp(min=_LEAST) ** powers.exp()
