"""Exhaustive search in memory."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrakin.spaces.kinds import Packed, topk
from terrakin.spaces.space import Space

__all__ = ["ExactIndex"]


class ExactIndex:
    """Packed vectors in memory, searched exhaustively. Keeps the array that it is given and copies nothing.

    Rows stand in the order of their ids, so that ties by row are ties by id. The answer is always what a full sort by
    (distance, row) would give.

    >>> from terrakin.spaces.kinds import pack
    >>> space = Space("cosine", 2)
    >>> index = ExactIndex(space, pack(space, np.array([[0, 1], [1, 0], [2, 0]])))
    >>> index.search(pack(space, np.array([[1, 0]]))[0], k=2)
    (array([1, 2]), array([0., 0.], dtype=float32))
    """

    def __init__(self, space: Space, vectors: Packed) -> None:
        if vectors.ndim != 2 or vectors.shape[1] != space.width or vectors.dtype != np.dtype(space.dtype):
            raise ValueError(
                f"an index of this space needs (N, {space.width}) {space.dtype}, got {vectors.shape} {vectors.dtype}"
            )
        self.space = space
        self.vectors: Packed = np.ascontiguousarray(vectors)

    def __len__(self) -> int:
        return len(self.vectors)

    def search(
        self, query: NDArray[Any], k: int, rows: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The k nearest rows of one packed query.

        Args:
            query: (W,) packed.
            k: at least 1; fewer come back where there are fewer rows.
            rows: the only rows to consider, ascending and distinct (what a filter leaves); None for all.

        Returns:
            Row numbers (K,) int64 and distances (K,) float32, nearest first, ties by row.
        """
        found, distances = self.search_many(query[None], k, rows)
        return found[0], distances[0]

    def search_many(
        self, queries: NDArray[Any], k: int, rows: NDArray[np.int64] | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """As `search` for packed queries (Q, W): rows (Q, K) and distances (Q, K), the same as one at a time."""
        if queries.dtype.kind == "f" and not np.isfinite(queries).all():
            raise ValueError("a query holds NaN or infinity")
        return topk(self.space, queries, self.vectors, k, rows)
