"""Distortions of geometry, about the middle of the image.

What comes into view from outside is the image mirrored at its edge. A black corner would itself be a cue: a model could tell
a turned image from an upright one by its corners alone.
"""

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Picture

from terrakin.evaluation.distortions.distortion import Distortion, Image

__all__ = ["ROTATION", "SCALE", "SHEAR"]


def _rotation(image: Image, strength: float, rng: np.random.Generator) -> Image:
    """Turned anticlockwise by `strength` degrees, bicubic."""
    del rng
    angle = math.radians(strength)
    # Rows run downwards, so that what lies at (x, y) comes from (x cos a - y sin a, x sin a + y cos a).
    return _warped(image, (math.cos(angle), -math.sin(angle)), (math.sin(angle), math.cos(angle)))


def _shear(image: Image, strength: float, rng: np.random.Generator) -> Image:
    """Rows pushed sideways, those above the middle to the right: verticals lean by `strength` degrees. Bicubic."""
    del rng
    return _warped(image, (1, math.tan(math.radians(strength))), (0, 1))


def _scale(image: Image, strength: float, rng: np.random.Generator) -> Image:
    """Everything `strength` times as large; bicubic, and antialiased where that is smaller, as chips are resized."""
    del rng
    height, width = image.shape[:2]
    across, down = width / strength, height / strength
    # A kernel looks two pixels to either side, of the larger of the two images.
    pad = math.ceil(max(0, across - width, down - height) / 2 + 2 * max(1, 1 / strength))
    left, top = pad + (width - across) / 2, pad + (height - down) / 2
    mirrored = np.pad(image, ((pad, pad), (pad, pad), (0, 0)), mode="symmetric")
    bands = [
        Picture.fromarray(np.ascontiguousarray(mirrored[:, :, band])).resize(
            (width, height), Picture.Resampling.BICUBIC, (left, top, left + across, top + down)
        )
        for band in range(image.shape[2])
    ]
    return _cut(np.stack([np.asarray(band) for band in bands], axis=2))


def _warped(image: Image, across: tuple[float, float], down: tuple[float, float]) -> Image:
    """The image whose point (x, y) from the middle, in pixels, shows what lies at (across, down) of it.

    Pillow warps with another bicubic kernel than it resizes with, one that sharpens (a = -1); this is the latter (a = -1/2).
    """
    height, width, bands = image.shape
    y, x = np.mgrid[:height, :width]
    x, y = x + 0.5 - width / 2, y + 0.5 - height / 2
    cols, by_col = _taps(across[0] * x + across[1] * y + width / 2, width)
    rows, by_row = _taps(down[0] * x + down[1] * y + height / 2, height)
    # A band at a time in memory: five times as fast.
    pixels = np.ascontiguousarray(np.moveaxis(image, 2, 0)).reshape(bands, -1)
    total = np.zeros_like(pixels)
    for row, row_weight in zip(rows, by_row, strict=True):
        for col, col_weight in zip(cols, by_col, strict=True):
            total += np.take(pixels, row * width + col, axis=1) * (row_weight * col_weight)
    return _cut(np.moveaxis(total.reshape(bands, height, width), 0, 2))


def _taps(place: NDArray[np.float64], length: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Along one axis, the four pixels beside each place (H, W), mirrored at the edges, and their weights: (4, H W) each.

    The weights are those of Keys' cubic convolution (IEEE Trans. ASSP 29, 1981, eq. 15).
    """
    # Rounded, so that a whole pixel is one after a quarter turn too, whose cosine is 6e-17.
    place = np.round(place.ravel() - 0.5, 9)
    before = np.floor(place)
    t = place - before
    weights = [((2 - t) * t - 1) * t, (3 * t - 5) * t * t + 2, ((4 - 3 * t) * t + 1) * t, (t - 1) * t * t]
    found = (before.astype(np.int64) + np.arange(-1, 3)[:, None]) % (2 * length)
    return np.minimum(found, 2 * length - 1 - found), (np.stack(weights) / 2).astype(np.float32)


def _cut(image: Image) -> Image:
    """Cubic kernels overshoot at edges."""
    changed: Image = np.clip(image, 0, 1)
    return changed


ROTATION = Distortion(
    "rotation", "turned anticlockwise, mirrored beyond the edges", "degrees", 0.0, tuple(range(15, 181, 15)), _rotation
)
"""There is no up, seen from above. The other half of the circle is the mirror image of this one."""

SCALE = Distortion(
    "scale", "this many times as large, mirrored beyond the edges", "times", 1.0, (0.7, 0.8, 0.9, 1.1, 1.2, 1.3, 1.4), _scale
)
"""From higher up, or from lower down."""

SHEAR = Distortion(
    "shear", "verticals lean to the right, mirrored beyond the edges", "degrees", 0.0, (5, 10, 15, 20, 25, 30), _shear
)
"""Seen from the side."""
