"""SIFT: what surrounds each keypoint of an image.

Lowe, Distinctive image features from scale-invariant keypoints, IJCV 60(2), 2004, as scikit-image computes it, after Rey Otero
and Delbracio, Anatomy of the SIFT method, IPOL 4, 2014.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from terrakin.regions.describe import grey
from terrakin.regions.segment import checked
from terrakin.registry import require

__all__ = ["SIZE", "sift"]

SIZE = 128
"""Numbers of a descriptor: 8 directions of the gradient in each of 4 x 4 squares."""

_LEAST = 6
# Pixels of the shortest side: images are made twice as large, and scikit-image needs 12 then.


def sift(image: NDArray[np.floating], *, bands: Sequence[str] | None = None) -> NDArray[np.uint8]:
    """Describe what surrounds each keypoint: each place that stands out, at whatever scale and in whatever direction.

    Turning or scaling an image changes little.

    Args:
        image: (H, W, B) in [0, 1]. Not modified.
        bands: common names; where they are red, green and blue, grey is weighted as the eye does, else the mean.

    Returns:
        (n, 128), each of length about 512, small keypoints first; (0, 128) for a flat image or one with a side below 6 pixels.

    Raises:
        ValueError: if the image has another shape or values outside [0, 1].
        MissingExtraError: if scikit-image is not installed.

    >>> sift(np.zeros((32, 32, 3))).shape
    (0, 128)
    """
    image = checked(image)
    none = np.empty((0, SIZE), dtype=np.uint8)
    found = require("skimage.feature", extra="regions").SIFT()
    if min(image.shape[:2]) < _LEAST:
        return none
    try:
        found.detect_and_extract(grey(image, bands))
    except RuntimeError as exc:
        if "found no features" not in str(exc):
            raise
        return none
    descriptors: NDArray[np.uint8] = found.descriptors
    return descriptors
