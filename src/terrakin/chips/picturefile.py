"""Bands of a plain picture: decoded once, by Pillow, and kept."""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from terrakin.chips.window import Window
from terrakin.errors import SceneError
from terrakin.scenes.picture import open_picture, picture_bands, picture_dtype

__all__ = ["PictureFile"]


class PictureFile:
    """A `BandFile` over a JPEG, PNG, WebP, BMP or GIF.

    Palettes, CMYK and the like become RGB; alpha and transparent colours become the mask. An EXIF rotation is not applied: a
    chip's window counts the pixels as they are stored, as GDAL and every GIS do. JPEG is decoded at full size: the decoder's
    own reduction would give other pixels than the same picture in another format.
    """

    transform = None
    reduces = False

    def __init__(self, path: str, indexes: tuple[int, ...]) -> None:
        """Decode it.

        Args:
            path: of the file.
            indexes: one-based; of `red, green, blue`, or 1 for a grey picture.

        Raises:
            SceneError: if it is broken, cut off or lacks a band.
        """
        with open_picture(path) as picture:
            try:
                bands, self._mask = _decode(picture)
            except (ValueError, IndexError, struct.error) as exc:  # Pillow's, for some that are broken in the middle
                raise SceneError(f"{path} is broken: {exc}") from exc
        if max(indexes) > len(bands):
            raise SceneError(f"{path} has {len(bands)} bands and not {max(indexes)}: it has changed since it was found")
        every = indexes == tuple(range(1, len(bands) + 1))
        self._values = bands if every else bands[[index - 1 for index in indexes]]
        self.height, self.width = bands.shape[1:]

    def read(self, rect: Window, *, reduction: int = 1) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
        """See `BandFile.read`; a view, never reduced."""
        rows, cols = slice(rect.row, rect.row + rect.height), slice(rect.col, rect.col + rect.width)
        return self._values[:, rows, cols], None if self._mask is None else self._mask[rows, cols]

    def close(self) -> None:
        """Nothing is held open."""


def _decode(picture: Image.Image) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """Bands (C, H, W), a view of interleaved pixels where there are three, and the mask (H, W)."""
    grey = len(picture_bands(picture)) == 1
    if picture_dtype(picture) != "uint8":
        return np.asarray(picture)[None], None
    mode = "L" if grey else "RGB"
    if not picture.has_transparency_data:
        values = np.asarray(picture if picture.mode == mode else picture.convert(mode))
        return (values[None] if grey else np.moveaxis(values, 2, 0)), None
    values = np.asarray(picture.convert("LA" if grey else "RGBA"))
    mask = values[..., -1] > 0
    return np.moveaxis(values[..., :-1], 2, 0), None if mask.all() else mask
