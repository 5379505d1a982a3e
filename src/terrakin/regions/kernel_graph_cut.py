"""Parametric kernel graph cuts on superpixels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrakin.regions.graph import RegionGraph, borders
from terrakin.regions.slic_rag import superpixels
from terrakin.regions.swap import Nodes, cut
from terrakin.registry import require

__all__ = ["KernelGraphCut"]


@dataclass(frozen=True, slots=True)
class KernelGraphCut:
    """Each superpixel takes one of a few labels: like the label's mean in a kernel's space, and like its neighbours.

    Ben Salah, Mitiche and Ben Ayed, IEEE TIP 20(2), 2011, on superpixels in place of pixels: each counts by its area, and
    neighbours by the length of their border.
    """

    labels: int = 8
    """Labels at the start; some may run empty."""
    smoothness: float = 0.5
    """Weight of unlike neighbours."""
    segments: int = 400
    """About how many superpixels."""
    rounds: int = 6
    """Most rounds of moves and of new means."""

    def __post_init__(self) -> None:
        if not (self.labels >= 1 and self.smoothness >= 0 and self.segments >= 1 and self.rounds >= 1):
            raise ValueError(f"labels, segments and rounds are at least 1 and smoothness 0 or more, got {self}")

    def __call__(self, image: NDArray[np.float64]) -> NDArray[np.int64]:
        """See `Segmenter`."""
        pieces = superpixels(image, segments=self.segments, compactness=10.0)
        graph = RegionGraph(pieces, _colours(image))
        pairs, lengths = borders(pieces)
        nodes = Nodes(graph.means, graph.areas.astype(np.float64), pairs, lengths.astype(np.float64))
        chosen, _ = cut(nodes, labels=self.labels, smoothness=self.smoothness, rounds=self.rounds)
        return chosen[pieces]


def _colours(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lab where there are three bands, else the values as they are."""
    if image.shape[2] != 3:
        return image
    lab: NDArray[np.float64] = require("skimage.color", extra="regions").rgb2lab(image)
    return lab
