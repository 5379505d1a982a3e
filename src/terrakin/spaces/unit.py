"""Spaces of unit vectors: cosine, and Pearson's correlation as the cosine of centred vectors."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrakin.spaces import shortlist
from terrakin.spaces.kinds import Packed
from terrakin.spaces.scan import Scores
from terrakin.spaces.space import Space

__all__ = ["COSINE", "PEARSON"]

_STEP = 2.0**-25
# Components are stored as multiples of _STEP. Products of two are multiples of 2**-50, and every partial sum of such products
# stays below 2 in magnitude (Cauchy-Schwarz), so float64 (53 bits) holds it without rounding: a dot product is exact in any
# order of summation, on any number of threads, in any batch. The step costs at most 1.5e-8 a component: half a unit in the last
# place of float32 at 0.25.

_BLOCK = 1 << 23
# Values of a gallery block in float64: 64 MB.


@dataclass(frozen=True, slots=True)
class Unit:
    """Distance 1 - cosine between unit vectors, computed as half the squared chord, which is 0 for equal vectors exactly."""

    centred: bool
    """True for Pearson: each vector's own mean is taken off first."""

    def pack(self, space: Space, vectors: NDArray[np.float64]) -> NDArray[np.float32]:
        """See `kinds.pack`."""
        largest = np.max(np.abs(vectors), axis=1, keepdims=True, initial=0)
        shortlist.refuse(~np.isfinite(largest[:, 0]), "holds NaN or infinity")
        if self.centred:
            constant = np.ptp(vectors, axis=1) == 0
            shortlist.refuse(constant, "has equal values everywhere, which correlate with nothing")
            vectors = vectors / largest
            vectors = vectors - vectors.mean(axis=1, keepdims=True)
        else:
            shortlist.refuse(largest[:, 0] == 0, "is all zero and has no direction")
            vectors = vectors / largest
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        packed: NDArray[np.float32] = (np.rint(unit / _STEP) * _STEP).astype(np.float32)
        return packed

    def distances(self, space: Space, queries: Packed, gallery: Packed) -> NDArray[np.float32]:
        """See `kinds.distances`."""
        exact = queries.astype(np.float64)
        result = np.empty((len(queries), len(gallery)), dtype=np.float32)
        rows = max(1, _BLOCK // max(1, space.width))
        for start in range(0, len(gallery), rows):
            block = gallery[start : start + rows].astype(np.float64)
            result[:, start : start + rows] = _halves(exact)[:, None] + _halves(block)[None] - exact @ block.T
        return result

    def topk(
        self, space: Space, queries: Packed, gallery: Packed, k: int, rows: NDArray[np.int64] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """See `kinds.topk`."""
        return shortlist.topk(self, space, queries, gallery, k, rows)

    @property
    def scores(self) -> Scores:
        """What FAISS computes."""
        return "inner product"

    def candidates(self, query: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Distances of queries (Q, W) to vectors of their own (Q, M, W): (Q, M)."""
        # On the grid of _STEP this is exact as well, and so the same number as from dot products.
        chords = vectors.astype(np.float64) - query.astype(np.float64)[:, None]
        return _halves(chords).astype(np.float32)

    def nearest_possible(self, score: NDArray[np.float32], width: int) -> NDArray[np.float64]:
        """The smallest distance that a pair of this float32 inner product can have."""
        return 1 - score.astype(np.float64) - _error(width)

    def worst_score(self, distance: float, width: int) -> float:
        """The smallest float32 inner product that a pair of at most this distance can have."""
        return 1 - distance - _error(width)


class Pearson(Unit):
    """Distance 1 - Pearson's correlation: the cosine distance of vectors whose own means are taken off."""

    __slots__ = ()


COSINE = Unit(centred=False)
PEARSON = Pearson(centred=True)


def _halves(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Half the squared length of each vector, exact."""
    halves: NDArray[np.float64] = np.einsum("...w,...w->...", vectors, vectors) / 2
    return halves


def _error(width: int) -> float:
    # A float32 dot product of unit vectors is off by at most width x 2**-24, whatever its order; lengths, which are 1 only
    # to within the step and float32, add less than as much; the constant covers the rounding of thresholds to float32.
    return (width + 8) * 2.0**-23
