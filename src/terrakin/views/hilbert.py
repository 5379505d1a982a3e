"""The Hilbert curve: one number for a place, so that neighbours in a file are mostly neighbours on the ground."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["NOWHERE", "hilbert_index"]

_ORDER = 16
"""Halvings a side: cells of 0.0055 by 0.0027 degrees, 600 m at the equator."""

NOWHERE = np.uint64(1 << (2 * _ORDER))
"""Index of what has no place: after every place."""


def hilbert_index(lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Position of points along a Hilbert curve through the whole world, so that it does not depend on the other points.

    Args:
        lon: (N,) degrees; NaN where there is no place. Values outside [-180, 180] count as the nearest inside.
        lat: (N,) degrees.

    Returns:
        (N,) position in [0, 2^32), or `NOWHERE`.

    >>> hilbert_index(np.array([-180.0, 180.0, np.nan]), np.array([-90.0, -90.0, 0.0])).tolist()
    [0, 4294967295, 4294967296]
    """
    known = ~(np.isnan(lon) | np.isnan(lat))
    x = _cell(np.where(known, lon, 0.0), 180.0)
    y = _cell(np.where(known, lat, 0.0), 90.0)
    index = np.zeros(len(lon), dtype=np.int64)
    # Warren, Hacker's Delight, 16: from the largest quarter to the smallest, turning the axes as the curve turns.
    for step in range(_ORDER - 1, -1, -1):
        side = 1 << step
        right, upper = (x & side) > 0, (y & side) > 0
        index += side * side * ((3 * right) ^ upper)
        x, y = x & (side - 1), y & (side - 1)
        flip = right & ~upper
        x, y = np.where(flip, side - 1 - x, x), np.where(flip, side - 1 - y, y)
        x, y = np.where(upper, x, y), np.where(upper, y, x)
    return np.where(known, index.astype(np.uint64), NOWHERE)


def _cell(degrees: NDArray[np.float64], limit: float) -> NDArray[np.int64]:
    cells = 1 << _ORDER
    return np.clip(((degrees + limit) / (2 * limit) * cells).astype(np.int64), 0, cells - 1)
