"""The Euclidean space."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrakin.spaces import shortlist
from terrakin.spaces.kinds import Packed
from terrakin.spaces.scan import Scores
from terrakin.spaces.space import Space

__all__ = ["L2"]

_BLOCK = 1 << 21
# Values of a block of differences in float64: 16 MB.


@dataclass(frozen=True, slots=True)
class Euclidean:
    """Distance |q - g|, summed one pair at a time in a fixed order."""

    def pack(self, space: Space, vectors: NDArray[np.float64]) -> NDArray[np.float32]:
        """See `kinds.pack`."""
        with np.errstate(over="ignore"):
            packed = vectors.astype(np.float32)
        shortlist.refuse(~np.isfinite(packed).all(axis=1), "holds NaN, infinity or a value beyond float32")
        return packed

    def distances(self, space: Space, queries: Packed, gallery: Packed) -> NDArray[np.float32]:
        """See `kinds.distances`."""
        q, g = queries.astype(np.float64), gallery.astype(np.float64)
        products = q @ g.T
        norms = np.linalg.norm(q, axis=1)[:, None] + np.linalg.norm(g, axis=1)[None]
        squares = np.einsum("qw,qw->q", q, q)[:, None] + np.einsum("gw,gw->g", g, g)[None] - 2 * products
        # BLAS sums in an order of its own. Where that could change the float32 result, the pair is summed again in fixed order.
        error = norms**2 * ((space.width + 8) * 2.0**-52)
        low: NDArray[np.float32] = np.sqrt(np.maximum(squares - error, 0)).astype(np.float32)
        high = np.sqrt(squares + error).astype(np.float32)
        at_query, at_gallery = np.nonzero(low != high)
        pairs = max(1, _BLOCK // space.width)
        for start in range(0, len(at_query), pairs):
            i, j = at_query[start : start + pairs], at_gallery[start : start + pairs]
            low[i, j] = _lengths(q[i] - g[j])
        return low

    def topk(
        self, space: Space, queries: Packed, gallery: Packed, k: int, rows: NDArray[np.int64] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """See `kinds.topk`."""
        return shortlist.topk(self, space, queries, gallery, k, rows)

    @property
    def scores(self) -> Scores:
        """What FAISS computes."""
        return "squared distance"

    def candidates(self, query: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Distances of queries (Q, W) to vectors of their own (Q, M, W): (Q, M)."""
        return _lengths(query.astype(np.float64)[:, None] - vectors.astype(np.float64))

    def nearest_possible(self, score: NDArray[np.float32], width: int) -> NDArray[np.float64]:
        """The smallest distance that a pair of this float32 squared distance can have."""
        relative, absolute = _errors(width)
        return np.sqrt(np.maximum(score.astype(np.float64) / (1 + relative) - absolute, 0))

    def worst_score(self, distance: float, width: int) -> float:
        """The largest float32 squared distance that a pair of at most this distance can have."""
        relative, absolute = _errors(width)
        return (distance * (1 + 2.0**-23)) ** 2 * (1 + relative) + absolute


L2 = Euclidean()


def _lengths(differences: NDArray[np.float64]) -> NDArray[np.float32]:
    # A reduction over the contiguous last axis runs one row at a time, so its order does not depend on how many rows there are.
    lengths: NDArray[np.float64] = np.sqrt((differences**2).sum(axis=-1))
    return lengths.astype(np.float32)


def _errors(width: int) -> tuple[float, float]:
    # Relative error of a float32 sum of squared differences, which cannot cancel, doubled twice to cover the rounding of
    # thresholds; and what the squares can lose below the smallest normal float32.
    return (width + 8) * 2.0**-22, width * 2.0**-126
