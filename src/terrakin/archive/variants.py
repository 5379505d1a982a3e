"""Variants of chips: their pixels read again, changed, and embedded as those of the archive were."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from terrakin.archive.again import Found, find_again, read_found
from terrakin.archive.ledger import Ledger
from terrakin.archive.options import IndexOptions
from terrakin.archive.store import Store
from terrakin.bundles.bundle import Bundle
from terrakin.scenes.formats import decoded_whole
from terrakin.spaces.kinds import Packed

__all__ = ["Variants", "embed_variants"]

Variants = Callable[[str, NDArray[np.float32]], Sequence[NDArray[np.float32]]]
"""From a chip's id and its pixels (C, H, W) in [0, 1] to S images of the same shape and range."""

_PIECE = 8
"""Chips in one task; those of a scene that is decoded whole are one task."""


def embed_variants(
    ids: Sequence[str],
    variants: Variants,
    *,
    store: Store,
    ledger: Ledger,
    bundle: Bundle,
    options: IndexOptions,
    workers: int,
    advance: Callable[[int], None],
) -> Packed:
    """Read chips from where they were indexed, as they were read then, and embed variants of them.

    Args:
        ids: n chips of the archive, at least one.
        variants: the same number S of images for every chip. Called from several threads.
        store: has the chips' windows.
        ledger: has their scenes.
        bundle: the archive's own.
        options: the archive's own.
        workers: threads.
        advance: told how many more images are embedded.

    Returns:
        (S, n, W) packed vectors.

    Raises:
        ChipNotFoundError: if there is no chip of an id.
        SceneError: if a scene is gone or cannot be read.
        ValueError: if there is no id.
    """
    if not ids:
        raise ValueError("there is nothing to embed: no id was given")

    def embed(found: Found) -> Packed:
        vectors = [
            bundle.embed(np.stack(variants(name, pixels.values)))
            for (_, name, _), pixels in zip(found.chips, read_found(found, bundle.passport, options), strict=True)
        ]
        return np.stack(vectors, axis=1)

    pieces = [piece for found in find_again(store, ledger, ids) for piece in _pieces(found)]
    pool = ThreadPoolExecutor(workers, thread_name_prefix="terrakin")
    parts = []
    try:
        for vectors in pool.map(embed, pieces):
            parts.append(vectors)
            advance(vectors.shape[0] * vectors.shape[1])
    finally:
        pool.shutdown(cancel_futures=True)
    came = [place for piece in pieces for place, _, _ in piece.chips]
    embedded: Packed = np.concatenate(parts, axis=1)[:, np.argsort(came)]
    return embedded


def _pieces(found: Found) -> Iterator[Found]:
    """The chips of a scene in parts for the threads to share."""
    size = len(found.chips) if any(decoded_whole(band.path) for band in found.scene.bands) else _PIECE
    for start in range(0, len(found.chips), size):
        yield replace(found, chips=found.chips[start : start + size])
