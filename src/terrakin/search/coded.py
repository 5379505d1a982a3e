"""Search by codes: the nearest by differing bits, and of a shortlist of these the nearest by vectors."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrakin.archive.condition import Condition
from terrakin.archive.gallery import Nearest, packed
from terrakin.archive.schema import CODE, VECTOR
from terrakin.archive.store import Store
from terrakin.spaces.kinds import Packed, distances

__all__ = ["Coded", "by_vectors", "nearest_by_codes"]

_BLOCK = 1 << 14
# Chips of a shortlist whose vectors are read at a time. Short codes tie: a shortlist can be a large part of an archive.


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """What is asked of codes."""

    vector: Packed
    """(W,) packed."""
    code: NDArray[np.uint8]
    """(bits / 8,) of the vector."""
    shortlist: int | None = None
    """How many times k chips are ranked again by their vectors; None for the ranking by codes itself."""

    def __post_init__(self) -> None:
        if self.shortlist is not None and self.shortlist < 1:
            raise ValueError(f"a shortlist is at least 1 times k, got {self.shortlist}")


def nearest_by_codes(store: Store, query: Coded, *, k: int, where: Condition | None = None) -> Nearest:
    """The k nearest chips that pass, nearest first, ties by id.

    With a shortlist, the distances are those of vectors: exact, but only over the chips that codes chose. All that tie with its
    last one are in it, so that no chance decides.

    Args:
        store: with codes.
        query: what is asked.
        k: at least 1.
        where: which chips may answer.

    Raises:
        ArchiveError: if the store has no codes.
    """
    if query.shortlist is None:
        return store.search(query.code, k=k, where=where, by=CODE)
    return by_vectors(store, query.vector, _shortlist(store, query.code, k * query.shortlist, where), k)


def by_vectors(store: Store, vector: Packed, ids: list[str], k: int) -> Nearest:
    """The k nearest to a packed vector (W,) of these chips, by their own vectors, of which a block at a time is in memory."""
    best: list[tuple[float, bytes]] = []
    for start in range(0, len(ids), _BLOCK):
        names = ids[start : start + _BLOCK]
        exact = distances(store.space, vector[np.newaxis], packed(store.space, store.take(names, [VECTOR])[VECTOR]))[0]
        best = sorted([*best, *zip(exact.tolist(), (name.encode() for name in names), strict=True)])[:k]
    return [name.decode() for _, name in best], np.array([distance for distance, _ in best], np.float32)


def _shortlist(store: Store, code: NDArray[np.uint8], size: int, where: Condition | None) -> list[str]:
    """Ids of the nearest codes, and of all that tie with the last of them."""
    asked = size
    while True:
        # One more than is needed tells whether the ties end here.
        ids, bits = store.search(code, k=asked + 1, where=where, by=CODE)
        if len(ids) <= asked or bits[-1] > bits[size - 1]:
            return ids[: int(np.searchsorted(bits, bits[size - 1], side="right"))] if len(ids) > size else ids
        asked *= 2
