"""Searching code sets, as multi-code hashing makes them: eight codes of 32 bits a chip, of which a query has some or all."""

from collections.abc import Iterator

import numpy as np

from benchmarks.result import Row
from benchmarks.timing import alternating
from terrakin.spaces.kinds import topk
from terrakin.spaces.space import Space

_K = 20
_SPACE = Space("codeset", 32, codes=8)
_MIXED, _ALL = 0b0001_0111, 0b1111_1111
# Which codes a query has: about as many as an image shows, and all, which needs no mask.


def measure(*, small: bool) -> list[Row]:
    """A query against code sets in memory, beside reading these once and a flat index that compares every bit."""
    return [row for count in ((50_000,) if small else (100_000, 1_000_000)) for row in _rows(count)]


def _rows(count: int) -> Iterator[Row]:
    import faiss

    rng = np.random.default_rng(count)
    sets = rng.integers(0, 256, (count, _SPACE.width), dtype=np.uint8)
    present = np.unpackbits(sets[:, :1], axis=1, bitorder="little").astype(np.bool_)
    sets[:, 1:] *= np.repeat(present, 4, axis=1)
    words = np.ascontiguousarray(sets.ravel()[: sets.size // 8 * 8]).view(np.int64)
    some, every = (_query(sets[1], which) for which in (_MIXED, _ALL))
    flat = faiss.IndexBinaryFlat(_SPACE.size * _SPACE.codes)
    flat.add(np.ascontiguousarray(sets[:, 1:]))
    faiss.omp_set_num_threads(1)
    works = {
        "some": lambda: topk(_SPACE, some, sets, _K),
        "every": lambda: topk(_SPACE, every, sets, _K),
        "flat": lambda: flat.search(np.ascontiguousarray(every[:, 1:]), _K),
        "read": lambda: np.bitwise_or.reduce(words),
    }
    taken = {name: seconds * 1e3 for name, seconds in alternating(works, repeat=32).items()}
    name = f"{count:,} sets of 8 x 32 bits"
    for what, words_ in (("some", "a query of four codes"), ("every", "a query of all codes")):
        yield Row(f"{name}: {words_}", taken[what], "ms", "reading the sets once", taken["read"])
        yield Row(f"{name}: {words_}", taken[what], "ms", "bare FAISS over every bit, without presence", taken["flat"])


def _query(like: np.ndarray, presence: int) -> np.ndarray:
    query = like[None].copy()
    query[0, 0] = presence
    return query
