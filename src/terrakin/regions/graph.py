"""The graph of regions: who borders whom, areas and means, and what merging does to them."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["RegionGraph", "borders"]


class RegionGraph:
    """Regions of an image with their areas, mean values and neighbours; regions can be merged.

    >>> labels = np.array([[0, 0, 1], [2, 2, 1]])
    >>> graph = RegionGraph(labels, np.array([[0, 0, 1.0], [0.2, 0.2, 1.0]])[:, :, None])
    >>> graph.nearest(0)
    2
    >>> graph.merge(0, 2)
    >>> graph.labels_of()[labels]
    array([[2, 2, 1],
           [2, 2, 1]])
    """

    def __init__(self, labels: NDArray[np.integer], image: NDArray[np.float64]) -> None:
        """The graph of labels 0..n-1 (H, W) of an image (H, W, B)."""
        flat = labels.ravel()
        count = int(flat.max()) + 1
        self.areas = np.bincount(flat, minlength=count)
        """(n,) pixels of each."""
        self.means = np.stack(
            [np.bincount(flat, band.ravel(), minlength=count) / self.areas for band in np.moveaxis(image, 2, 0)], axis=1
        )
        """(n, B) mean values of each."""
        self.neighbours: list[set[int]] = [set() for _ in range(count)]
        """Those that share a border, for each."""
        for one, other in borders(labels)[0].tolist():
            self.neighbours[one].add(other)
            self.neighbours[other].add(one)
        self._joined = np.arange(count)
        self._waiting = set(range(count))

    def smallest(self) -> int | None:
        """The smallest region that has a neighbour, of equal ones the first; None where there is none."""
        return min((r for r in self._waiting if self.neighbours[r]), key=lambda r: (self.areas[r], r), default=None)

    def nearest(self, region: int) -> int:
        """Its neighbour of the nearest mean, of equally near ones the smallest, of equally small ones the first."""
        return min(self.neighbours[region], key=lambda other: (self.difference(region, other), self.areas[other], other))

    def difference(self, one: int, other: int) -> float:
        """How far their mean values lie apart."""
        return float(np.linalg.norm(self.means[one] - self.means[other]))

    def merge(self, region: int, into: int) -> None:
        """Join `region` to `into`, which keeps its number."""
        both = self.areas[region] + self.areas[into]
        self.means[into] += (self.means[region] - self.means[into]) * (self.areas[region] / both)
        self.areas[into] = both
        for other in self.neighbours[region]:
            self.neighbours[other].discard(region)
            if other != into:
                self.neighbours[other].add(into)
                self.neighbours[into].add(other)
        self.neighbours[region] = set()
        self._waiting.discard(region)
        self._joined[self._joined == region] = into

    def labels_of(self) -> NDArray[np.int64]:
        """(n,) the region that each of the first regions belongs to now."""
        return self._joined.copy()


def borders(labels: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of regions that share a border (P, 2), the lower number first, and the lengths of it (P,) in pixels."""
    one = np.concatenate([labels[:, :-1].ravel(), labels[:-1].ravel()])
    other = np.concatenate([labels[:, 1:].ravel(), labels[1:].ravel()])
    unlike = one != other
    low, high = np.minimum(one[unlike], other[unlike]), np.maximum(one[unlike], other[unlike])
    count = int(labels.max()) + 1
    found, lengths = np.unique(low.astype(np.int64) * count + high, return_counts=True)
    return np.stack(np.divmod(found, count), axis=1), lengths
