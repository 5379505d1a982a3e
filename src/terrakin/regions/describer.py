"""From an image to descriptors of its regions, which are kept on disk so that nothing is done twice."""

import hashlib
import os
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from terrakin.regions.describe import describe, size
from terrakin.regions.known import DEFAULT, REGIONS, Segmenter
from terrakin.regions.segment import MIN_AREA, segment

__all__ = ["Describer"]

_VERSION = 1
# To be raised whenever the same image and settings come to give other descriptors: what is kept on disk is then done again.


def _default() -> Segmenter:
    return REGIONS[DEFAULT]()


@dataclass(frozen=True, slots=True)
class Describer:
    """From an image to the descriptors of its regions. Safe to call from several threads and processes."""

    segmenter: Segmenter = field(default_factory=_default)
    """How images are cut."""
    bands: tuple[str, ...] | None = None
    """Common names of the bands, by which red, green and blue are turned grey."""
    min_area: int = MIN_AREA
    """Pixels of the smallest region."""
    cache: Path | None = None
    """Folder that keeps descriptors by the image's content and these settings; None keeps nothing."""

    def __call__(self, image: NDArray[np.floating]) -> NDArray[np.float32]:
        """Descriptors (n, 35 + 10 B) of the regions of an image (H, W, B) in [0, 1], in raster order."""
        kept = None if self.cache is None else self._place(self.cache, image)
        if kept is not None and (found := _read(kept, size(image.shape[2]))) is not None:
            return found
        described = describe(image, segment(image, self.segmenter, min_area=self.min_area), bands=self.bands)
        if kept is not None:
            # Nothing but time is lost where the disk is full; whoever writes the results will tell.
            with suppress(OSError):
                _write(kept, described)
        return described

    def _place(self, cache: Path, image: NDArray[np.floating]) -> Path:
        """The file of an image: two letters of a folder, so that none of them holds too many."""
        digest = hashlib.blake2b(np.ascontiguousarray(image).tobytes(), digest_size=20)
        settings = (_VERSION, image.shape, image.dtype.str, self.segmenter, self.bands, self.min_area)
        digest.update(repr(settings).encode())
        name = digest.hexdigest()
        return cache / name[:2] / f"{name}.npy"


def _read(path: Path, wide: int) -> NDArray[np.float32] | None:
    try:
        found: NDArray[np.float32] = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None  # not there, or broken: it is made again
    return found if found.ndim == 2 and found.shape[1] == wide and found.dtype == np.float32 else None


def _write(path: Path, described: NDArray[np.float32]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        with beside.open("wb") as file:
            np.save(file, described)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
