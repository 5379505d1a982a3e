"""Recall: how much of what sorting by exact distances finds a faster way of searching finds as well."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrakin.archive.gallery import Nearest

__all__ = ["Recall", "distances_without", "share_found"]


@dataclass(frozen=True, slots=True)
class Recall:
    """How much of the truth is found, on the archive's own vectors."""

    value: float
    """Mean share of the k true nearest neighbours that are found, in [0, 1]; the query itself does not count."""
    k: int
    """How many neighbours."""
    queries: int
    """Over how many stored vectors."""
    chips: int
    """How many chips the archive held."""


def share_found(true: NDArray[np.float32], found: NDArray[np.float32], k: int) -> float:
    """Share of the k nearest neighbours of one query that are found.

    Whatever is as near as the last true neighbour counts: among ties each is as right as the other.

    Args:
        true: exact distances of the true neighbours, ascending, at least k where there are as many.
        found: exact distances of what was found.
        k: neighbours, at least 1.

    >>> near = np.array([0.1, 0.2, 0.2], np.float32)
    >>> share_found(near, near[[1, 2]], 2), share_found(near, np.array([0.1, 0.3], np.float32), 2)
    (1.0, 0.5)
    """
    wanted = min(k, len(true))
    return float(np.count_nonzero(found[:wanted] <= true[wanted - 1])) / wanted if wanted else 1.0


def distances_without(name: str, nearest: Nearest) -> NDArray[np.float32]:
    """Distances of a ranking without one chip: the one that asks."""
    ids, distances = nearest
    return distances[[other != name for other in ids]]
