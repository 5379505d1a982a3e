"""Which ids may be in a store already, in eight bytes an id."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

__all__ = ["KnownIds"]

_RECENT = 1 << 16
# Merging the recent ones into a sorted million takes milliseconds; doing it at this size makes it rare.


class KnownIds:
    """A set of ids that can answer "surely not there" or "perhaps there".

    It keeps hashes: a set of a million ids as text takes over a hundred megabytes, and memory is to stay flat while an archive
    grows. Python's hash of text is salted anew in each process, so nobody can craft ids that collide.

    >>> known = KnownIds(["a", "b"])
    >>> known.perhaps(["b", "c"])
    ['b']
    """

    def __init__(self, ids: Iterable[str] = ()) -> None:
        self._sorted = np.empty(0, dtype=np.int64)
        self._recent: set[int] = set()
        self.add(ids)

    def add(self, ids: Iterable[str]) -> None:
        """Add ids."""
        self._recent.update(map(hash, ids))
        if len(self._recent) > _RECENT:
            recent = np.fromiter(self._recent, np.int64, len(self._recent))
            self._sorted = np.union1d(self._sorted, recent)
            self._recent.clear()

    def perhaps(self, ids: Iterable[str]) -> list[str]:
        """Those of `ids` that may have been added; all others have not."""
        names = list(ids)
        hashes: NDArray[np.int64] = np.fromiter(map(hash, names), np.int64, len(names))
        at = np.searchsorted(self._sorted, hashes)
        found = np.zeros(len(names), dtype=np.bool_)
        inside = at < len(self._sorted)
        found[inside] = self._sorted[at[inside]] == hashes[inside]
        return [name for name, hit in zip(names, found, strict=True) if hit or hash(name) in self._recent]
