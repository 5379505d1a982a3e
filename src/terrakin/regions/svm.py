"""A support vector machine with Platt scaling, applied by NumPy alone."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrakin.regions.softmax import softmax
from terrakin.registry import require

__all__ = ["FEWEST", "Svm", "fit_svm"]

FEWEST = 5
"""Vectors that a class needs: the margins that probabilities are fitted to are cross-validated in as many parts."""


@dataclass(frozen=True, slots=True, eq=False)
class Svm:
    """One machine a class against the rest, with the kernel exp(-gamma |x - y|^2).

    The probability of class k is proportional to 1 / (1 + exp(a margin k + b)), which is Platt's scaling.
    """

    vectors: NDArray[np.float64]
    """(S, G) support vectors of all machines."""
    gamma: float
    """Scale of the kernel."""
    weights: NDArray[np.float64]
    """(n, S) of the support vectors in each machine."""
    offsets: NDArray[np.float64]
    """(n,) of its margin."""
    platt: NDArray[np.float64]
    """(n, 2) a and b of each."""

    def probabilities(self, vectors: NDArray[np.floating]) -> NDArray[np.float64]:
        """See `Classifier.probabilities`."""
        rows = vectors.astype(np.float64)
        apart = (rows**2).sum(axis=1)[:, None] + (self.vectors**2).sum(axis=1) - 2 * rows @ self.vectors.T
        margins = np.exp(-self.gamma * np.maximum(apart, 0)) @ self.weights.T + self.offsets
        # By logarithms: where all classes are unlikely, shares are still of something.
        return softmax(-np.logaddexp(0, margins * self.platt[:, 0] + self.platt[:, 1]))


def fit_svm(vectors: NDArray[np.floating], classes: Sequence[str], *, penalty: float = 1.0) -> Svm:
    """Fit it to vectors of known class.

    The kernel's gamma is 1 / (G x variance). Platt's scaling is fitted to margins that are cross-validated in five parts,
    which do not depend on a seed.

    Args:
        vectors: (N, G).
        classes: N names of two classes at least, each five times at least.
        penalty: C, what an error costs.

    Raises:
        ValueError: if a class has fewer than five vectors.
        MissingExtraError: if scikit-learn is not installed.
    """
    name, fewest = min(Counter(classes).items(), key=lambda pair: pair[1])
    if fewest < FEWEST:
        raise ValueError(f"a support vector machine needs {FEWEST} vectors of each class, and {name!r} has {fewest}")
    svm, multiclass, calibration = (
        require(f"sklearn.{part}", extra="regions") for part in ("svm", "multiclass", "calibration")
    )
    rows = vectors.astype(np.float64)
    variance = float(rows.var())
    gamma = 1 / (rows.shape[1] * variance) if variance else 1.0
    model = calibration.CalibratedClassifierCV(
        multiclass.OneVsRestClassifier(svm.SVC(C=penalty, kernel="rbf", gamma="scale")),
        method="sigmoid",
        cv=FEWEST,
        ensemble=False,
    )
    (fitted,) = model.fit(rows, np.asarray(classes)).calibrated_classifiers_
    machines = fitted.estimator.estimators_
    kept, weights = _together(machines)
    offsets = np.concatenate([machine.intercept_ for machine in machines])
    platt = np.array([(scaling.a_, scaling.b_) for scaling in fitted.calibrators])
    if len(machines) == 1:  # one tells two classes apart; the first is what the second is not
        weights, offsets, platt = np.tile(weights, (2, 1)), np.tile(offsets, 2), np.vstack([-platt, platt])
    return Svm(rows[kept], gamma, weights, offsets, platt)


def _together(machines: Sequence[Any]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Rows of the support vectors of all machines (S,), and their weights in each (n, S)."""
    kept = np.unique(np.concatenate([machine.support_ for machine in machines]))
    weights = np.zeros((len(machines), len(kept)))
    for number, machine in enumerate(machines):
        weights[number, np.searchsorted(kept, machine.support_)] = machine.dual_coef_[0]
    return kept, weights
