"""From logarithms of likelihoods to posteriors."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["softmax"]


def softmax(logs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Logarithms (R, n), however small, as shares whose rows sum to 1.

    >>> softmax(np.log([[1.0, 3.0]]) - 5000)
    array([[0.25, 0.75]])
    """
    likely = np.exp(logs - logs.max(axis=1, keepdims=True))
    result: NDArray[np.float64] = likely / likely.sum(axis=1, keepdims=True)
    return result
