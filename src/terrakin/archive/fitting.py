"""Fitting a reducer on an archive: on a sample of the chips that it is about to hold."""

import hashlib
import heapq
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from terrakin.archive.run import Find
from terrakin.archive.work import Piece, Worker
from terrakin.bundles.bundle import Bundle
from terrakin.bundles.reducer import Reducer, fit, parse_reducer
from terrakin.errors import SceneError
from terrakin.scenes.scene import Candidate

__all__ = ["SAMPLE", "fit_reducer"]

SAMPLE = 5000
"""Chips that a reducer is fitted on; all where there are fewer."""


def fit_reducer(found: Find, worker: Worker, bundle: Bundle, words: str, *, workers: int) -> Reducer:
    """Fit a reducer on a sample of the chips that `found` will give.

    The sample is chosen by hashes of ids: the same sources give the same reducer, in whatever order they are listed.

    Args:
        found: lists the candidates.
        worker: opens and reads them.
        bundle: embeds them, without a reducer.
        words: `pca:SIZE` or `pca-whitened:SIZE`.
        workers: threads.

    Raises:
        BundleError: if there are too few chips, or more dimensions are asked for than the model gives.
    """
    size, whiten = parse_reducer(words)
    candidates = heapq.nsmallest(
        SAMPLE, (item for _, item in found() if isinstance(item, Candidate)), key=lambda candidate: _hash(candidate.key)
    )
    each = -(-SAMPLE // max(1, len(candidates)))

    def vectors(candidate: Candidate) -> NDArray[np.float32]:
        try:
            job = worker.open(candidate)
        except SceneError:
            return np.empty((0, 0), np.float32)  # it is reported when the scene is indexed
        chosen = heapq.nsmallest(each, job.windows, key=lambda pair: _hash(pair[1]))
        parts = [bundle.raw(values) for values in worker.pixels([Piece(job, chosen)])]
        return np.concatenate(parts) if parts else np.empty((0, 0), np.float32)

    with ThreadPoolExecutor(workers) as pool:
        try:
            blocks = (block for block in pool.map(vectors, candidates) if len(block))
            return fit(blocks, size=size, whiten=whiten, fitted_on="archive")
        finally:
            worker.close()


def _hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=8).digest()
