"""Ranking by a classifier: the support vector machine that papers on hashing compare with. It gives no codes."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["by_predicted_class"]


def by_predicted_class(
    queries: NDArray[np.float64], gallery: NDArray[np.float64], distances: NDArray[np.float32]
) -> NDArray[np.int64]:
    """The gallery in order of how probable the query's predicted class is, then of distance, then of place.

    How the published row ranks is not stated; this is the plain reading.

    Args:
        queries: (Q, classes) probabilities.
        gallery: (G, classes) probabilities.
        distances: (Q, G).

    Returns:
        (Q, G) places in the gallery.

    >>> by_predicted_class(np.array([[0.9, 0.1]]), np.array([[0.2, 0.8], [0.7, 0.3], [0.7, 0.3]]), np.array([[0, 2, 1]]))
    array([[2, 1, 0]])
    """
    probable = gallery.T[np.argmax(queries, axis=1)]
    return np.lexsort((distances, -probable))
