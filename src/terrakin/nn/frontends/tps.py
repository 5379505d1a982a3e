"""The thin-plate spline."""

import torch
from torch import Tensor

from terrakin.nn.frontends.grid import pixel_centres
from terrakin.nn.frontends.sampling import Interpolation, Padding
from terrakin.nn.frontends.warp import Warp

__all__ = ["ThinPlateSpline", "control_points", "weights"]

_SIDE = 6
# Control points along each side: the sampling grid of Wang, Ji & Zhang, JSTARS 2021.


class ThinPlateSpline(Warp):
    """The smoothest map that reads each of 6 x 6 control points at a given place; the places are its 72 parameters.

    Bookstein, "Principal warps", TPAMI 1989, without regularisation. Parameters are x1, y1, ..., x36, y36 for control points
    row by row, as `control_points` gives them.
    """

    def __init__(
        self, height: int, width: int, *, interpolation: Interpolation = "bilinear", padding: Padding = "zeros"
    ) -> None:
        super().__init__(
            weights(pixel_centres(height, width)),
            control_points().flatten(),
            height,
            width,
            interpolation=interpolation,
            padding=padding,
        )

    def sources(self, theta: Tensor) -> Tensor:
        """The places (N, 36, 2) of parameters (N, 72)."""
        return theta.reshape(-1, _SIDE**2, 2)


def control_points() -> Tensor:
    """The control points (x, y): (36, 2) float64, row by row; the outermost lie on the borders of the image.

    The paper says no more than 6 x 6. Points on the borders leave nothing of an image to extrapolation.
    """
    along = torch.linspace(-1, 1, _SIDE, dtype=torch.float64)
    return torch.stack([along.repeat(_SIDE), along.repeat_interleave(_SIDE)], dim=1)


def weights(points: Tensor) -> Tensor:
    """How much each control point's place weighs where each of points (n, 2) is read: (n, 36) float64, rows that sum to 1.

    The spline's equations are solved once: they depend on the control points alone, and its map is linear in the places. Their
    condition number is about 840, which float64 bears.
    """
    control = control_points()
    count = len(control)
    affine = torch.cat([torch.ones(count, 1, dtype=torch.float64), control], dim=1)
    system = torch.zeros(count + 3, count + 3, dtype=torch.float64)
    system[:count, :count] = _bending(control, control)
    system[:count, count:] = affine
    system[count:, :count] = affine.T
    values = torch.cat([_bending(points, control), torch.ones(len(points), 1, dtype=torch.float64), points], dim=1)
    inverse: Tensor = torch.linalg.inv(system)
    return values @ inverse[:, :count]


def _bending(points: Tensor, control: Tensor) -> Tensor:
    """r² ln r² for the distance r of each point (n, 2) from each control point (m, 2): (n, m), 0 at r = 0."""
    squares = (points[:, None] - control).square().sum(dim=2)
    return torch.xlogy(squares, squares)
