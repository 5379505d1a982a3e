"""Sets of codes: a chip has one code for each primitive that it shows, and a query asks only for the primitives that it has."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrakin.spaces import scan, shortlist
from terrakin.spaces.hamming import pack_bits, popcount
from terrakin.spaces.kinds import Packed
from terrakin.spaces.space import Missing, Space

__all__ = ["CODESET"]

_BLOCK = 1 << 18
# Bytes of codes that are compared at once: they stay in the processor's cache from one step to the next.

_LACKING: dict[Missing, float] = {"half": 0.5, "full": 1.0, "zero-code": 0.5}
# Share of a code's bits that count where a gallery chip lacks it; of a zero code, where a query has no code at all.


@dataclass(frozen=True, slots=True)
class Codeset:
    """Distance: over the codes that the query has, differing bits; `Space.missing` says what counts where a chip lacks one.

    Half is the expected distance of unrelated codes, so absence is neutral. The distance is not symmetric. A query that has no
    code at all lies equally far from every chip: it says nothing, and would otherwise match everything perfectly.
    """

    def pack(self, space: Space, vectors: NDArray[np.float64]) -> NDArray[np.uint8]:
        """See `kinds.pack`."""
        codes = vectors.reshape(len(vectors), space.codes, space.size)
        absent: NDArray[np.bool_] = np.asarray(np.isnan(codes).all(axis=2))
        whole: NDArray[np.bool_] = np.asarray(np.isfinite(codes).all(axis=2))
        shortlist.refuse((~whole & ~absent).any(axis=1), "holds infinity, or NaN in part of a code")
        # NaN > 0 is false, so absent codes are stored as zero bits.
        return np.hstack([pack_bits(~absent), pack_bits(vectors > 0)])

    def distances(self, space: Space, queries: Packed, gallery: Packed) -> NDArray[np.float32]:
        """See `kinds.distances`."""
        result = np.empty((len(queries), len(gallery)), dtype=np.float32)
        asked = [_Asked.of(space, query, _step(space)) for query in queries]
        for start, block in _blocks(space, gallery, None):
            for i, one in enumerate(asked):
                result[i, start : start + len(block)] = block.distances(one)
        return result

    def topk(
        self, space: Space, queries: Packed, gallery: Packed, k: int, rows: NDArray[np.int64] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """See `kinds.topk`: one pass over the gallery, in which each block goes through every query."""
        asked = [_Asked.of(space, query, _step(space)) for query in queries]
        nearest = [_Nearest(k) for _ in asked]
        for start, block in _blocks(space, gallery, rows):
            for one, best in zip(asked, nearest, strict=True):
                best.offer(block.distances(one), start)
        found = np.stack([best.rows for best in nearest])
        return (found if rows is None else rows[found]), np.stack([best.distances for best in nearest]).astype(np.float32)


CODESET = Codeset()


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """A query, made ready: its distance to a chip is the differing bits under the mask, and a term for the chip's presence."""

    codes: NDArray[np.uint64]
    """(W,) its codes, padded to whole words; zero where it has none."""
    mask: NDArray[np.uint64] | None
    """(rows x W,) ones where it has a code, once for each row of a block; None where it has all."""
    lacking: list[NDArray[np.int32]]
    """For each byte of presence, what each of its 256 values adds."""

    @classmethod
    def of(cls, space: Space, query: NDArray[np.uint8], rows: int) -> "_Asked":
        """The packed query (`space.width`,) for blocks of at most that many rows."""
        head = -(-space.codes // 8)
        wanted = np.unpackbits(query[:head], count=space.codes, bitorder="little").astype(np.bool_)
        own = query[head:].reshape(space.codes, -1) * wanted[:, None].astype(np.uint8)
        mask = np.tile(_words(np.repeat(wanted * np.uint8(255), space.size // 8)), rows)
        if not wanted.any():
            every = np.full(256, round(_LACKING[space.missing] * space.codes * space.size), np.int32)
            return cls(_words(own.ravel()), mask, [every] + [np.zeros(256, np.int32)] * (head - 1))
        each = np.zeros(head * 8, np.int32)
        if space.missing != "zero-code":
            # A code that a chip lacks is stored as zeros, from which the query's own bits differ: these are taken off again.
            lacks = round(_LACKING[space.missing] * space.size) - popcount(own)
            each[: space.codes] = np.where(wanted, lacks, 0)
        absent = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little") == 0
        tables = [(absent * each[8 * byte : 8 * byte + 8]).sum(axis=1).astype(np.int32) for byte in range(head)]
        return cls(_words(own.ravel()), None if wanted.all() else mask, tables)


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """Some rows of the gallery."""

    presence: NDArray[np.uint8]
    """(n, H)."""
    codes: NDArray[np.uint64]
    """(n, W) padded to whole words."""

    def __len__(self) -> int:
        return len(self.presence)

    def distances(self, asked: _Asked) -> NDArray[np.int32]:
        """Distances (n,) from one query."""
        codes = self.codes
        if asked.mask is not None:
            # Flat: along rows of a few words each, NumPy takes five times as long.
            codes = (codes.ravel() & asked.mask[: codes.size]).reshape(codes.shape)
        apart = scan.differing_bits(asked.codes, codes)
        for byte, table in enumerate(asked.lacking):
            if table.any():
                apart += table.take(self.presence[:, byte])
        return apart


class _Nearest:
    """The k nearest of what was offered so far, by (distance, row); rows are offered in ascending order."""

    def __init__(self, k: int) -> None:
        self._k = k
        self.rows = np.empty(0, dtype=np.int64)
        self.distances = np.empty(0, dtype=np.int32)

    def offer(self, distances: NDArray[np.int32], start: int) -> None:
        # Of equal distances the first rows stay, so that a later one must be nearer.
        at = np.flatnonzero(distances < self.distances[-1]) if len(self.rows) == self._k else np.arange(len(distances))
        if not len(at):
            return
        apart = np.concatenate([self.distances, distances[at]])
        order = np.argsort(apart, kind="stable")[: self._k]
        self.rows, self.distances = np.concatenate([self.rows, at + start])[order], apart[order]


def _blocks(space: Space, gallery: Packed, rows: NDArray[np.int64] | None) -> Iterator[tuple[int, _Block]]:
    """The gallery, or some of its rows, block by block: the number of its first row, and the block, good until the next."""
    head, wide = -(-space.codes // 8), space.codes * space.size // 8
    step, padded = _step(space), -(-wide // 8)
    total = len(gallery) if rows is None else len(rows)
    buffer = np.zeros((min(step, total), padded), dtype=np.uint64)
    for start in range(0, total, step):
        part = gallery[start : start + step] if rows is None else gallery[rows[start : start + step]]
        words = buffer[: len(part)]
        # As one value of so many bytes a row: NumPy copies bytes one by one otherwise, which takes four times as long.
        into = words.view(np.dtype({"names": ["codes"], "formats": [f"V{wide}"], "itemsize": 8 * padded}))
        into["codes"] = part.view(np.dtype([("presence", f"V{head}"), ("codes", f"V{wide}")]))["codes"]
        yield start, _Block(part[:, :head], words)


def _step(space: Space) -> int:
    """Rows of a block."""
    return max(1, _BLOCK // space.width)


def _words(codes: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Bytes as words, padded with zeros."""
    padded = np.zeros(-(-len(codes) // 8) * 8, dtype=np.uint8)
    padded[: len(codes)] = codes
    return padded.view(np.uint64)
