"""Multi-index hashing: the nearest of many codes, found exactly and without looking at all of them."""

import math
from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from terrakin.spaces.hamming import popcount

__all__ = ["Found", "MultiIndex"]

_BLOCK = 1 << 16
# Codes whose bits are unpacked at a time.

_WIDEST = 62
# Bits of a chunk at most: its value is kept in 64.


class Found(NamedTuple):
    """The nearest codes of a query."""

    rows: NDArray[np.int64]
    """(K,) nearest first, ties by row."""
    distances: NDArray[np.int64]
    """(K,) differing bits."""
    verified: float
    """Share of all codes that were compared in full."""


class MultiIndex:
    """Codes in several tables, one for each chunk of their bits (Norouzi, Punjani and Fleet, IEEE PAMI 36(6), 2014).

    Of s chunks, where two codes differ in at most r = s r' + a bits, a < s, either one of the chunks 0 to a differs in at most
    r' bits, or one of the others in at most r' - 1. So r is raised from 0; each step looks up, in one chunk, all values that
    differ in one bit more than before. It ends when k codes within r are known: no other can come before them.

    Worth it only where the k-th nearest is a few bits away; with far neighbours it is many times slower than to compare all.

    >>> codes = np.array([[0b0000], [0b0111], [0b0001], [0b0011]], np.uint8)
    >>> MultiIndex(codes, chunks=2).search(np.array([0b0011], np.uint8), 2).rows
    array([3, 1])
    """

    def __init__(self, codes: NDArray[np.uint8], *, chunks: int | None = None) -> None:
        """Make the tables: 16 bytes a code and chunk, beside the codes themselves, which are kept and not copied.

        Args:
            codes: (N, W) packed, as the Hamming space stores them; N at least 1.
            chunks: how many; where None, such that a chunk has about as many values as there are codes.

        Raises:
            ValueError: if there is no code, or a chunk would have no bit or more than 62.
        """
        if codes.ndim != 2 or not codes.size or codes.dtype != np.uint8:
            raise ValueError(f"codes are (N, W) uint8 with at least one code, got {codes.dtype} of {codes.shape}")
        bits = 8 * codes.shape[1]
        if chunks is None:
            chunks = min(bits, max(-(-bits // _WIDEST), round(bits / max(1.0, math.log2(len(codes))))))
        if not -(-bits // _WIDEST) <= chunks <= bits:
            raise ValueError(f"a chunk has 1 to {_WIDEST} bits, which {chunks} chunks of {bits} bits have not")
        self.codes = np.ascontiguousarray(codes)
        edges = np.linspace(0, bits, chunks + 1).astype(int).tolist()
        self._spans = list(pairwise(edges))
        self._tables = [self._table(start, stop) for start, stop in self._spans]

    def search(self, query: NDArray[np.uint8], k: int) -> Found:
        """The k nearest of one packed code (W,), k at least 1: what sorting all distances would give."""
        if k < 1 or query.shape != self.codes.shape[1:]:
            raise ValueError(f"a query is {self.codes.shape[1:]} uint8 and k at least 1, got {query.shape} and {k}")
        k = min(k, len(self.codes))
        rows, apart = np.empty(0, np.int64), np.empty(0, np.int64)
        for radius, met in enumerate(self._lookups(query)):
            new = np.setdiff1d(met, rows)
            rows, apart = np.concatenate([rows, new]), np.concatenate([apart, popcount(self.codes[new] ^ query)])
            if len(rows) == len(self.codes) or np.count_nonzero(apart <= radius) >= k:
                break
        first = np.lexsort((rows, apart))[:k]
        return Found(rows[first], apart[first], len(rows) / len(self.codes))

    def _lookups(self, query: NDArray[np.uint8]) -> Iterator[NDArray[np.int64]]:
        """For each radius from 0, rows among which every code of that distance is that was not met before."""
        asked = [int(_values(query[None], start, stop)[0]) for start, stop in self._spans]
        count = len(self.codes)
        for radius in range(8 * self.codes.shape[1] + 1):
            differing, chunk = divmod(radius, len(self._spans))
            wide = self._spans[chunk][1] - self._spans[chunk][0]
            if math.comb(wide, differing) > count:
                # More values than codes: to look at all codes is less work.
                yield np.arange(count)
                continue
            flips = [sum(1 << place for place in places) for places in combinations(range(wide), differing)]
            values, rows = self._tables[chunk]
            wanted = np.array(flips, np.int64) ^ asked[chunk]
            starts, stops = np.searchsorted(values, wanted), np.searchsorted(values, wanted, side="right")
            yield np.concatenate([np.empty(0, np.int64), *(rows[a:b] for a, b in zip(starts, stops, strict=True) if b > a)])

    def _table(self, start: int, stop: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Values of a chunk in ascending order, and the rows that have them."""
        blocks = [_values(self.codes[row : row + _BLOCK], start, stop) for row in range(0, len(self.codes), _BLOCK)]
        values = np.concatenate(blocks)
        rows = np.argsort(values, kind="stable")
        return values[rows], rows


def _values(codes: NDArray[np.uint8], start: int, stop: int) -> NDArray[np.int64]:
    """The bits from `start` to `stop` of packed codes (n, W) as numbers (n,)."""
    bits = np.unpackbits(codes, axis=1, bitorder="little")[:, start:stop].astype(np.int64)
    values: NDArray[np.int64] = bits @ (np.int64(1) << np.arange(stop - start))
    return values
