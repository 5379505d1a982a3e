"""The kinds of spaces: how vectors are packed for storage, how two of them compare, and which are nearest."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from terrakin.registry import Registry
from terrakin.spaces.space import Space

__all__ = ["SPACES", "Packed", "SpaceKind", "distances", "pack", "topk"]

Packed = NDArray[Any]
"""Stored vectors, `(N, space.width)` of `space.dtype`."""


class SpaceKind(Protocol):
    """What every kind of space can do. Callers go through the functions of this module, which check at the door."""

    def pack(self, space: Space, vectors: NDArray[Any]) -> Packed:
        """As the function `pack`."""

    def distances(self, space: Space, queries: Packed, gallery: Packed) -> NDArray[np.float32]:
        """As the function `distances`."""

    def topk(
        self, space: Space, queries: Packed, gallery: Packed, k: int, rows: NDArray[np.int64] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """As the function `topk`."""


SPACES = Registry[SpaceKind](
    "spaces",
    {
        "cosine": "terrakin.spaces.unit:COSINE",
        "pearson": "terrakin.spaces.unit:PEARSON",
        "l2": "terrakin.spaces.euclidean:L2",
        "hamming": "terrakin.spaces.hamming:HAMMING",
        "codeset": "terrakin.spaces.codeset:CODESET",
    },
)
"""Kinds of spaces by name."""


def pack(space: Space, vectors: NDArray[Any]) -> Packed:
    """Vectors as they are stored and compared.

    cosine: unit length. pearson: centred by its own mean, then unit length. l2: as it is. hamming: one bit a dimension, set
    where the value is above 0, eight to a byte, the first in the lowest bit. codeset: bits of presence, then the codes one
    after another; a code whose values are all NaN is absent, and zero bits stand in its place.

    Args:
        space: how they compare.
        vectors: (N, D) float, D = `space.size` (times `space.codes`); or, for bits, (N, `space.width`) uint8 that is packed
            already. Not modified.

    Returns:
        (N, `space.width`) of `space.dtype`, C-contiguous.

    Raises:
        ValueError: for a wrong shape, NaN or infinity, or a vector without direction (all zero; for pearson, all equal), naming
            its row.

    >>> pack(Space("cosine", 2), np.array([[3, 4]]))
    array([[0.6, 0.8]], dtype=float32)
    >>> pack(Space("hamming", 8), np.array([[1, -1, 0, 2, 0, 0, 0, 0]]))
    array([[9]], dtype=uint8)
    """
    vectors = np.asarray(vectors)
    if space.is_binary and vectors.dtype == np.uint8:
        return _checked(space, vectors, "packed vectors")
    values = np.asarray(vectors, dtype=np.float64)
    wanted = space.size * space.codes
    if values.ndim != 2 or values.shape[1] != wanted:
        raise ValueError(f"vectors of this {space.kind} space have the shape (N, {wanted}), got {values.shape}")
    return np.ascontiguousarray(SPACES[space.kind].pack(space, values))


def distances(space: Space, queries: Packed, gallery: Packed) -> NDArray[np.float32]:
    """Distances of every query to every gallery vector; smaller is closer.

    Each is computed in float64 and rounded to float32 once. It depends on its two vectors alone, bit for bit: equal vectors tie
    wherever they stand, whatever the batch, the order and the number of threads.

    Args:
        space: how they compare.
        queries: (Q, W) packed.
        gallery: (G, W) packed.

    Returns:
        (Q, G). cosine, pearson: in [0, 2]. l2: at least 0. hamming: in [0, bits]. codeset: in [0, bits x codes], and not
        symmetric: only codes that the query has count.

    >>> space = Space("cosine", 2)
    >>> distances(space, pack(space, np.array([[1, 0]])), pack(space, np.array([[5, 0], [0, 1], [-1, 0]])))
    array([[0., 1., 2.]], dtype=float32)
    """
    queries, gallery = _checked(space, queries, "queries"), _checked(space, gallery, "gallery vectors")
    return SPACES[space.kind].distances(space, queries, gallery)


def topk(
    space: Space, queries: Packed, gallery: Packed, k: int, rows: NDArray[np.int64] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The k nearest gallery rows of every query: what sorting all `distances` would give, ties by row number.

    Args:
        space: how they compare.
        queries: (Q, W) packed.
        gallery: (G, W) packed.
        k: at least 1.
        rows: (R,) the only gallery rows to consider, ascending and distinct; None for all.

    Returns:
        Row numbers (Q, K) int64 and distances (Q, K) float32, nearest first; K is the smaller of k and the rows there are.
    """
    if k < 1:
        raise ValueError(f"k is at least 1, got {k}")
    queries, gallery = _checked(space, queries, "queries"), _checked(space, gallery, "gallery vectors")
    among = len(gallery) if rows is None else len(rows)
    if among == 0 or len(queries) == 0:
        shape = (len(queries), min(k, among))
        return np.empty(shape, dtype=np.int64), np.empty(shape, dtype=np.float32)
    return SPACES[space.kind].topk(space, queries, gallery, min(k, among), rows)


def _checked(space: Space, packed: Packed, what: str) -> Packed:
    if packed.ndim != 2 or packed.shape[1] != space.width or packed.dtype != np.dtype(space.dtype):
        raise ValueError(
            f"{what} of this {space.kind} space are {space.dtype} of the shape (N, {space.width}), "
            f"got {packed.dtype} of {packed.shape}"
        )
    return np.ascontiguousarray(packed)
