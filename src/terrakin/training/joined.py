"""Pixels that lie in two arrays, read as if they lay in one."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Joined"]


class Joined:
    """All rows of one array and then some rows of another; nothing is copied before it is asked for.

    Two files of gigabytes that are mapped stay on disk: only rows that are read come into memory.

    >>> joined = Joined(np.zeros((2, 1), np.uint8), np.arange(9, dtype=np.uint8)[:, None], np.array([3, 8]))
    >>> joined.shape, joined[1:].ravel(), joined[np.array([3, 0])].ravel()
    ((4, 1), array([0, 3, 8], dtype=uint8), array([8, 0], dtype=uint8))
    """

    def __init__(self, first: "NDArray[Any] | Joined", second: "NDArray[Any] | Joined", rows: NDArray[np.int64]) -> None:
        """Join rows.

        Args:
            first: (N, ...), of which all rows come.
            second: (M, ...) of the same further axes.
            rows: (K,) rows of `second` that follow them.

        Raises:
            ValueError: if images of the two differ in shape.
        """
        if first.shape[1:] != second.shape[1:]:
            raise ValueError(f"images of {first.shape[1:]} cannot be joined with images of {second.shape[1:]}")
        self._first, self._second, self._rows = first, second, rows

    @property
    def shape(self) -> tuple[int, ...]:
        """(N + K, ...)."""
        return len(self), *self._first.shape[1:]

    @property
    def ndim(self) -> int:
        """As an array's."""
        return self._first.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        """As an array's."""
        return self._first.dtype

    def __len__(self) -> int:
        return len(self._first) + len(self._rows)

    def __getitem__(self, which: slice | NDArray[Any]) -> NDArray[Any]:
        """The rows of a slice, of an array of positions or of a mask, copied, in that order."""
        chosen = np.arange(len(self))[which]
        here = chosen < len(self._first)
        result = np.empty((len(chosen), *self._first.shape[1:]), self.dtype)
        result[here] = self._first[chosen[here]]
        result[~here] = self._second[self._rows[chosen[~here] - len(self._first)]]
        return result
