"""Descriptors of regions: shape, texture and intensity as one vector a region."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from terrakin.regions import intensity, shape, texture
from terrakin.regions.segment import checked

__all__ = ["describe", "grey", "size"]

_LUMA = {"red": 0.299, "green": 0.587, "blue": 0.114}
# Rec. 601, as pictures are turned grey everywhere.


def describe(
    image: NDArray[np.floating], labels: NDArray[np.integer], *, bands: Sequence[str] | None = None
) -> NDArray[np.float32]:
    """Describe every region.

    13 numbers of its shape, 12 of its texture by co-occurring levels of grey, 10 by local binary patterns, and 10 a band of its
    intensity. Turning image and labels by 90 degrees changes none.

    Args:
        image: (H, W, B) in [0, 1].
        labels: (H, W) 0..n-1, each there, as `segment` gives them.
        bands: common names; where they are red, green and blue, grey is weighted as the eye does, else the mean.

    Returns:
        (n, 35 + 10 B) float32, finite.

    Raises:
        ValueError: if shapes differ, or a label is missing.

    >>> describe(np.zeros((8, 8, 3)), np.zeros((8, 8), dtype=int)).shape
    (1, 65)
    """
    image = checked(image)
    labels = np.asarray(labels)
    if labels.shape != image.shape[:2]:
        raise ValueError(f"labels of this image have the shape {image.shape[:2]}, got {labels.shape}")
    if labels.min() < 0 or not np.bincount(labels.ravel()).all():
        raise ValueError("labels are 0..n-1 and each is there; number them with segment.tidied")
    levels = grey(image, bands)
    parts = [shape.describe(labels), texture.co_occurrence(levels, labels), texture.patterns(levels, labels)]
    return np.hstack([*parts, intensity.describe(image, labels)]).astype(np.float32)


def size(bands: int) -> int:
    """Numbers of a descriptor of an image of that many bands."""
    return shape.SIZE + texture.SIZE + intensity.SIZE * bands


def grey(image: NDArray[np.float64], bands: Sequence[str] | None = None) -> NDArray[np.float64]:
    """The image (H, W, B) in grey: (H, W) in [0, 1]."""
    if bands is not None and sorted(bands) == sorted(_LUMA):
        # Summed band by band: a product of matrices may round a pixel by where it stands.
        weighted: NDArray[np.float64] = sum(image[..., i] * _LUMA[name] for i, name in enumerate(bands))  # type: ignore[assignment]
        return np.minimum(weighted, 1.0)
    mean: NDArray[np.float64] = sum(image[..., i] for i in range(image.shape[2])) / image.shape[2]
    return np.minimum(mean, 1.0)
