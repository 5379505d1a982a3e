"""Sunlight: shaded slopes and cast shadows."""

import math
from dataclasses import dataclass

import numpy as np

from terrakin.datasets.generated.surface import Surface

__all__ = ["Sun", "illuminate"]

_LONGEST = 64
"""Pixels that a shadow can reach; a power of two."""
_SKYLIGHT = np.array([0.36, 0.43, 0.54, 0.30], np.float32)
"""What reaches a shadow: blue more than red, near infrared least."""


@dataclass(frozen=True, slots=True)
class Sun:
    """Where the light comes from."""

    azimuth: float
    """Radians clockwise from north (up)."""
    elevation: float
    """Radians above the horizon."""

    @property
    def towards(self) -> np.ndarray:
        """(2,) unit vector on the ground from a thing to the sun, x to the right and y down."""
        return np.array([np.sin(self.azimuth), -np.cos(self.azimuth)])


def illuminate(surface: Surface, sun: Sun) -> np.ndarray:
    """(H, W, 4) float32 colours of the surface, margin included, as they look under the sun."""
    shaded = _shade(surface.relief, sun)
    tops = np.maximum(surface.walls, surface.relief)
    shadow = _shadow(tops, sun)[..., None]
    lit: np.ndarray = surface.colour * shaded[..., None]
    lit *= 1 - shadow * (1 - _SKYLIGHT)
    return lit


def _shade(relief: np.ndarray, sun: Sun) -> np.ndarray:
    """(H, W) brightness of each slope, 1 for flat ground (Lambert's law)."""
    rows, columns = np.gradient(relief)
    # Python floats, not numpy's, keep the arrays in single precision.
    x, y = map(float, sun.towards)
    lambert = math.sin(sun.elevation) - math.cos(sun.elevation) * (columns * x + rows * y)
    lambert /= np.sqrt(1 + columns**2 + rows**2)
    # Sky light keeps slopes that face away from going black.
    return np.asarray(np.clip(0.35 + 0.65 * lambert / math.sin(sun.elevation), 0.30, 1.6))


def _shadow(tops: np.ndarray, sun: Sun) -> np.ndarray:
    """(H, W) share of each pixel in shadow, 0 to 1: something towards the sun rises above the ray."""
    rays = tops.copy()
    fall = math.tan(sun.elevation)
    step = 1
    # Doubling the reach each time covers all distances up to _LONGEST in few passes.
    while step < _LONGEST:
        dx, dy = np.rint(sun.towards * step).astype(int)
        there = np.roll(rays, (-dy, -dx), axis=(0, 1)) - step * fall
        np.maximum(rays, there, out=rays)
        step *= 2
    return np.asarray(np.clip((rays - tops - 0.3) / 1.2, 0, 1))
