"""Shape of regions."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrakin.registry import require

__all__ = ["SIZE", "describe"]

SIZE = 13
"""Numbers a region."""


def describe(labels: NDArray[np.integer]) -> NDArray[np.float64]:
    """Shape of each region of labels 0..n-1 (H, W): (n, 13).

    Share of the image, circularity 4 pi area / perimeter^2 (at most 1), eccentricity, share of the convex hull, share of
    the box, minor by major axis, and Hu's seven moments as sign(h) log10(1 + 1e7 |h|).
    """
    measure = require("skimage.measure", extra="regions")
    # Label 0 would be taken for the background.
    return np.array([_numbers(region, labels.size) for region in measure.regionprops(labels.astype(np.int64) + 1)])


def _numbers(region: Any, pixels: int) -> list[float]:
    area, perimeter = float(region.area), float(region.perimeter)
    major, minor = region.axis_major_length, region.axis_minor_length
    hu = np.asarray(region.moments_hu)
    return [
        area / pixels,
        min(1.0, 4 * np.pi * area / perimeter**2) if perimeter > 0 else 1.0,
        float(region.eccentricity),
        float(region.solidity),
        float(region.extent),
        minor / major if major > 0 else 1.0,
        *(np.sign(hu) * np.log10(1 + 1e7 * np.abs(hu))).tolist(),
    ]
