"""A thin-plate spline in words: how far its control points move, and what it does as a whole."""

import math

import numpy as np

from terrakin.search.conversions.affine import read_affine
from terrakin.search.conversions.reading import UNCHANGED, Numbers, Reading

__all__ = ["read_spline"]


def read_spline(theta: Numbers, *, size: int) -> Reading:
    """What a spline does, as it is seen in the converted picture.

    The best affine map of the control points, by least squares, is told as `read_affine` tells one; what the control points
    move beyond it is the bending. Distances are in the image that is read, in percent of its side.

    Args:
        theta: (2 n²,) x and y of the places where n x n control points are read, row by row; the control points themselves
            span the picture from border to border.
        size: side of the picture in pixels.

    >>> read_spline(np.array([-1.0, -1, 1, -1, -1, 1, 1, 1]) * 0.5, size=100).words
    'enlarged to 2.00×; control points move 35.4 % of the side, 35.4 % at most'
    """
    places = theta.reshape(-1, 2)
    control = _control_points(math.isqrt(len(places)))
    basis = np.column_stack([control, np.ones(len(control))])
    best = np.linalg.lstsq(basis, places, rcond=None)[0]
    # -1 to 1 is a side.
    moves = 50 * np.linalg.norm(places - control, axis=1)
    bends = 50 * np.linalg.norm(places - basis @ best, axis=1)
    whole = read_affine(best.T.ravel().astype(np.float64), size=size)
    parameters: dict[str, float | str | None] = {
        "mean_displacement_percent": float(moves.mean()),
        "largest_displacement_percent": float(moves.max()),
        "mean_bending_percent": float(bends.mean()),
        "largest_bending_percent": float(bends.max()),
        **whole.parameters,
    }
    if f"{moves.max():.1f}" == "0.0":
        return Reading("spatial", parameters, UNCHANGED)
    words = f"control points move {moves.mean():.1f} % of the side, {moves.max():.1f} % at most"
    if f"{bends.max():.1f}" != "0.0":
        words += f"; bent by {bends.mean():.1f} %, {bends.max():.1f} % at most"
    if whole.words != UNCHANGED:
        words = f"{whole.words}; {words}"
    return Reading("spatial", parameters, words)


def _control_points(side: int) -> Numbers:
    along = np.linspace(-1, 1, side)
    return np.column_stack([np.tile(along, side), np.repeat(along, side)])
