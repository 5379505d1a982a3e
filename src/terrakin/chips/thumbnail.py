"""Thumbnails: what a person sees of a chip."""

import io

import numpy as np
from PIL import Image

from terrakin.chips.pixels import Pixels

__all__ = ["shown_bands", "thumbnail"]

_SIDE = 128
"""Longest side of a thumbnail in pixels; smaller pixels are not enlarged."""

_QUALITY = 80

_COLOURS = ("red", "green", "blue")


def shown_bands(names: tuple[str, ...]) -> tuple[int, ...]:
    """Positions of the bands to show as red, green and blue, or of the one to show in grey.

    Args:
        names: common names of the bands that a model reads, in its order.

    >>> shown_bands(("nir", "red", "green", "blue"))
    (1, 2, 3)
    >>> shown_bands(("B08", "B11", "B04", "B03"))
    (0, 1, 2)
    >>> shown_bands(("vv", "vh"))
    (0,)
    """
    if set(_COLOURS) <= set(names):
        return tuple(names.index(colour) for colour in _COLOURS)
    return (0, 1, 2) if len(names) >= 3 else (0,)


def thumbnail(pixels: Pixels, shown: tuple[int, ...]) -> bytes:
    """A JPEG of at most 128 x 128 px; what was not measured is white.

    Args:
        pixels: of the chip.
        shown: see `shown_bands`; three positions, or one.
    """
    shades = (pixels.values[list(shown)] * np.float32(255) + np.float32(0.5)).astype(np.uint8)
    if not pixels.mask.all():
        shades[:, ~pixels.mask] = 255
    bands = [Image.fromarray(band) for band in shades]
    image = bands[0] if len(bands) == 1 else Image.merge("RGB", bands)
    # By a whole number: four times as fast as to a size of one's choice, and nobody sees the difference.
    image = image.reduce(-(-max(image.size) // _SIDE))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()
