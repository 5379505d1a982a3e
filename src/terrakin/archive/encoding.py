"""Fitting a hash function on an archive: on a sample of the vectors that it holds."""

import heapq
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from terrakin.archive.gallery import packed
from terrakin.archive.lot import lot
from terrakin.archive.schema import VECTOR
from terrakin.archive.store import Store
from terrakin.errors import HashingError
from terrakin.hashing.hasher import Hasher
from terrakin.hashing.known import HASHERS, fit_hasher, parse_hasher
from terrakin.progress import Progress, silent

__all__ = ["SAMPLE", "fit_hash_function"]

SAMPLE = 20_000
"""Chips that a hash function is fitted on; all where there are fewer."""


def fit_hash_function(store: Store, words: str, bits: int, *, progress: Progress = silent) -> Hasher:
    """Fit a hash function on a sample of the chips of a store; no pixel is read.

    The sample is chosen by hashes of ids: the same chips give the same hash function, in whatever order they came. One that
    learns from labels is fitted on chips that have some.

    Args:
        store: of float vectors.
        words: which, and its options; see `parse_hasher`.
        bits: of a code, a multiple of 8.
        progress: called now and then where fitting takes long.

    Raises:
        HashingError: if there are too few chips, they are too alike, or lack the labels that it learns from.
    """
    name, options = parse_hasher(words)
    labelled_only = HASHERS[name].supervised
    chosen = heapq.nsmallest(SAMPLE, _rows(store, labelled_only=labelled_only), key=lambda row: row[0])
    if labelled_only and not chosen:
        raise HashingError(
            f"{name} learns from labels, and none of the {store.count():,} chips has one; choose itq, kulsh, lsh or sign, "
            "or make an archive with --labels"
        )
    vectors = np.stack([vector for _, vector, _ in chosen]) if chosen else np.empty((0, store.space.width), np.float32)
    labels = [labels for _, _, labels in chosen] if labelled_only else None
    return fit_hasher(name, vectors, bits=bits, labels=labels, seed=0, progress=progress, **options)


def _rows(store: Store, *, labelled_only: bool) -> Iterator[tuple[bytes, NDArray[np.float32], list[str]]]:
    """Lot, vector and labels of each chip that may be drawn."""
    for batch in store.scan(["id", "labels", VECTOR]):
        vectors = packed(store.space, batch[VECTOR])
        for name, labels, vector in zip(batch["id"].to_pylist(), batch["labels"].to_pylist(), vectors, strict=True):
            if labels or not labelled_only:
                # A view would keep its whole batch in memory.
                yield lot(name), vector.copy(), labels
