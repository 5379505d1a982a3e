"""Searching by codes: against bare FAISS, against reading the codes once, from an archive to ten million chips."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.archives import make_archive
from benchmarks.machine import cores
from benchmarks.result import Row
from benchmarks.timing import alternating
from terrakin.archive.lance import LanceStore
from terrakin.archive.schema import CODE
from terrakin.hashing.known import fit_hasher
from terrakin.search.coded import Coded, nearest_by_codes
from terrakin.spaces.kinds import topk
from terrakin.spaces.space import Space

_K = 10
_TIMES = 20
_QUERIES = 16
_BATCH = 512
_BITS = (64, 128)
_VECTORS = Space("cosine", 16)
# Short, because only a shortlist reads them: ten million take 640 MB of disk.


_SEARCH = """
import sys
from pathlib import Path
import faiss, lance
import numpy as np
from terrakin.archive.lance import LanceStore
from terrakin.spaces.space import Space

def memory(which):
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith(which))) / 1024

store = LanceStore(Path(sys.argv[1]), Space("cosine", 16))
before = memory("VmRSS")
store.search(np.frombuffer(bytes.fromhex(sys.argv[2]), np.uint8), k=10, by="code")
print(memory("VmHWM") - before)
"""


def measure(*, small: bool) -> list[Row]:
    """Every figure of searching by codes. The first size is that of BigEarthNet."""
    counts = (20_000, 50_000, 200_000) if small else (590_326, 1_000_000, 10_000_000)
    rows: list[Row] = []
    library: dict[tuple[int, int], float] = {}
    for count in counts:
        with tempfile.TemporaryDirectory(prefix="terrakin-bench-") as scratch:
            path = Path(scratch) / "archive"
            make_archive(path, _VECTORS, count, rng=np.random.default_rng(count))
            for bits in _BITS:
                case = _prepare(path, count, bits)
                taken = _times(case)
                library[count, bits] = taken["library"]
                rows += [*case.sizes, *_rows(case, taken)]
                if count == counts[1]:
                    rows.append(_batched(case))
                if count == counts[2]:
                    rows += _approximate(case, path)
    for bits in _BITS:
        few, many = (library[count, bits] for count in counts[1:])
        name, factor = f"{counts[2]:,} codes of {bits} bits", counts[2] / counts[1]
        rows.append(Row(f"{name}: library call", many, "ms", f"{counts[1]:,} codes", few, f"≤ {factor:g}"))
    return rows


@dataclass(frozen=True, slots=True)
class _Case:
    """An archive with codes in memory, and what to ask it."""

    name: str
    """Its size in words."""
    store: LanceStore
    """Its store."""
    space: Space
    """How the codes compare."""
    codes: NDArray[np.uint8]
    """(N, W), those of the library, in its order."""
    queries: list[Coded]
    """Some chips as queries."""
    sizes: list[Row]
    """What the codes take, on disk and in memory."""


def _prepare(path: Path, count: int, bits: int) -> _Case:
    rng, name, space = np.random.default_rng(bits), f"{count:,} codes of {bits} bits", Space("hamming", bits)
    store = LanceStore(path / "chips.lance", _VECTORS)
    rows = next(store.scan(["id", "vector"])).slice(0, _QUERIES)
    vectors = rows["vector"].flatten().to_numpy().reshape(-1, _VECTORS.width)
    hasher = fit_hasher("lsh", rng.normal(size=(1000, _VECTORS.size)).astype(np.float32), bits=bits)
    store.drop_codes()
    before = _disk(path)
    store.add_codes(space, hasher.codes)
    on_disk = (_disk(path) - before) / count
    queries = [Coded(vector, code, _TIMES) for vector, code in zip(vectors, hasher.codes(vectors), strict=True)]
    codes = np.concatenate([_codes(batch, space) for batch in store.scan([CODE])])
    themselves = (codes.nbytes + sum(batch["id"].nbytes for batch in store.scan(["id"]))) / 2**20
    sizes = [
        Row(f"{name}: on disk", on_disk, "bytes an image", "the bits themselves", bits / 8),
        Row(f"{name}: peak memory of a search", _peak(path, queries[0].code), "MiB", "codes and ids themselves", themselves),
    ]
    return _Case(name, store, space, codes, queries, sizes)


def _times(case: _Case) -> dict[str, float]:
    """Milliseconds of a query, of the library and of what it is compared with."""
    import faiss

    # A single query is several times slower on more threads than on one; the library sets this by itself.
    faiss.omp_set_num_threads(1)
    flat = faiss.IndexBinaryFlat(case.space.size)
    flat.add(case.codes)
    asked = {name: cycle(case.queries) for name in ("library", "faiss", "shortlist")}
    words = case.codes.reshape(-1).view(np.int64)
    works = {
        "library": lambda: case.store.search(next(asked["library"]).code, k=_K, by=CODE),
        "faiss": lambda: flat.search(next(asked["faiss"]).code[None], _K),
        "read": lambda: np.bitwise_or.reduce(words),
        "shortlist": lambda: nearest_by_codes(case.store, next(asked["shortlist"]), k=_K),
    }
    return {name: seconds * 1e3 for name, seconds in alternating(works, repeat=4 * _QUERIES).items()}


def _rows(case: _Case, taken: dict[str, float]) -> Iterator[Row]:
    yield Row(f"{case.name}: library call", taken["library"], "ms", "bare FAISS, one thread", taken["faiss"], "≤ 1.1")
    yield Row(f"{case.name}: library call", taken["library"], "ms", "reading the codes once", taken["read"])
    what = f"{case.name}: shortlist of {_TIMES} x {_K}, ranked by vectors on disk"
    yield Row(what, taken["shortlist"], "ms", "library call", taken["library"])


def _batched(case: _Case) -> Row:
    import faiss

    faiss.omp_set_num_threads(cores())
    queries = np.tile(np.stack([query.code for query in case.queries]), (_BATCH // _QUERIES, 1))
    flat = faiss.IndexBinaryFlat(case.space.size)
    flat.add(case.codes)
    works = {"library": lambda: topk(case.space, queries, case.codes, _K), "faiss": lambda: flat.search(queries, _K)}
    taken = alternating(works, repeat=5)
    what = f"{case.name}: {_BATCH} queries at once, {cores()} cores"
    library, bare = (_BATCH / taken[name] for name in ("library", "faiss"))
    return Row(what, library, "queries/s", "bare FAISS", bare, "figure ≥ 800")


def _approximate(case: _Case, path: Path) -> Iterator[Row]:
    """The index of cells that takes over where codes need more memory than is allowed."""
    store = LanceStore(path / "chips.lance", _VECTORS, exact_bytes=0)
    started = time.perf_counter()
    recall = store.build_index(by=CODE, k=_K, rng=np.random.default_rng(0))
    built = time.perf_counter() - started
    asked = {name: cycle(case.queries) for name in ("index", "library")}
    works = {
        "index": lambda: store.search(next(asked["index"]).code, k=_K, by=CODE),
        "library": lambda: case.store.search(next(asked["library"]).code, k=_K, by=CODE),
    }
    taken = {name: seconds * 1e3 for name, seconds in alternating(works, repeat=4 * _QUERIES).items()}
    what = f"{case.name}: index of cells on disk"
    yield Row(what, taken["index"], "ms", "library call, exact, in memory", taken["library"])
    yield Row(f"{what}: recall@{recall.k}, measured by itself", recall.value, "")
    yield Row(f"{what}: building and measuring", built, "s")


def _codes(batch: Any, space: Space) -> NDArray[np.uint8]:
    codes: NDArray[np.uint8] = batch[CODE].flatten().to_numpy().reshape(-1, space.width)
    return codes


def _disk(path: Path) -> int:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


def _peak(path: Path, code: NDArray[np.uint8]) -> float:
    """MiB that a process of its own needs to load the codes and to search by one, beyond what an open archive takes."""
    command = [sys.executable, "-c", _SEARCH, str(path / "chips.lance"), code.tobytes().hex()]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
