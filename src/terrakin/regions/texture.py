"""Texture of regions: how levels of grey lie beside each other, and local binary patterns."""

import numpy as np
from numpy.typing import NDArray

from terrakin.registry import require

__all__ = ["LEVELS", "SIZE", "co_occurrence", "pairs", "patterns"]

LEVELS = 8
"""Levels of grey that are told apart."""

SIZE = 12 + 10
"""Numbers a region: 12 of co-occurrence, 10 of patterns."""

_STEPS = ((0, 1), (1, 1), (1, 0), (1, -1))
# Rows and columns to the neighbour at 0, 45, 90 and 135 degrees, as scikit-image counts them.

_PATTERNS = 10
# Uniform patterns of eight neighbours: 0 to 8 brighter ones in one run, and all others.


def co_occurrence(grey: NDArray[np.float64], labels: NDArray[np.integer]) -> NDArray[np.float64]:
    """Haralick's features of each region from the pairs of neighbours inside it: (n, 12).

    Contrast, dissimilarity, homogeneity, angular second moment, correlation and entropy (in nats): the means over four
    directions, then the ranges. A direction in which a region has no pair gives zeros; equal levels everywhere correlate fully.

    Args:
        grey: (H, W) in [0, 1].
        labels: (H, W) 0..n-1.
    """
    counts = pairs(grey, labels)
    totals = counts.sum(axis=(2, 3), keepdims=True)
    shares = counts / np.maximum(totals, 1)
    levels = np.arange(LEVELS)
    apart = levels[:, None] - levels[None, :]
    mean = (shares * levels[:, None]).sum(axis=(2, 3))
    variance = (shares * levels[:, None] ** 2).sum(axis=(2, 3)) - mean**2
    product = (shares * (levels[:, None] * levels[None, :])).sum(axis=(2, 3))
    varies = variance > 1e-12
    correlation = np.where(varies, (product - mean**2) / np.where(varies, variance, 1), 1.0)
    logs = np.log(shares, where=shares > 0, out=np.zeros_like(shares))
    features = np.stack(
        [
            (shares * apart**2).sum(axis=(2, 3)),
            (shares * np.abs(apart)).sum(axis=(2, 3)),
            (shares / (1 + apart**2)).sum(axis=(2, 3)),
            (shares**2).sum(axis=(2, 3)),
            np.where(totals[..., 0, 0] > 0, correlation, 0.0),
            -(shares * logs).sum(axis=(2, 3)),
        ],
        axis=2,
    )
    # Sorted, so that the sum does not depend on which direction is which.
    mean_of_all = np.sort(features, axis=1).mean(axis=1)
    return np.hstack([mean_of_all, np.ptp(features, axis=1)])


def pairs(grey: NDArray[np.float64], labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """Co-occurrence counts of each region, both ways: (n, 4, 8, 8) for the directions 0, 45, 90, 135 degrees."""
    level = np.minimum((grey * LEVELS).astype(np.int64), LEVELS - 1)
    count = int(labels.max()) + 1
    result = np.empty((count, len(_STEPS), LEVELS, LEVELS), dtype=np.int64)
    for i, (down, right) in enumerate(_STEPS):
        here, there = _shifted(labels, down, right)
        one, other = _shifted(level, down, right)
        same = here == there
        cells = (here[same] * LEVELS + one[same]) * LEVELS + other[same]
        found = np.bincount(cells, minlength=count * LEVELS**2).reshape(count, LEVELS, LEVELS)
        result[:, i] = found + found.transpose(0, 2, 1)
    return result


def patterns(grey: NDArray[np.float64], labels: NDArray[np.integer]) -> NDArray[np.float64]:
    """Shares of the ten uniform local binary patterns (PAMI 24(7), 2002; 8 neighbours, radius 1) in each region: (n, 10)."""
    # In whole levels: on fractions, rounding decides the ties of flat ground.
    bytes_ = np.rint(grey * 255).astype(np.uint8)
    codes = require("skimage.feature", extra="regions").local_binary_pattern(bytes_, 8, 1, method="uniform").astype(np.int64)
    flat = labels.ravel()
    count = int(flat.max()) + 1
    histogram = np.bincount(flat * _PATTERNS + codes.ravel(), minlength=count * _PATTERNS).reshape(count, _PATTERNS)
    shares: NDArray[np.float64] = histogram / histogram.sum(axis=1, keepdims=True)
    return shares


def _shifted(values: NDArray[np.integer], down: int, right: int) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Pixels that have a neighbour that many rows and columns away, and the neighbours."""
    height, width = values.shape
    rows, columns = range(max(0, -down), height - max(0, down)), range(max(0, -right), width - max(0, right))
    here = values[rows.start : rows.stop, columns.start : columns.stop]
    there = values[rows.start + down : rows.stop + down, columns.start + right : columns.stop + right]
    return here, there
