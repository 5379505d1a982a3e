"""Primitives by classes: learned from a small set of labelled regions."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from terrakin.regions.regression import fit_regression
from terrakin.regions.standard import Standard, fit_standard
from terrakin.regions.svm import fit_svm
from terrakin.registry import nearest

__all__ = ["MAJORITY", "Classes", "Classifier", "fit_classes", "majority"]

MAJORITY = 0.6
"""Share of a region's pixels that one class must cover for the region to be of it."""

_log = logging.getLogger(__name__)


class Classifier(Protocol):
    """What tells classes apart, once it is fitted."""

    def probabilities(self, vectors: NDArray[np.floating]) -> NDArray[np.float64]:
        """How likely each of (R, G) is of each class, in the order of their names: (R, n), rows summing to 1."""


_FITTED: Mapping[str, Callable[[NDArray[np.floating], Sequence[str]], Classifier]] = {
    "logistic": fit_regression,
    "svm": fit_svm,
}


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """Classes of regions, told apart by a classifier on their descriptors."""

    standard: Standard
    """What descriptors go through first."""
    classes: tuple[str, ...]
    """Their names, sorted."""
    classifier: Classifier
    """On standardised descriptors."""

    @property
    def names(self) -> tuple[str, ...]:
        """The classes."""
        return self.classes

    def posteriors(self, standardised: NDArray[np.float64]) -> NDArray[np.float64]:
        """See `Primitives.posteriors`: the probabilities of the classifier."""
        return self.classifier.probabilities(standardised)


def fit_classes(
    descriptors: NDArray[np.floating],
    labels: Sequence[str | None],
    *,
    classes: Sequence[str] | None = None,
    classifier: Literal["logistic", "svm"] = "logistic",
) -> Classes:
    """Learn classes from labelled regions.

    Args:
        descriptors: (R, G).
        labels: the class of each region; None where it is not known.
        classes: those wanted; all that occur where None. One without a region is dropped, and a message of the log says so.
        classifier: `logistic` is multinomial logistic regression; `svm` a support vector machine with Platt's scaling, for a
            small set: fitting it takes the square of the number of labelled regions.

    Raises:
        ValueError: if fewer than two classes have a region; for `svm`, if one has fewer than five.
        MissingExtraError: if scikit-learn is not installed.
    """
    if len(labels) != len(descriptors):
        raise ValueError(f"each region has a label or None, got {len(labels)} for {len(descriptors)} regions")
    if classifier not in _FITTED:
        raise ValueError(f"no classifier is named {classifier!r};{nearest(classifier, _FITTED)} there are {', '.join(_FITTED)}")
    known = sorted({label for label in labels if label is not None})
    wanted = known if classes is None else [name for name in known if name in classes]
    for name in sorted(set(classes or ()) - set(wanted)):
        _log.warning("class %r has no labelled region and is dropped", name)
    if len(wanted) < 2:
        raise ValueError(f"at least two classes with labelled regions are needed, got {', '.join(wanted) or 'none'}")
    rows = [row for row, label in enumerate(labels) if label in wanted]
    standard = fit_standard(descriptors)
    known_classes = [name for name in labels if name in wanted]
    return Classes(standard, tuple(wanted), _FITTED[classifier](standard.apply(descriptors[rows]), known_classes))


def majority(labels: NDArray[np.integer], mask: NDArray[np.integer], names: Sequence[str]) -> list[str | None]:
    """The class of each region by the pixels of a mask.

    Args:
        labels: (H, W) regions 0..n-1.
        mask: (H, W) numbers of classes; negative where nothing is known, which counts against every class.
        names: of the classes, by number.

    Returns:
        For each region the class that covers at least 60 % of it, or None.

    >>> majority(np.array([[0, 0, 1, 1]]), np.array([[1, 1, 0, 1]]), ["field", "water"])
    ['water', None]
    """
    if labels.shape != mask.shape:
        raise ValueError(f"a mask has the shape of its image {labels.shape}, got {mask.shape}")
    if mask.max(initial=-1) >= len(names):
        raise ValueError(f"the mask holds class {mask.max()} and there are {len(names)} names")
    count = int(labels.max()) + 1
    known = mask >= 0
    cells = labels[known].astype(np.int64) * len(names) + mask[known]
    covered = np.bincount(cells, minlength=count * len(names)).reshape(count, len(names))
    shares = covered / np.bincount(labels.ravel(), minlength=count)[:, None]
    best = shares.argmax(axis=1)
    return [names[number] if share[number] >= MAJORITY else None for number, share in zip(best, shares, strict=True)]
