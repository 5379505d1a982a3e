"""Distortions of detail: what is fine is lost, or covered."""

import math

import numpy as np
from numpy.typing import NDArray

from terrakin.evaluation.distortions.distortion import Distortion, Image

__all__ = ["BLUR", "NOISE"]

_REACH = 3.5
"""Standard deviations at which the kernel of a blur ends; beyond lies less than 0.05 % of it."""


def _blur(image: Image, strength: float, rng: np.random.Generator) -> Image:
    """A Gaussian whose standard deviation is `strength` percent of the shorter side, mirrored beyond the edges."""
    del rng
    sigma = strength / 100 * min(image.shape[:2])
    if sigma == 0:
        return image
    kernel = _gaussian(sigma)
    blurred: Image = np.clip(_along(_along(image, kernel, 0), kernel, 1), 0, 1)
    return blurred


def _noise(image: Image, strength: float, rng: np.random.Generator) -> Image:
    """White Gaussian noise of that standard deviation, drawn for every pixel and band."""
    noisy: Image = np.clip(image + np.float32(strength) * rng.standard_normal(image.shape, dtype=np.float32), 0, 1)
    return noisy


def _gaussian(sigma: float) -> NDArray[np.float32]:
    """(2 r + 1,) samples of a Gaussian, summing to 1."""
    reach = math.ceil(_REACH * sigma)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    normalised: NDArray[np.float32] = (kernel / kernel.sum()).astype(np.float32)
    return normalised


def _along(image: Image, kernel: NDArray[np.float32], axis: int) -> Image:
    """Convolved with a symmetric kernel along rows or columns. One sum a tap: what BLAS would give depends on the machine."""
    reach, length = len(kernel) // 2, image.shape[axis]
    pads = [(0, 0)] * image.ndim
    pads[axis] = (reach, reach)
    mirrored = np.moveaxis(np.pad(image, pads, mode="symmetric"), axis, 0)
    total = np.zeros_like(mirrored[:length])
    for tap, weight in enumerate(kernel):
        total += weight * mirrored[tap : tap + length]
    return np.moveaxis(total, 0, axis)


BLUR = Distortion(
    "blur", "a Gaussian blur, its standard deviation a share of the side", "% of the side", 0.0, (0.25, 0.5, 1, 2, 4), _blur
)
"""Out of focus, or from a coarser sensor."""

NOISE = Distortion(
    "noise", "Gaussian noise in every pixel that the model reads", "of the range", 0.0, (0.02, 0.05, 0.1, 0.2, 0.3), _noise
)
"""Little light."""
