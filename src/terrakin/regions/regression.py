"""Multinomial logistic regression, applied by NumPy alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrakin.regions.softmax import softmax
from terrakin.registry import require

__all__ = ["Regression", "fit_regression"]


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    """The probability of class k is proportional to exp(slope k · x + offset k)."""

    slopes: NDArray[np.float64]
    """(n, G)."""
    offsets: NDArray[np.float64]
    """(n,)."""

    def probabilities(self, vectors: NDArray[np.floating]) -> NDArray[np.float64]:
        """See `Classifier.probabilities`."""
        return softmax(vectors @ self.slopes.T + self.offsets)


def fit_regression(vectors: NDArray[np.floating], classes: Sequence[str]) -> Regression:
    """Fit it to vectors (N, G) of at least two classes, by the default settings of scikit-learn.

    Raises:
        MissingExtraError: if scikit-learn is not installed.
    """
    model = require("sklearn.linear_model", extra="regions").LogisticRegression(max_iter=1000)
    model.fit(vectors, np.asarray(classes))
    slopes, offsets = model.coef_, model.intercept_
    if len(offsets) == 1:  # scikit-learn keeps one logit for two classes
        slopes, offsets = np.vstack([np.zeros_like(slopes), slopes]), np.append(0.0, offsets)
    return Regression(slopes, offsets)
