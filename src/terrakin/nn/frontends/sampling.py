"""Reading images between their pixels."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["Interpolation", "Padding", "inside", "sample"]

Interpolation = Literal["bilinear", "bicubic"]
"""Of 2 x 2 pixels, or of 4 x 4 by cubic convolution with a = -0.75, which can leave [0, 1]."""

Padding = Literal["zeros", "border", "reflection"]
"""What lies outside an image: nothing, its outermost pixels for ever, or its mirror image."""

_MARGIN = {"bilinear": 0.5, "bicubic": 1.5}
# Pixels that a point must keep from the border for every pixel that weighs to exist; the outermost centres keep 0.5.


def sample(images: Tensor, points: Tensor, *, interpolation: Interpolation, padding: Padding) -> Tensor:
    """What images show at points.

    Args:
        images: (N, C, H, W) float.
        points: (N, h, w, 2) float, (x, y) as in `pixel_centres`.
        interpolation: of how many pixels.
        padding: what is read outside.

    Returns:
        (N, C, h, w) float.
    """
    return F.grid_sample(images, points, mode=interpolation, padding_mode=padding, align_corners=False)


def inside(points: Tensor, height: int, width: int, *, interpolation: Interpolation) -> Tensor:
    """Whether all that is read at points (..., 2) lies in an image of that size: (...) bool.

    There the weights of interpolation sum to 1 whatever the padding, and a linear spectral conversion commutes with sampling.

    >>> inside(torch.tensor([[0.75, 0.0], [0.76, 0.0]]), 4, 4, interpolation="bilinear").tolist()
    [True, False]
    """
    # A pixel is 2 / W wide. Rounded to float32, the outermost centres must not fall outside.
    margin, slack = 2 * _MARGIN[interpolation], 4 * torch.finfo(points.dtype).eps
    x, y = points.unbind(-1)
    return (x.abs() <= 1 - margin / width + slack) & (y.abs() <= 1 - margin / height + slack)
