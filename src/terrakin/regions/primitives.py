"""Primitives: what a region can be, and how an image shows each."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from terrakin.regions.standard import Standard

__all__ = ["Primitives", "shown"]


class Primitives(Protocol):
    """Kinds of regions, found by clustering or learned from labelled regions."""

    @property
    def standard(self) -> Standard:
        """What descriptors go through first."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of each primitive, for people."""

    def posteriors(self, standardised: NDArray[np.float64]) -> NDArray[np.float64]:
        """How likely each region (R, G), standardised, is of each primitive: (R, n), rows summing to 1."""


def shown(
    standardised: NDArray[np.float64], posteriors: NDArray[np.float64], *, threshold: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """What an image shows of each primitive: the mean of the regions that are of it.

    Reato, Demir and Bruzzone, IEEE GRSL 16(2), 2019. A region is of every primitive whose posterior reaches the threshold.

    Args:
        standardised: (R, G) descriptors of the image's regions.
        posteriors: (R, n).
        threshold: 0 makes every region one of every primitive; above 1, none is of any.

    Returns:
        Descriptors (n, G), and which primitives are there (n,). The descriptor of one that is not is all zero, and only the
        flag tells: a region that is average in everything has such a descriptor as well.

    >>> shown(np.array([[2.0], [4.0]]), np.array([[0.9, 0.1], [0.6, 0.4]]), threshold=0.5)
    (array([[3.],
           [0.]]), array([ True, False]))
    """
    members = posteriors >= threshold
    counts = members.sum(axis=0)
    sums = members.T.astype(np.float64) @ standardised
    return sums / np.maximum(counts, 1)[:, None], counts > 0
