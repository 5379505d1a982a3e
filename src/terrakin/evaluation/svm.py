"""Ranking by a classifier: the support vector machine that papers on hashing compare with. It gives no codes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from terrakin.registry import require

__all__ = ["by_predicted_class", "svm_probabilities"]


def svm_probabilities(
    vectors: NDArray[np.float32], classes: Sequence[str], others: NDArray[np.float32], *, penalty: float = 1.0
) -> NDArray[np.float64]:
    """Class probabilities of other vectors, by a support vector machine fitted to vectors of known class.

    One machine a class against the rest, with the kernel exp(-|x - y|^2 / (D x variance)); probabilities by Platt scaling of
    its margins, cross-validated in five parts that do not depend on a seed.

    Args:
        vectors: (N, D).
        classes: N names, each five times at least.
        others: (M, D).
        penalty: C, what an error costs.

    Returns:
        (M, classes) rows summing to 1, classes in the order of their names.

    Raises:
        MissingExtraError: if scikit-learn is not installed.
    """
    svm, multiclass, calibration = (require(f"sklearn.{name}", extra="train") for name in ("svm", "multiclass", "calibration"))
    machines = multiclass.OneVsRestClassifier(svm.SVC(C=penalty, kernel="rbf", gamma="scale"))
    scaled = calibration.CalibratedClassifierCV(machines, method="sigmoid", cv=5, ensemble=False)
    probabilities: NDArray[np.float64] = scaled.fit(vectors, np.asarray(classes)).predict_proba(others)
    return probabilities


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
