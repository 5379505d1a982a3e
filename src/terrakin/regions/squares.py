"""Regions by a grid of squares: the control that tells whether segmentation is needed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Squares"]


@dataclass(frozen=True, slots=True)
class Squares:
    """Equal parts of each side.

    >>> Squares(side=2)(np.zeros((2, 4, 1)))
    array([[0, 0, 1, 1],
           [2, 2, 3, 3]])
    """

    side: int = 4
    """Parts of each side; fewer come out of images that are smaller than that many regions."""

    def __post_init__(self) -> None:
        if self.side < 1:
            raise ValueError(f"a grid has at least 1 part a side, got {self.side}")

    def __call__(self, image: NDArray[np.float64]) -> NDArray[np.int64]:
        """See `Segmenter`."""
        rows, columns = (np.arange(size) * self.side // size for size in image.shape[:2])
        labels: NDArray[np.int64] = rows[:, None] * self.side + columns
        return labels
