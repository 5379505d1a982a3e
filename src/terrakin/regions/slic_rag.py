"""Superpixels whose like neighbours are merged."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrakin.regions.graph import RegionGraph, borders
from terrakin.registry import require

__all__ = ["SlicRag", "superpixels"]


@dataclass(frozen=True, slots=True)
class SlicRag:
    """SLIC superpixels (PAMI 34(11), 2012), then neighbours of like means are joined, one to the next."""

    segments: int = 300
    """About how many superpixels."""
    compactness: float = 10.0
    """How much nearness counts beside colour."""
    difference: float = 15.0
    """Distance of mean values, of 255, below which neighbours are joined. A smooth image becomes one region."""

    def __post_init__(self) -> None:
        if not (self.segments >= 1 and self.compactness > 0 and self.difference >= 0):
            raise ValueError(f"there is at least 1 segment, its compactness above 0 and a difference 0 or more, got {self}")

    def __call__(self, image: NDArray[np.float64]) -> NDArray[np.int64]:
        """See `Segmenter`."""
        sparse, graphs = require("scipy.sparse", extra="regions"), require("scipy.sparse.csgraph", extra="regions")
        pieces = superpixels(image, segments=self.segments, compactness=self.compactness)
        means = RegionGraph(pieces, image).means
        pairs = borders(pieces)[0]
        near = pairs[np.linalg.norm(means[pairs[:, 0]] - means[pairs[:, 1]], axis=1) < self.difference / 255]
        graph = sparse.coo_array((np.ones(len(near)), (near[:, 0], near[:, 1])), shape=(len(means), len(means)))
        joined: NDArray[np.int64] = graphs.connected_components(graph, directed=False)[1].astype(np.int64)
        return joined[pieces]


def superpixels(image: NDArray[np.float64], *, segments: int, compactness: float) -> NDArray[np.int64]:
    """Superpixels of an image (H, W, B) in [0, 1]: labels 0..n-1 (H, W). Images of three bands are compared in Lab."""
    segmentation = require("skimage.segmentation", extra="regions")
    labels = segmentation.slic(image, n_segments=segments, compactness=compactness, start_label=0, channel_axis=-1)
    _, pieces = np.unique(labels, return_inverse=True)
    return pieces.reshape(labels.shape).astype(np.int64)
