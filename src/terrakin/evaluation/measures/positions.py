"""Where the relevant chips of a ranking stand."""

import numpy as np

from terrakin.evaluation.measures.judged import Relevance, Values

__all__ = ["hit_positions"]


def hit_positions(relevance: Relevance) -> Values:
    """Positions of the relevant chips, counted from 1, in ascending order.

    Args:
        relevance: (Q, K) best-ranked chip first.

    Returns:
        (Q, H) float64, H the most hits of a ranking, at least 1; rows with fewer end in infinity, so that 1 / position is 0.

    >>> hit_positions(np.array([[True, False, True], [False, True, False]]))
    array([[ 1.,  3.],
           [ 2., inf]])
    """
    found = np.count_nonzero(relevance, axis=1)
    rows, columns = np.nonzero(relevance)
    number = np.arange(len(rows)) - np.repeat(np.cumsum(found) - found, found)
    positions = np.full((len(relevance), int(found.max(initial=1))), np.inf)
    positions[rows, number] = columns + 1
    return positions
