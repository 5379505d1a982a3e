"""The affine warp."""

import torch
from torch import Tensor

from terrakin.nn.frontends.grid import pixel_centres
from terrakin.nn.frontends.sampling import Interpolation, Padding
from terrakin.nn.frontends.warp import Warp

__all__ = ["Affine"]


class Affine(Warp):
    """Rotation, scale, shear and shift by a 2 x 3 matrix, given row by row: (x, y) is read at matrix · (x, y, 1).

    Wang, Ji & Zhang, JSTARS 2021, equation 3. The paper prints a third row on its left side; the matrix has two.

    >>> quarter = Affine(2, 2)
    >>> quarter(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), torch.tensor([[0.0, -1.0, 0.0, 1.0, 0.0, 0.0]]))
    tensor([[[[2., 4.],
              [1., 3.]]]])
    """

    def __init__(
        self, height: int, width: int, *, interpolation: Interpolation = "bilinear", padding: Padding = "zeros"
    ) -> None:
        centres = pixel_centres(height, width)
        super().__init__(
            torch.cat([centres, torch.ones_like(centres[:, :1])], dim=1),
            torch.tensor([1.0, 0.0, 0.0, 0.0, 1.0, 0.0]),
            height,
            width,
            interpolation=interpolation,
            padding=padding,
        )

    def sources(self, theta: Tensor) -> Tensor:
        """The transposed matrices (N, 3, 2) of parameters (N, 6)."""
        return theta.reshape(-1, 2, 3).transpose(1, 2)
