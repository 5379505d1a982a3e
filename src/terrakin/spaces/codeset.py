"""Sets of codes: a chip has one code for each primitive that it shows, and a query asks only for the primitives that it has."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrakin.spaces import shortlist
from terrakin.spaces.hamming import pack_bits, popcount
from terrakin.spaces.kinds import Packed
from terrakin.spaces.space import Space

__all__ = ["CODESET"]

_BLOCK = 1 << 24
# Bytes of a block of differences.


@dataclass(frozen=True, slots=True)
class Codeset:
    """Distance: over the codes that the query has, differing bits; half the bits of a code where the gallery chip lacks it.

    Half is the expected distance of unrelated codes, so absence is neutral. The distance is not symmetric. A query that has no
    code at all lies at half of all bits from every chip: it says nothing, and would otherwise match everything perfectly.
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
        head = -(-space.codes // 8)
        result = np.empty((len(queries), len(gallery)), dtype=np.float32)
        rows = max(1, _BLOCK // space.width)
        for start in range(0, len(gallery), rows):
            block = gallery[start : start + rows]
            present = _presence(space, block)
            for i, query in enumerate(queries):
                wanted = _presence(space, query[None])[0]
                if not wanted.any():
                    result[i, start : start + rows] = space.codes * space.size / 2
                    continue
                # Missing codes are stored as zeros on both sides; only codes that both have are compared bit by bit.
                both = np.repeat(present & wanted, space.size // 8, axis=1)
                differing = (block[:, head:] ^ query[head:]) * both
                result[i, start : start + rows] = popcount(differing) + (wanted & ~present).sum(axis=1) * (space.size / 2)
        return result

    def topk(
        self, space: Space, queries: Packed, gallery: Packed, k: int, rows: NDArray[np.int64] | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """See `kinds.topk`."""
        return shortlist.sort_all(self, space, queries, gallery, k, rows)


CODESET = Codeset()


def _presence(space: Space, packed: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which codes each row has: (N, codes)."""
    head = -(-space.codes // 8)
    return np.unpackbits(packed[:, :head], axis=1, count=space.codes, bitorder="little").astype(np.bool_)
