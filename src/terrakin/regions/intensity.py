"""Intensity of regions: mean, spread and histogram of each band."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["BINS", "SIZE", "describe"]

BINS = 8
"""Bins of a histogram over [0, 1]."""

SIZE = 2 + BINS
"""Numbers a band."""


def describe(image: NDArray[np.float64], labels: NDArray[np.integer]) -> NDArray[np.float64]:
    """Mean, standard deviation and shares of 8 bins of each band in each region of an image (H, W, B): (n, 10 B)."""
    flat = labels.ravel()
    count = int(flat.max()) + 1
    areas = np.bincount(flat, minlength=count)
    columns = []
    for band in np.moveaxis(image, 2, 0):
        values = band.ravel()
        mean = np.bincount(flat, values, minlength=count) / areas
        spread = np.sqrt(np.bincount(flat, (values - mean[flat]) ** 2, minlength=count) / areas)
        bins = np.minimum((values * BINS).astype(np.int64), BINS - 1)
        histogram = np.bincount(flat * BINS + bins, minlength=count * BINS).reshape(count, BINS) / areas[:, None]
        columns.append(np.column_stack([mean, spread, histogram]))
    return np.hstack(columns)
