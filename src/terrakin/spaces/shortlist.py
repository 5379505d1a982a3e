"""Exact top-k of float vectors: FAISS proposes a shortlist in float32, exact distances decide."""

from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from terrakin.spaces import scan
from terrakin.spaces.kinds import Packed, SpaceKind
from terrakin.spaces.space import Space

__all__ = ["GATHER_SHARE", "SORT_SHARE", "FloatKind", "refuse", "sort_all", "topk"]

GATHER_SHARE = 0.05
"""Below this share of the gallery, a filter's rows are copied out and searched; above, FAISS skips the others by a bitmap.
Measured with 1M x 128 and 60k x 1280 on one core: the two cost the same between 5 and 7 %."""

SORT_SHARE = 4
"""Where k times this reaches the number of rows, everything is sorted: the heaps of FAISS no longer help."""

_MARGIN = 32
# Rows beyond k in the first shortlist: enough to separate the k-th from the rest on ordinary data, and nothing beside the scan.

_BLOCK = 1 << 22
# Values of gathered candidates, or distances, at a time: 32 MB in float64.


_LARGEST = float(np.finfo(np.float32).max) / 2


class FloatKind(SpaceKind, Protocol):
    """What a float space tells about the scores of FAISS, so that a shortlist can be proved complete."""

    @property
    def scores(self) -> scan.Scores:
        """What FAISS computes for it."""

    def candidates(self, query: NDArray[np.float32], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Distances of queries (Q, W) to vectors of their own (Q, M, W): (Q, M), equal to `distances` bit for bit."""

    def nearest_possible(self, score: NDArray[np.float32], width: int) -> NDArray[np.float64]:
        """The smallest distance that a pair of this score can have."""

    def worst_score(self, distance: float, width: int) -> float:
        """The worst score that a pair of at most this distance can have."""


def topk(
    kind: FloatKind,
    space: Space,
    queries: NDArray[np.float32],
    gallery: NDArray[np.float32],
    k: int,
    rows: NDArray[np.int64] | None,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """As `kinds.topk`, with 1 <= k <= rows there are.

    Every row outside the shortlist scores no better than its last one. If the smallest distance that this score allows, given
    the error of float32, is still above the k-th exact distance, then nothing outside belongs to the answer. Where it is not
    (many equal vectors), a second scan fetches every row whose score could be within the k-th distance.
    """
    if rows is not None and len(rows) < GATHER_SHARE * len(gallery):
        found, distances = topk(kind, space, queries, gallery[rows], k, None)
        return rows[found], distances
    take = k + _MARGIN
    if take * SORT_SHARE >= (len(gallery) if rows is None else len(rows)):
        return sort_all(kind, space, queries, gallery, k, rows)
    found = np.empty((len(queries), k), dtype=np.int64)
    distances = np.empty((len(queries), k), dtype=np.float32)
    step = max(1, _BLOCK // (take * space.width))
    for start in range(0, len(queries), step):
        asked = queries[start : start + step]
        scores, listed = scan.nearest(kind.scores, asked, gallery, take, rows)
        near, at = _sorted(kind.candidates(asked, gallery[listed]), listed, k)
        near[listed[:, -1] < 0] = np.inf  # squares beyond float32 leave places in FAISS's list empty, marked -1
        complete = kind.nearest_possible(scores[:, -1], space.width).astype(np.float32) > near[:, -1]
        for i in np.flatnonzero(~complete):
            near[i], at[i] = _all_within(kind, space, asked[i], gallery, float(near[i, -1]), k, rows)
        found[start : start + step], distances[start : start + step] = at, near
    return found, distances


def sort_all(
    kind: SpaceKind, space: Space, queries: Packed, gallery: Packed, k: int, rows: NDArray[np.int64] | None
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """As `kinds.topk`, by sorting every distance."""
    if rows is not None:
        gallery = gallery[rows]
    found = np.empty((len(queries), k), dtype=np.int64)
    distances = np.empty((len(queries), k), dtype=np.float32)
    step = max(1, _BLOCK // len(gallery))
    for start in range(0, len(queries), step):
        block = kind.distances(space, queries[start : start + step], gallery)
        order = np.argsort(block, axis=1, kind="stable")[:, :k]
        found[start : start + step] = order
        distances[start : start + step] = np.take_along_axis(block, order, axis=1)
    return (found if rows is None else rows[found]), distances


def refuse(bad: ArrayLike, why: str) -> None:
    """Raise ValueError for the first row that is marked (N,)."""
    marked = np.asarray(bad)
    if marked.any():
        raise ValueError(f"vector in row {int(np.argmax(marked))} {why}")


def _all_within(
    kind: FloatKind,
    space: Space,
    query: NDArray[np.float32],
    gallery: NDArray[np.float32],
    distance: float,
    k: int,
    rows: NDArray[np.int64] | None,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The k nearest among all rows that may lie within `distance` of one query (W,); at least k do."""
    worst = kind.worst_score(distance, space.width)
    if not abs(worst) < _LARGEST:
        # FAISS cannot tell rows of such distances apart, nor list them.
        at, near = sort_all(kind, space, query[None], gallery, k, rows)
        return near[0], at[0]
    at = scan.within(kind.scores, query, gallery, worst, rows)
    near = np.empty(len(at), dtype=np.float32)
    step = max(1, _BLOCK // space.width)
    for start in range(0, len(at), step):
        near[start : start + step] = kind.candidates(query[None], gallery[at[start : start + step]][None])[0]
    near, at = _sorted(near[None], at[None], k)
    return near[0], at[0]


def _sorted(distances: NDArray[np.float32], rows: NDArray[np.int64], k: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The k first of each line by (distance, row)."""
    order = np.lexsort((rows, distances), axis=-1)[:, :k]
    line = np.arange(len(order))[:, None]
    return distances[line, order], rows[line, order]
