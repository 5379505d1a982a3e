"""Primitives by classes: learned from a small set of labelled regions."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrakin.regions.standard import Standard, fit_standard
from terrakin.registry import require

__all__ = ["MAJORITY", "Classes", "fit_classes", "majority"]

MAJORITY = 0.6
"""Share of a region's pixels that one class must cover for the region to be of it."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """Classes of regions: multinomial logistic regression on their descriptors."""

    standard: Standard
    """What descriptors go through first."""
    classes: tuple[str, ...]
    """Their names, sorted."""
    slopes: NDArray[np.float64]
    """(n, G)."""
    offsets: NDArray[np.float64]
    """(n,)."""

    @property
    def names(self) -> tuple[str, ...]:
        """The classes."""
        return self.classes

    def posteriors(self, standardised: NDArray[np.float64]) -> NDArray[np.float64]:
        """See `Primitives.posteriors`: the softmax of the regression."""
        logs = standardised @ self.slopes.T + self.offsets
        likely = np.exp(logs - logs.max(axis=1, keepdims=True))
        result: NDArray[np.float64] = likely / likely.sum(axis=1, keepdims=True)
        return result


def fit_classes(
    descriptors: NDArray[np.floating], labels: Sequence[str | None], *, classes: Sequence[str] | None = None
) -> Classes:
    """Learn classes from labelled regions.

    Args:
        descriptors: (R, G).
        labels: the class of each region; None where it is not known.
        classes: those wanted; all that occur where None. One without a region is dropped, and a message of the log says so.

    Raises:
        ValueError: if fewer than two classes have a region.
        MissingExtraError: if scikit-learn is not installed.
    """
    if len(labels) != len(descriptors):
        raise ValueError(f"each region has a label or None, got {len(labels)} for {len(descriptors)} regions")
    known = sorted({label for label in labels if label is not None})
    wanted = known if classes is None else [name for name in known if name in classes]
    for name in sorted(set(classes or ()) - set(wanted)):
        _log.warning("class %r has no labelled region and is dropped", name)
    if len(wanted) < 2:
        raise ValueError(f"at least two classes with labelled regions are needed, got {', '.join(wanted) or 'none'}")
    rows = [row for row, label in enumerate(labels) if label in wanted]
    standard = fit_standard(descriptors)
    values = standard.apply(descriptors[rows])
    model = require("sklearn.linear_model", extra="regions").LogisticRegression(max_iter=1000)
    model.fit(values, [labels[row] for row in rows])
    slopes, offsets = model.coef_, model.intercept_
    if len(wanted) == 2:  # scikit-learn keeps one logit for two classes
        slopes, offsets = np.vstack([np.zeros_like(slopes), slopes]), np.append(0.0, offsets)
    return Classes(standard, tuple(wanted), slopes, offsets)


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
