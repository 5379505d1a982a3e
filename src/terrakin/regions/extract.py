"""Many images, described in parallel."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from terrakin.progress import Progress, silent

__all__ = ["extract", "read_picture"]

T = TypeVar("T")
D = TypeVar("D", bound=np.generic)


def extract(
    images: Sequence[T],
    read: Callable[[T], NDArray[np.floating]],
    describer: Callable[[NDArray[np.floating]], NDArray[D]],
    *,
    workers: int = 1,
    progress: Progress = silent,
) -> list[NDArray[D]]:
    """Descriptors of what many images show.

    Killed, it goes on where it was if the describer has a cache.

    Args:
        images: what `read` reads: paths, say.
        read: gives an image (H, W, B) in [0, 1]; for several workers a function of a module.
        describer: gives an image's descriptors: a `Describer` those of its regions, `terrakin.words.sift.sift` those of its
            keypoints.
        workers: processes. Scripts that ask for more than one need `if __name__ == "__main__":` around what they do.
        progress: called with images done.

    Returns:
        What the describer gives, for each image.
    """
    work = partial(_one, read, describer)
    found: list[NDArray[D]] = []
    for described in _mapped(work, images, workers):
        found.append(described)
        progress(len(found), len(images))
    return found


def read_picture(path: Path) -> NDArray[np.float32]:
    """A picture file as (H, W, 3) in [0, 1]."""
    from PIL import Image

    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"), dtype=np.float32) / np.float32(255)


def _one(
    read: Callable[[T], NDArray[np.floating]], describer: Callable[[NDArray[np.floating]], NDArray[D]], image: T
) -> NDArray[D]:
    return describer(read(image))


def _mapped(work: Callable[[T], NDArray[D]], images: Sequence[T], workers: int) -> Iterator[NDArray[D]]:
    if workers == 1:
        yield from map(work, images)
        return
    # Forked processes would inherit locks that threads of this one hold.
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(work, images, chunksize=4)
