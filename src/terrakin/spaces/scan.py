"""FAISS's flat scans, over NumPy memory: nothing is copied and no index object is built."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Scores", "differing_bits", "nearest", "nearest_bits", "within"]

Scores = Literal["inner product", "squared distance"]

_FEW = 16
# FAISS hands 20 float queries and more to BLAS. Squared distances lose their relative precision there (they become differences
# of large numbers), so these go in batches below that number.


def nearest(
    scores: Scores,
    queries: NDArray[np.float32],
    gallery: NDArray[np.float32],
    k: int,
    rows: NDArray[np.int64] | None,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """The k best scores (Q, k) by float32 arithmetic, best first, and their rows (Q, k). k is at most the rows there are."""
    faiss = _faiss()
    values = np.empty((len(queries), k), dtype=np.float32)
    found = np.empty((len(queries), k), dtype=np.int64)
    function = faiss.knn_inner_product if scores == "inner product" else faiss.knn_L2sqr
    step = len(queries) if scores == "inner product" else _FEW
    selector = _selector(faiss, rows, len(gallery))
    # The squared norms that BLAS would use come before the selector; they are never needed here.
    rest = (selector,) if scores == "inner product" else (None, selector)
    for start in range(0, len(queries), step):
        part = slice(start, min(start + step, len(queries)))
        asked = queries[part]
        with _threads(faiss, len(asked)):
            function(
                faiss.swig_ptr(asked),
                faiss.swig_ptr(gallery),
                gallery.shape[1],
                len(asked),
                len(gallery),
                k,
                faiss.swig_ptr(values[part]),
                faiss.swig_ptr(found[part]),
                *rest,
            )
    return values, found


def within(
    scores: Scores,
    query: NDArray[np.float32],
    gallery: NDArray[np.float32],
    bound: float,
    rows: NDArray[np.int64] | None,
) -> NDArray[np.int64]:
    """Rows whose float32 score against one query (W,) is at least as good as `bound`, ascending."""
    faiss = _faiss()
    function = faiss.range_search_inner_product if scores == "inner product" else faiss.range_search_L2sqr
    result = faiss.RangeSearchResult(1)
    selector = _selector(faiss, rows, len(gallery))
    # FAISS compares strictly; one float32 step to the safe side makes the bound itself pass.
    open_bound = np.nextafter(np.float32(bound), np.float32(-np.inf if scores == "inner product" else np.inf))
    with _threads(faiss, 1):
        function(
            faiss.swig_ptr(query),
            faiss.swig_ptr(gallery),
            gallery.shape[1],
            1,
            len(gallery),
            float(open_bound),
            result,
            selector,
        )
    count = int(faiss.rev_swig_ptr(result.lims, 2)[1])
    return np.sort(faiss.rev_swig_ptr(result.labels, count)) if count else np.empty(0, dtype=np.int64)


def nearest_bits(
    queries: NDArray[np.uint8], gallery: NDArray[np.uint8], k: int, rows: NDArray[np.int64] | None
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The k rows (Q, k) of fewest differing bits and their distances (Q, k), nearest first, ties by row.

    FAISS scans codes in ascending order into a heap that is ordered by (distance, row), so that of equal distances the lowest
    rows stay; tests hold it to that.
    """
    faiss = _faiss()
    found = np.empty((len(queries), k), dtype=np.int64)
    distances = np.empty((len(queries), k), dtype=np.int32)
    heap = faiss.int_maxheap_array_t()
    heap.nh, heap.k = len(queries), k
    heap.ids, heap.val = faiss.swig_ptr(found), faiss.swig_ptr(distances)
    selector = _selector(faiss, rows, len(gallery))
    with _threads(faiss, len(queries)):
        faiss.hammings_knn_hc(
            heap,
            faiss.swig_ptr(queries),
            faiss.swig_ptr(gallery),
            len(gallery),
            gallery.shape[1],
            1,  # ordered
            faiss.EXACT_TOPK,
            selector,
        )
    return found, distances.astype(np.float32)


def differing_bits(query: NDArray[np.uint64], gallery: NDArray[np.uint64]) -> NDArray[np.int32]:
    """How many bits of each gallery code (G, W) differ from one code (W,): (G,). Both are C-contiguous."""
    faiss = _faiss()
    result = np.empty(len(gallery), dtype=np.int32)
    with _threads(faiss, 1):
        faiss.hammings(
            faiss.swig_ptr(query.view(np.uint8)),
            faiss.swig_ptr(gallery.view(np.uint8)),
            1,
            len(gallery),
            8 * gallery.shape[1],
            faiss.swig_ptr(result),
        )
    return result


def _faiss() -> Any:
    """FAISS, imported when first searched with: the start of a command must not pay for it."""
    # Its type stubs describe the Python wrappers, not the functions on pointers that are called here.
    return importlib.import_module("faiss")


def _selector(faiss: Any, rows: NDArray[np.int64] | None, size: int) -> Any:
    if rows is None:
        return None
    chosen = np.zeros(size, dtype=np.bool_)
    chosen[rows] = True
    return faiss.IDSelectorBitmap(np.packbits(chosen, bitorder="little"))


@contextmanager
def _threads(faiss: Any, queries: int) -> Iterator[None]:
    # One query on several OpenMP threads is 3 to 10 times slower than on one (measured, 1M x 128): they wait for each other.
    # The setting belongs to the calling thread, so it is made around every call and put back.
    if queries > 1:
        yield
        return
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
