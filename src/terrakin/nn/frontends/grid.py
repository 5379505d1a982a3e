"""Where the pixels of an image are."""

import torch
from torch import Tensor

__all__ = ["pixel_centres"]


def pixel_centres(height: int, width: int) -> Tensor:
    """The centre (x, y) of every pixel, row by row: (height * width, 2) float64 in (-1, 1).

    x goes to the right and y down; -1 and 1 are the outer borders of the image, so that coordinates mean the same at every
    resolution. It is what torch calls `align_corners=False`, and `sample` reads by the same rule.

    >>> pixel_centres(1, 4).tolist()
    [[-0.75, 0.0], [-0.25, 0.0], [0.25, 0.0], [0.75, 0.0]]
    """
    y, x = ((2 * torch.arange(count, dtype=torch.float64) + 1) / count - 1 for count in (height, width))
    return torch.stack([x.repeat(height), y.repeat_interleave(width)], dim=1)
