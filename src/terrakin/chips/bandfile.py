"""Files that hold bands of a scene, opened once and read in rectangles."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from terrakin.chips.picturefile import PictureFile
from terrakin.chips.rasterfile import RasterFile
from terrakin.chips.window import Window
from terrakin.scenes.formats import is_picture
from terrakin.scenes.scene import Band, Scene

__all__ = ["BandFile", "open_band_files"]

_LARGEST_PICTURE = 89_000_000
"""Pixels up to which a picture is decoded in memory by Pillow (about 350 MB of RGB); GDAL decodes larger ones to disk."""


class BandFile(Protocol):
    """Some bands of one open file, on that file's own grid."""

    @property
    def width(self) -> int:
        """Columns."""

    @property
    def height(self) -> int:
        """Rows."""

    @property
    def transform(self) -> tuple[float, float, float, float, float, float] | None:
        """As in `Scene.transform`; None where the file has none."""

    @property
    def reduces(self) -> bool:
        """Whether `read` heeds `reduction`."""

    def read(self, rect: Window, *, reduction: int = 1) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
        """Stored values of a rectangle inside the file, and where a mask or alpha band says that something was measured.

        Args:
            rect: in the file's pixels.
            reduction: pixels of the file along each side of a pixel that is returned, averaged over what was measured.

        Returns:
            (C, H, W) of the stored type, bands in the order that they were asked for, and (H, W), or None where no mask or
            alpha band exists or all is measured. H and W are those of `rect` divided by the reduction, rounded up.

        Raises:
            SceneError: if the file is broken or cut off there.
        """

    def close(self) -> None:
        """Release the file; reading is over."""


def open_band_files(scene: Scene, bands: Sequence[Band]) -> list[tuple[BandFile, tuple[int, ...]]]:
    """Open each file that holds any of the bands, once, with the positions in `bands` of those that it holds.

    Raises:
        SceneError: if one cannot be opened; those that could are closed again.
    """
    by_path: dict[str, list[int]] = {}
    for position, band in enumerate(bands):
        by_path.setdefault(band.path, []).append(position)
    opened: list[tuple[BandFile, tuple[int, ...]]] = []
    try:
        for path, positions in by_path.items():
            indexes = tuple(bands[position].index for position in positions)
            small = scene.width * scene.height <= _LARGEST_PICTURE
            file: BandFile = PictureFile(path, indexes) if is_picture(path) and small else RasterFile(path, indexes)
            opened.append((file, tuple(positions)))
    except BaseException:
        for file, _ in opened:
            file.close()
        raise
    return opened
