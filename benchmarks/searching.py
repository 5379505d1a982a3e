"""Searching against bare FAISS, against reading the memory once, and filtered."""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.archives import SHARE, make_archive
from benchmarks.result import Row
from benchmarks.timing import alternating, process
from terrakin.archive.condition import Condition
from terrakin.archive.lance import LanceStore
from terrakin.archive.schema import property_column
from terrakin.archive.vectors import read_vectors
from terrakin.search.where import parse
from terrakin.spaces.kinds import distances
from terrakin.spaces.space import Space

_K = 10
_QUERIES = 16
_SHARES = (0.1, 0.01, 0.001)
_SPACES = {"float32": Space("cosine", 128), "bit": Space("hamming", 128)}


def measure(*, small: bool) -> list[Row]:
    """Every figure of searching: both spaces at each size, the index at the largest."""
    counts = (10_000, 50_000) if small else (10_000, 200_000, 1_000_000)
    rows = []
    for unit, space in _SPACES.items():
        for count in counts:
            with tempfile.TemporaryDirectory(prefix="terrakin-bench-") as scratch:
                case = _prepare(Path(scratch), space, count, f"{count:,} x 128 {unit}")
                rows += [*_plain(case), *_command(case), *_filtered(case)]
                if count == counts[-1] and not space.is_binary:
                    rows += _approximate(case)
    return rows


@dataclass(frozen=True, slots=True)
class _Case:
    """An archive, what is in it, and what to ask it."""

    name: str
    """Its size in words."""
    path: Path
    """Of the archive."""
    store: LanceStore
    """Its store."""
    ids: list[str]
    """In their order."""
    vectors: NDArray[Any]
    """(N, W) packed, in the order of ids."""
    shares: NDArray[np.float64]
    """(N,) property `u`, in the order of ids."""
    queries: NDArray[Any]
    """(Q, W) packed: some of the vectors."""


def _prepare(folder: Path, space: Space, count: int, name: str) -> _Case:
    rng = np.random.default_rng(count)
    store = make_archive(folder / "archive", space, count, rng=rng).store
    ids, vectors = read_vectors(store)
    batches = store.scan(["id", property_column(SHARE)])
    share = {
        name: value for batch in batches for name, value in zip(*(column.to_pylist() for column in batch.columns), strict=True)
    }
    queries = vectors[rng.choice(count, _QUERIES, replace=False)]
    return _Case(name, folder / "archive", store, ids, vectors, np.array([share[name] for name in ids]), queries)


def _plain(case: _Case) -> Iterator[Row]:
    works = {
        "library": _asking(case, lambda query: case.store.search(query, k=_K)),
        "faiss": _asking(case, _bare(case)),
        "read": lambda: np.bitwise_or.reduce(case.vectors.reshape(-1).view(np.int64)),
    }
    taken = _milliseconds(works, repeat=4 * _QUERIES)
    yield Row(f"{case.name}: library call", taken["library"], "ms", "bare FAISS, one thread", taken["faiss"], "≤ 1.1")
    yield Row(f"{case.name}: library call", taken["library"], "ms", "reading the vectors once", taken["read"])


def _command(case: _Case) -> Iterator[Row]:
    """The command reads the archive from disk each time, so it is compared with a script that reads a file."""
    import faiss

    binary, number = case.store.space.is_binary, len(case.ids) // 2
    saved = case.path.with_name("plain.bits" if binary else "plain.floats")
    (faiss.write_index_binary if binary else faiss.write_index)(_flat(case), str(saved))
    works = {
        "command": process(sys.executable, "-m", "terrakin", "search", case.path, case.ids[number], "-k", _K),
        "script": process(sys.executable, Path(__file__).with_name("plain_search.py"), saved, number, _K),
    }
    taken = alternating(works, repeat=3)
    yield Row(f"{case.name}: `terrakin search`", taken["command"], "s", "script that loads a FAISS file", taken["script"])


def _filtered(case: _Case) -> Iterator[Row]:
    conditions = {share: parse(f"{SHARE} < {share}", schema=case.store.columns()) for share in _SHARES}
    works = {f"{share}": _asking(case, partial(case.store.search, k=_K, where=conditions[share])) for share in _SHARES}
    taken = _milliseconds({**works, "faiss": _asking(case, _bare(case))}, repeat=2 * _QUERIES)
    for share, condition in conditions.items():
        what = f"{case.name}: filter that leaves {share:.1%}"
        yield Row(what, taken[f"{share}"], "ms", "bare FAISS, unfiltered", taken["faiss"])
        yield Row(f"{what}: recall", _recall(case, share, condition), "", aim="figure = 1")


def _recall(case: _Case, share: float, condition: Condition) -> float:
    """Mean share of what filtering first and sorting everything that is left gives."""
    rows = np.flatnonzero(case.shares < share)
    ranked = distances(case.store.space, case.queries, case.vectors[rows])
    found = []
    for query, line in zip(case.queries, ranked, strict=True):
        truth = {case.ids[row] for row in rows[np.argsort(line, kind="stable")[:_K]]}
        found.append(len(truth.intersection(case.store.search(query, k=_K, where=condition)[0])) / len(truth))
    return float(np.mean(found))


def _approximate(case: _Case) -> Iterator[Row]:
    """The index that takes over where vectors need more memory than is allowed."""
    store = LanceStore(case.path / "chips.lance", case.store.space, exact_bytes=0)
    started = time.perf_counter()
    recall = store.build_index(k=_K, rng=np.random.default_rng(0))
    built = time.perf_counter() - started
    taken = _milliseconds(
        {"index": _asking(case, partial(store.search, k=_K)), "faiss": _asking(case, _bare(case))}, repeat=4 * _QUERIES
    )
    yield Row(f"{case.name}: approximate index", taken["index"], "ms", "bare FAISS, one thread", taken["faiss"])
    yield Row(f"{case.name}: approximate index: recall@{recall.k}, measured by itself", recall.value, "")
    yield Row(f"{case.name}: approximate index: building and measuring", built, "s")


def _asking(case: _Case, search: Callable[[NDArray[Any]], object]) -> Callable[[], object]:
    """Work that asks for another of the queries each time; all works of a case ask for the same ones in turn."""
    queries = cycle(case.queries)
    return lambda: search(next(queries))


def _bare(case: _Case) -> Callable[[NDArray[Any]], object]:
    index = _flat(case)
    return lambda query: index.search(query[None], _K)


def _flat(case: _Case) -> Any:
    import faiss

    index = (
        faiss.IndexBinaryFlat(case.store.space.size) if case.store.space.is_binary else faiss.IndexFlatIP(case.store.space.size)
    )
    index.add(case.vectors)
    return index


def _milliseconds(works: dict[str, Callable[[], object]], *, repeat: int) -> dict[str, float]:
    import faiss

    # A single query is several times slower on more threads than on one; the library sets this by itself.
    faiss.omp_set_num_threads(1)
    return {name: taken * 1e3 for name, taken in alternating(works, repeat=repeat).items()}
