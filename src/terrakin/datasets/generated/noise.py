"""Smooth random fields: what makes ground look like ground."""

import numpy as np
from PIL import Image

__all__ = ["smooth_noise"]


def smooth_noise(shape: tuple[int, int], period: float, rng: np.random.Generator, *, octaves: int = 1) -> np.ndarray:
    """A random field that varies over about `period` pixels.

    Args:
        shape: (H, W).
        period: pixels between independent values of the coarsest octave.
        rng: source of randomness.
        octaves: fields of halved period and amplitude that are added.

    Returns:
        (H, W) float32, about zero mean and unit variance.
    """
    total = np.zeros(shape, np.float32)
    power = 0.0
    for octave in range(octaves):
        step, amplitude = max(period / 2**octave, 1.0), 0.5**octave
        columns, rows = shape[1] / step, shape[0] / step
        grid = rng.standard_normal((int(rows) + 4, int(columns) + 4), dtype=np.float32)
        box = (1, 1, 1 + columns, 1 + rows)
        total += amplitude * np.asarray(Image.fromarray(grid).resize(shape[::-1], Image.Resampling.BICUBIC, box=box))
        power += amplitude**2
    # Interpolation between independent values takes away about a third of their variance.
    return total * np.float32(1.2 / np.sqrt(power))
