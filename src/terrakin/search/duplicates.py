"""Duplicates: chips that are nearly the same picture."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from terrakin.archive.store import Store
from terrakin.archive.vectors import read_vectors
from terrakin.progress import Progress, silent
from terrakin.spaces.exact import ExactIndex
from terrakin.spaces.kinds import Packed
from terrakin.spaces.space import Space

__all__ = ["Group", "default_distance", "duplicates"]

_NEIGHBOURS = 8
"""Neighbours looked at a chip. Members of a larger group of equals all see its first members, so it holds together."""
_BLOCK = 256
"""Chips searched for at once."""


@dataclass(frozen=True, slots=True)
class Group:
    """Chips that hang together by small distances."""

    ids: tuple[str, ...]
    """At least two, sorted."""
    distance: float
    """The largest of the distances that tie them together."""


def default_distance(space: Space) -> float:
    """Below which two chips count as near-identical, a kind of space.

    Chosen on AID with the default model. At 0.04 `terrakin duplicates` lists seven places that AID pictures twice and nothing
    else; up to 0.048 every pair is such a place, at 0.05 come two stretches of one forest. A picture saved again as JPEG of
    quality 75 lies at 0.04 in the median (`tools/study_duplicates.py`). L2 is that of unit vectors; a code is allowed a
    thirty-second of its bits.
    """
    if space.is_binary:
        return space.size * space.codes / 32
    return {"cosine": 0.04, "pearson": 0.04, "l2": 0.28}[space.kind]


def duplicates(store: Store, *, distance: float | None = None, progress: Progress = silent) -> list[Group]:
    """Groups of chips within `distance` of each other, closest group first.

    Every chip is compared with every other one: time grows with the square of the archive.

    Args:
        store: what is searched.
        distance: in the store's space; `default_distance` where None.
        progress: called with chips done.
    """
    limit = default_distance(store.space) if distance is None else distance
    ids, vectors = read_vectors(store)
    groups = _Groups(len(ids))
    for left, right, gap in _pairs(store.space, vectors, limit, progress):
        groups.join(left, right, gap)
    found = [Group(tuple(ids[row] for row in rows), gap) for rows, gap in groups.listed()]
    return sorted(found, key=lambda group: (group.distance, group.ids))


def _pairs(space: Space, vectors: Packed, limit: float, progress: Progress) -> Iterator[tuple[int, int, float]]:
    if len(vectors) < 2:
        return
    index = ExactIndex(space, vectors)
    for start in range(0, len(vectors), _BLOCK):
        rows, distances = index.search_many(vectors[start : start + _BLOCK], min(_NEIGHBOURS + 1, len(vectors)))
        for left, place in np.argwhere(distances <= limit):
            if rows[left, place] != start + left:
                yield start + int(left), int(rows[left, place]), float(distances[left, place])
        progress(min(start + _BLOCK, len(vectors)), len(vectors))


class _Groups:
    """Rows joined into groups (union-find with path halving)."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))
        self._gap: dict[int, float] = {}

    def join(self, left: int, right: int, gap: float) -> None:
        a, b = self._head(left), self._head(right)
        a, b = min(a, b), max(a, b)
        self._parent[b] = a
        self._gap[a] = max(self._gap.get(a, 0.0), self._gap.pop(b, 0.0) if b != a else 0.0, gap)

    def listed(self) -> Iterator[tuple[list[int], float]]:
        members: dict[int, list[int]] = {}
        for row in range(len(self._parent)):
            head = self._head(row)
            if head in self._gap:
                members.setdefault(head, []).append(row)
        for head, rows in members.items():
            yield rows, self._gap[head]

    def _head(self, row: int) -> int:
        while self._parent[row] != row:
            self._parent[row] = self._parent[self._parent[row]]
            row = self._parent[row]
        return row
