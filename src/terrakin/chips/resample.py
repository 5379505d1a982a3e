"""Pixels of any size brought to a model's square, by Pillow: bicubic with antialiasing, or repeated where they are enlarged."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from terrakin.chips.pixels import Upsampling

__all__ = ["Part", "square", "square_mask"]

Part = tuple[float, float, float, float]
"""(left, upper, right, lower) in pixels, of what becomes the square."""


def square(values: NDArray[Any], part: Part, size: int, upsampling: Upsampling = "bicubic") -> NDArray[np.float32]:
    """Resize the part of an array to `size` x `size`, values in [0, 1].

    8 bit values stay 8 bit while they are resized, as in the preprocessing that published models were trained with: the same
    pixels give the same result whatever format they come from.

    Args:
        values: (C, H, W) uint8, 0..255 becoming 0..1, or float32 in [0, 1].
        part: see `Part`.
        size: side of the result.
        upsampling: what is done where the part has no more pixels than the result along either side; with `nearest` each of the
            result is the pixel that its centre lies in. A part with more is averaged down all the same.

    Returns:
        (C, size, size) float32.
    """
    enlarged = part[2] - part[0] <= size and part[3] - part[1] <= size
    method = Image.Resampling.NEAREST if upsampling == "nearest" and enlarged else Image.Resampling.BICUBIC
    resized = np.empty((len(values), size, size), np.float32)
    if values.dtype == np.uint8 and len(values) == 3:
        # One image of three bands costs less than three of one, and gives the same numbers.
        bands = _resize(_rgb(values), part, size, method).split()
    else:
        bands = tuple(_resize(Image.fromarray(band), part, size, method) for band in values)
    for band, result in zip(map(np.asarray, bands), resized, strict=True):
        if band.dtype == np.uint8:
            np.divide(band, np.float32(255), out=result)
        else:
            np.clip(band, 0, 1, out=result)  # a bicubic kernel overshoots at edges
    return resized


def square_mask(measured: NDArray[np.bool_], part: Part, size: int) -> NDArray[np.bool_]:
    """Resize the part of a mask (H, W) to `size` x `size`: True where at least half of a pixel was measured."""
    image = Image.fromarray(measured.astype(np.uint8) * 255)
    return np.asarray(image.resize((size, size), Image.Resampling.BOX, part)) >= 128


def _rgb(values: NDArray[np.uint8]) -> Image.Image:
    """One image of three bands (3, H, W), which a file may hold interleaved or one after another."""
    if values.strides[0] == 1:
        return Image.fromarray(np.moveaxis(values, 0, 2))
    return Image.merge("RGB", [Image.fromarray(band) for band in values])


def _resize(image: Image.Image, part: Part, size: int, method: Image.Resampling) -> Image.Image:
    return image.resize((size, size), method, part)
