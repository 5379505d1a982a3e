"""Segmentation: an image cut into connected regions, none of them too small."""

import numpy as np
from numpy.typing import NDArray

from terrakin.regions.graph import RegionGraph
from terrakin.regions.known import DEFAULT, REGIONS, Segmenter
from terrakin.registry import require

__all__ = ["MIN_AREA", "checked", "segment", "tidied"]

MIN_AREA = 64
"""Pixels of the smallest region that is kept."""


def segment(
    image: NDArray[np.floating], segmenter: Segmenter | str = DEFAULT, *, min_area: int = MIN_AREA
) -> NDArray[np.int64]:
    """Cut an image into regions.

    Args:
        image: (H, W, B) in [0, 1]. Not modified.
        segmenter: the way, or its name in the registry for its default settings.
        min_area: pixels; a smaller region joins the neighbour of the nearest mean.

    Returns:
        (H, W) labels 0..n-1 in the order in which regions are met row by row; every region is connected by edges of pixels.

    Raises:
        ValueError: if the image has another shape or values outside [0, 1].
        UnknownNameError: if there is no such way.
        MissingExtraError: if scikit-image is not installed.

    >>> int(segment(np.zeros((40, 40, 3)), "grid").max()) + 1
    16
    """
    image = checked(image)
    way = REGIONS[segmenter]() if isinstance(segmenter, str) else segmenter
    return tidied(way(image), image, min_area=min_area)


def tidied(labels: NDArray[np.integer], image: NDArray[np.float64], *, min_area: int = MIN_AREA) -> NDArray[np.int64]:
    """Labels (H, W) of any kind as `segment` gives them: connected, large enough, numbered row by row."""
    measure = require("skimage.measure", extra="regions")
    # Label 0 would be taken for the background, of which there is none.
    parts = measure.label(labels, background=labels.min() - 1, connectivity=1) - 1
    graph = RegionGraph(parts, image)
    # The smallest first, of equal ones the first met: what joins a neighbour may make it large enough.
    while (smallest := graph.smallest()) is not None and graph.areas[smallest] < min_area:
        graph.merge(smallest, graph.nearest(smallest))
    return _in_raster_order(graph.labels_of()[parts])


def _in_raster_order(labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """Labels from 0 (H, W), numbered 0..n-1 by their first pixels, row by row."""
    flat = labels.ravel()
    first = np.full(int(flat.max()) + 1, flat.size)
    # Written from the last pixel to the first, so that each region's first one stays.
    first[flat[::-1]] = np.arange(flat.size)[::-1]
    number = np.empty(len(first), dtype=np.int64)
    number[np.argsort(first, kind="stable")] = np.arange(len(first))
    numbered: NDArray[np.int64] = number[labels]
    return numbered


def checked(image: NDArray[np.floating]) -> NDArray[np.float64]:
    """The image as float64, or ValueError where it is none."""
    image = np.asarray(image)
    if image.ndim != 3 or 0 in image.shape:
        raise ValueError(f"an image has the shape (H, W, B), got {image.shape}")
    values = image.astype(np.float64)
    # Written so that NaN is refused as well.
    if not (values.min() >= 0 and values.max() <= 1):
        raise ValueError(f"an image has values in [0, 1], got {values.min()} to {values.max()}")
    return values
