"""Kernels: how alike two vectors are, as an inner product in some other space."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from terrakin.hashing.products import products
from terrakin.registry import Registry

__all__ = ["CHI2", "HIK", "KERNELS", "RBF", "Kernel"]

Rows = NDArray[np.float64]


class Kernel(Protocol):
    """How alike rows are; symmetric and positive semi-definite."""

    def values(self, rows: Rows, anchors: Rows, gamma: float) -> Rows:
        """(N, p): the kernel of every row (N, D) with every anchor (p, D); an entry depends on these two alone, bit for bit.

        Raises:
            ValueError: if a row holds what the kernel does not take.
        """

    def scale(self, anchors: Rows, items: Rows | None = None) -> float:
        """The gamma that suits anchors (p, D), p at least 2 and all different; and items (l, D), where there are such."""


@dataclass(frozen=True, slots=True)
class Rbf:
    """`exp(-gamma |x - y|^2)`, for standardised descriptors and embeddings.

    gamma is 1 / median squared distance of the anchors (Kulis and Grauman); where there are items, 1 / (2 x mean squared
    distance of items and anchors), which is what the code of Liu et al. does.
    """

    def values(self, rows: Rows, anchors: Rows, gamma: float) -> Rows:
        """See `Kernel.values`."""
        values: Rows = np.exp(-gamma * _squared_distances(rows, anchors))
        return values

    def scale(self, anchors: Rows, items: Rows | None = None) -> float:
        """See `Kernel.scale`."""
        if items is not None:
            return float(1 / (2 * _squared_distances(items, anchors).mean()))
        return float(1 / np.median(_of_pairs(_squared_distances(anchors, anchors))))


@dataclass(frozen=True, slots=True)
class HistogramIntersection:
    """`sum_i min(x_i, y_i)` of histograms that are brought to sum 1; it has no gamma."""

    def values(self, rows: Rows, anchors: Rows, gamma: float) -> Rows:
        """See `Kernel.values`."""
        return _by_anchor(
            _shares(rows, "hik"), _shares(anchors, "hik"), lambda block, anchor: np.minimum(block, anchor).sum(axis=1)
        )

    def scale(self, anchors: Rows, items: Rows | None = None) -> float:
        """See `Kernel.scale`; 1, which is not used."""
        return 1.0


@dataclass(frozen=True, slots=True)
class Chi2:
    """`exp(-gamma sum_i (x_i - y_i)^2 / (x_i + y_i))` of histograms, 0 / 0 = 0; gamma is 1 / mean sum over pairs of anchors."""

    def values(self, rows: Rows, anchors: Rows, gamma: float) -> Rows:
        """See `Kernel.values`."""
        values: Rows = np.exp(-gamma * _chi2(rows, anchors))
        return values

    def scale(self, anchors: Rows, items: Rows | None = None) -> float:
        """See `Kernel.scale`."""
        return float(1 / _of_pairs(_chi2(anchors, anchors)).mean())


RBF = Rbf()
HIK = HistogramIntersection()
CHI2 = Chi2()

KERNELS = Registry[Kernel](
    "kernels",
    {
        "chi2": "terrakin.hashing.kernels:CHI2",
        "hik": "terrakin.hashing.kernels:HIK",
        "rbf": "terrakin.hashing.kernels:RBF",
    },
)
"""Kernels by name."""


def _squared_distances(rows: Rows, anchors: Rows) -> Rows:
    squares = (rows**2).sum(axis=1)[:, np.newaxis] + (anchors**2).sum(axis=1)
    distances: Rows = np.maximum(squares - 2 * products(rows, anchors.T), 0)
    return distances


def _chi2(rows: Rows, anchors: Rows) -> Rows:
    _refuse_negative(rows, "chi2")
    _refuse_negative(anchors, "chi2")

    def compare(block: Rows, anchor: Rows) -> Rows:
        both = block + anchor
        parts: Rows = np.divide((block - anchor) ** 2, both, out=np.zeros_like(both), where=both > 0).sum(axis=1)
        return parts

    return _by_anchor(rows, anchors, compare)


def _by_anchor(rows: Rows, anchors: Rows, compare: Callable[[Rows, Rows], Rows]) -> Rows:
    # One anchor at a time: all at once would be N x p x D values.
    return np.stack([compare(rows, anchor) for anchor in anchors], axis=1)


def _shares(rows: Rows, name: str) -> Rows:
    _refuse_negative(rows, name)
    sums = rows.sum(axis=1, keepdims=True)
    shares: Rows = rows / np.where(sums > 0, sums, 1)
    return shares


def _refuse_negative(rows: Rows, name: str) -> None:
    bad = np.flatnonzero((rows < 0).any(axis=1))
    if len(bad):
        raise ValueError(
            f"the kernel {name} compares histograms, and vector {bad[0]} holds {rows[bad[0]].min():g}; "
            "choose rbf for vectors with negative values"
        )


def _of_pairs(square: Rows) -> Rows:
    """Entries (p (p - 1) / 2,) above the diagonal."""
    entries: Rows = square[np.triu_indices(len(square), 1)]
    return entries
