"""Nesterov's accelerated gradient method, with a step that is shortened until it keeps its promise."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["minimise"]

_STEPS, _STILL, _SHORTENED = 500, 0.01, 50
# Steps at most, change of the value an item below which it ends, and halvings of a step at most; of Liu et al.'s code.

Array = NDArray[np.float64]


def minimise(valued: Callable[[Array], tuple[float, Array]], start: Array, items: int) -> Array:
    """Where a smooth function is small, from `start` downhill.

    Args:
        valued: a point to the function's value and its gradient.
        start: a point.
        items: what the function sums over; it ends where a step changes the value by 0.01 an item or less.

    >>> minimise(lambda a: (float(1e4 * a @ a), 2e4 * a), np.array([3.0, 4.0]), 1).round(2) + 0.0
    array([0., 0.])
    """
    before, here = start, start
    value, _ = valued(start)
    momentum, sharpness = (0.0, 1.0), 1.0
    for _ in range(_STEPS):
        probe = here + (momentum[0] - 1) / momentum[1] * (here - before)
        level, slope = valued(probe)
        steepness = float(slope @ slope)
        if not steepness > 0:
            break
        for _ in range(_SHORTENED):
            there = probe - slope / sharpness
            reached, _ = valued(there)
            if reached <= level - steepness / (2 * sharpness):
                break
            sharpness *= 2
        else:
            break
        before, here = here, there
        moved, value = abs(reached - value), reached
        momentum = (momentum[1], (1 + np.sqrt(1 + 4 * momentum[1] ** 2)) / 2)
        if moved <= _STILL * items:
            break
    return here
