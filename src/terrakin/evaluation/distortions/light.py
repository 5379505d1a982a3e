"""Distortions of light: every pixel by itself, its place does not matter. What leaves [0, 1] is cut off, as a sensor does."""

import numpy as np

from terrakin.evaluation.distortions.distortion import Distortion, Image

__all__ = ["BRIGHTNESS", "COLOUR_CAST", "CONTRAST", "HAZE"]

_AIRLIGHT = np.float32(1)
"""What haze looks like where nothing else is seen: white, in every band."""


def _brightness(image: Image, strength: float, rng: np.random.Generator) -> Image:
    """I + s."""
    del rng
    return _cut(image + np.float32(strength))


def _contrast(image: Image, strength: float, rng: np.random.Generator) -> Image:
    """The mean m of each band stays, the distance from it is multiplied: m + s (I - m)."""
    del rng
    mean = image.mean(axis=(0, 1), dtype=np.float64).astype(np.float32)
    # Written as I + (s - 1)(I - m), so that s = 1 changes no bit.
    return _cut(image + np.float32(strength - 1) * (image - mean))


def _colour_cast(image: Image, strength: float, rng: np.random.Generator) -> Image:
    """Gains from 1 + s in the first band to 1 - s in the last: warm light on red, green, blue. A single band gets 1 + s."""
    del rng
    gains = 1 + strength * np.linspace(1, -1, image.shape[2])
    return _cut(image * gains.astype(np.float32))


def _haze(image: Image, strength: float, rng: np.random.Generator) -> Image:
    """I t + A (1 - t), t = 1 - s: the atmospheric scattering model (Koschmieder 1924; eq. 1 of He, Sun, Tang, CVPR 2009).

    The transmission t is one number for the whole image: seen from above, everything is about as far away.
    """
    del rng
    transmission = np.float32(1 - strength)
    return _cut(image * transmission + _AIRLIGHT * (1 - transmission))


def _cut(image: Image) -> Image:
    return np.clip(image, 0, 1)


BRIGHTNESS = Distortion(
    "brightness", "the same is added to every value", "of the range", 0.0, (-0.3, -0.2, -0.1, 0.1, 0.2, 0.3), _brightness
)
"""Lighter or darker."""

CONTRAST = Distortion(
    "contrast", "distances from each band's mean are multiplied", "times", 1.0, (0.2, 0.4, 0.6, 0.8, 1.25, 1.5, 2.0), _contrast
)
"""Flatter or harder."""

COLOUR_CAST = Distortion(
    "colour-cast",
    "gains from 1 + strength in the first band to 1 - strength in the last",
    "of the gain",
    0.0,
    (-0.3, -0.2, -0.1, 0.1, 0.2, 0.3),
    _colour_cast,
)
"""Warmer or colder light."""

HAZE = Distortion(
    "haze", "this share of the light is replaced by white", "of the light", 0.0, (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7), _haze
)
"""Thin cloud, dust, smoke."""
