"""Standardising: every number of a descriptor brought to mean 0 and deviation 1."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Standard", "fit_standard"]


@dataclass(frozen=True, slots=True, eq=False)
class Standard:
    """What takes a descriptor's numbers to a common scale."""

    mean: NDArray[np.float64]
    """(G,) of the regions that it was fitted on."""
    factor: NDArray[np.float64]
    """(G,) one by the standard deviation; 0 for a number that is the same everywhere, which says nothing."""

    def apply(self, descriptors: NDArray[np.floating]) -> NDArray[np.float64]:
        """Descriptors (R, G), standardised."""
        if descriptors.ndim != 2 or descriptors.shape[1] != len(self.mean):
            raise ValueError(f"descriptors here have the shape (R, {len(self.mean)}), got {descriptors.shape}")
        return (descriptors.astype(np.float64) - self.mean) * self.factor


def fit_standard(descriptors: NDArray[np.floating]) -> Standard:
    """The means and deviations of descriptors (R, G).

    >>> fit_standard(np.array([[0.0, 7.0], [4.0, 7.0]])).apply(np.array([[4.0, 8.0]]))
    array([[1., 0.]])
    """
    values = descriptors.astype(np.float64)
    mean, deviation = values.mean(axis=0), values.std(axis=0)
    # A constant's deviation is not always 0 to the last bit.
    varies = deviation > 1e-9 * np.maximum(1, np.abs(mean))
    return Standard(mean, np.where(varies, 1 / np.where(varies, deviation, 1), 0.0))
