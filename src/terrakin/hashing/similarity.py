"""Which items are to have like codes, from their labels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["similarity"]

_ALIKE = 0.5
# Shared labels over all labels of a pair, from which on it counts as alike.


def similarity(labels: Sequence[Sequence[str]]) -> NDArray[np.float64]:
    """(l, l): 1 where two label sets share half of their labels or more, -1 where they share none, else 0 for "not known".

    With one label each that is 1 for the same class and -1 for another.

    >>> similarity([("water",), ("water", "dock"), ("field",), ("water", "dock", "road")])
    array([[ 1.,  1., -1.,  0.],
           [ 1.,  1., -1.,  1.],
           [-1., -1.,  1., -1.],
           [ 0.,  1., -1.,  1.]])
    """
    names = sorted({name for several in labels for name in several})
    has = np.zeros((len(labels), len(names)))
    for row, several in enumerate(labels):
        has[row, [names.index(name) for name in several]] = 1
    shared = has @ has.T
    sizes = has.sum(axis=1)
    union = sizes + sizes[:, np.newaxis] - shared
    return np.where(shared == 0, -1.0, np.where(shared >= _ALIKE * union, 1.0, 0.0))
