"""Gaps in imagery: where nothing was measured, and what stands there instead."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["fill_gaps", "find_gaps"]


def find_gaps(
    values: NDArray[Any], mask: NDArray[np.bool_] | None, nodata: float | None, *, shades: NDArray[np.bool_]
) -> NDArray[np.bool_] | None:
    """Where bands hold no measurement.

    Not finite is a gap, and so is what a mask leaves out. The nodata value is one too, with an exception: where it is also a
    shade (0 of 0..255, as most true colour pictures have it), a pixel of which another band was measured has just that shade.

    Args:
        values: (C, H, W) as stored.
        mask: (H, W), True where something was measured; None where no mask says anything.
        nodata: stored value that means "no measurement".
        shades: (C,), whether the nodata value lies in the range that a band is shown in.

    Returns:
        (C, H, W), True in gaps; None where there are none.

    >>> find_gaps(np.array([[[0, 0]], [[0, 9]]]), None, 0, shades=np.array([True, True]))[:, 0].tolist()
    [[True, False], [True, False]]
    """
    gaps = None
    if values.dtype.kind == "f":
        gaps = _found(~np.isfinite(values))
    if mask is not None and not mask.all():
        gaps = np.broadcast_to(~mask, values.shape) if gaps is None else gaps | ~mask
    if nodata is None or not math.isfinite(nodata):
        return gaps
    # A Python int compares in the array's own type; a float would first make a float64 of every pixel.
    same = _found(values == (nodata if values.dtype.kind == "f" else int(nodata)))
    if same is None:
        return gaps
    nowhere = (same if gaps is None else same | gaps).all(axis=0)
    same &= nowhere | ~shades[:, None, None]
    return same if gaps is None else gaps | same


def fill_gaps(values: NDArray[Any], gaps: NDArray[np.bool_]) -> NDArray[Any]:
    """The values (C, H, W) with each band's mean over what is no gap in its gaps; 0 in a band that is one gap.

    >>> fill_gaps(np.array([[[1, 3, 99]]], np.uint8), np.array([[[False, False, True]]])).tolist()
    [[[1, 3, 2]]]
    """
    there = ~gaps
    count = np.maximum(there.sum(axis=(1, 2), keepdims=True), 1)
    mean = values.sum(axis=(1, 2), keepdims=True, where=there, dtype=np.float64) / count
    if values.dtype.kind != "f":
        mean = np.rint(mean)
    return np.where(gaps, mean.astype(values.dtype), values)


def _found(where: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    return where if where.any() else None
