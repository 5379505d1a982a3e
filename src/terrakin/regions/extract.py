"""Regions of many images, described in parallel."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from terrakin.progress import Progress, silent
from terrakin.regions.describer import Describer

__all__ = ["extract", "read_picture"]

T = TypeVar("T")


def extract(
    images: Sequence[T],
    read: Callable[[T], NDArray[np.floating]],
    describer: Describer,
    *,
    workers: int = 1,
    progress: Progress = silent,
) -> list[NDArray[np.float32]]:
    """Descriptors of the regions of many images.

    Killed, it goes on where it was if the describer has a cache.

    Args:
        images: what `read` reads: paths, say.
        read: gives an image (H, W, B) in [0, 1]; for several workers a function of a module.
        describer: cuts and describes.
        workers: processes. Scripts that ask for more than one need `if __name__ == "__main__":` around what they do.
        progress: called with images done.

    Returns:
        For each image (n, 35 + 10 B) float32.
    """
    work = partial(_one, read, describer)
    found: list[NDArray[np.float32]] = []
    for described in _mapped(work, images, workers):
        found.append(described)
        progress(len(found), len(images))
    return found


def read_picture(path: Path) -> NDArray[np.float32]:
    """A picture file as (H, W, 3) in [0, 1]."""
    from PIL import Image

    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"), dtype=np.float32) / np.float32(255)


def _one(read: Callable[[T], NDArray[np.floating]], describer: Describer, image: T) -> NDArray[np.float32]:
    return describer(read(image))


def _mapped(work: Callable[[T], NDArray[np.float32]], images: Sequence[T], workers: int) -> Iterator[NDArray[np.float32]]:
    if workers == 1:
        yield from map(work, images)
        return
    # Forked processes would inherit locks that threads of this one hold.
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(work, images, chunksize=4)
