"""Fitting on an archive what makes its vectors: on a sample of the chips that it is about to hold."""

import heapq
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from terrakin.archive.lot import lot
from terrakin.archive.run import Find
from terrakin.archive.work import Piece, Worker
from terrakin.bundles.bundle import Bundle
from terrakin.bundles.reducer import Reducer, fit, parse_reducer
from terrakin.errors import SceneError
from terrakin.hashing.multicode import MultiCode, regions_of
from terrakin.hashing.multicode_fit import fit_multi_code
from terrakin.hashing.multicode_settings import parse_multi_code
from terrakin.progress import Progress, silent
from terrakin.regions.describer import Describer
from terrakin.regions.known import segmenter
from terrakin.scenes.scene import Candidate

__all__ = ["SAMPLE", "fit_codes", "fit_reducer"]

T = TypeVar("T")

SAMPLE = 5000
"""Chips that are fitted on, about: as many of each scene, a whole number, and fewer where scenes have not so many."""


def fit_reducer(found: Find, worker: Worker, bundle: Bundle, words: str, *, workers: int) -> Reducer:
    """Fit a reducer on a sample of the chips that `found` will give.

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
    sampled = _sampled(found, worker, bundle.raw, workers=workers)
    blocks = (np.concatenate([vectors for vectors, _ in parts]) for parts in sampled if parts)
    return fit(blocks, size=size, whiten=whiten, fitted_on="archive")


def fit_codes(
    found: Find, worker: Worker, words: str, bands: Sequence[str], *, kept: Path, workers: int, progress: Progress = silent
) -> MultiCode:
    """Fit multi-code hashing on a sample of the chips that `found` will give.

    Args:
        found: lists the candidates.
        worker: opens and reads them.
        words: settings; see `MultiCodeSettings`.
        bands: common names of the bands that are read.
        kept: folder that keeps descriptors of regions: a run that goes on after an interruption finds them there.
        workers: threads.
        progress: called with sampled scenes done, then by what fits hash functions.

    Raises:
        HashingError: if there are too few chips, too few that show one kind of region, or no labels where they are needed.
        MissingExtraError: if a package is not installed.
    """
    settings = parse_multi_code(words)
    describer = Describer(segmenter(settings.regions), tuple(bands))
    held = replace(describer, cache=kept)
    sampled = list(_sampled(found, worker, partial(regions_of, held), workers=workers, progress=progress))
    regions = [region for scene in sampled for block, _ in scene for region in block]
    labels = [label_set for scene in sampled for _, label_sets in scene for label_set in label_sets]
    return fit_multi_code(
        regions,
        primitives=settings.primitives,
        threshold=settings.threshold,
        bits=settings.bits,
        hash=settings.hash,
        labels=labels,
        missing=settings.missing,
        describer=describer,
        progress=progress,
    )


def _sampled(
    found: Find, worker: Worker, of: Callable[[NDArray[np.float32]], T], *, workers: int, progress: Progress = silent
) -> Iterator[list[tuple[T, list[list[str]]]]]:
    """What `of` gives for the pixels (n, C, H, W) of sampled chips, and their label sets; a list a scene.

    It is empty for a scene that cannot be opened.

    The sample is chosen by hashes of ids: the same sources give the same sample, in whatever order they are listed.
    """
    candidates = heapq.nsmallest(
        SAMPLE, (item for _, item in found() if isinstance(item, Candidate)), key=lambda candidate: lot(candidate.key)
    )
    each = -(-SAMPLE // max(1, len(candidates)))

    def read(candidate: Candidate) -> list[tuple[T, list[list[str]]]]:
        try:
            job = worker.open(candidate)
        except SceneError:
            return []  # it is reported when the scene is indexed
        chosen = heapq.nsmallest(each, job.windows, key=lambda pair: lot(pair[1]))
        return [(of(values), labels) for values, labels in worker.pixels([Piece(job, chosen)])]

    with ThreadPoolExecutor(workers) as pool:
        try:
            for done, taken in enumerate(pool.map(read, candidates), 1):
                progress(done, len(candidates), "sampled to fit on")
                yield taken
        finally:
            worker.close()
