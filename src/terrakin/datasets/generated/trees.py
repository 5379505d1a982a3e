"""Trees: domes and cones of leaves stamped on the ground."""

from functools import cache
from typing import Literal

import numpy as np

from terrakin.datasets.generated.surface import MARGIN, Surface

__all__ = ["plant"]

_LARGEST = 9.0


def plant(
    surface: Surface,
    points: np.ndarray,
    *,
    radius: np.ndarray,
    height_m: np.ndarray,
    colours: np.ndarray,
    form: Literal["broad", "conifer"] = "broad",
) -> None:
    """Plant trees where the ground is free; where crowns meet, the higher one shows.

    Args:
        surface: the ground, changed in place.
        points: (N, 2) stems, x and y.
        radius: (N,) pixels, at most 9.
        height_m: (N,) metres.
        colours: (N, 4) crown colours, 0 to 255.
        form: a round crown or a pointed one.
    """
    wanted = surface.free(points)
    halves = np.clip(np.rint(radius * 2), 2, _LARGEST * 2).astype(int)
    corners = np.floor(points).astype(int) + MARGIN
    rows, columns = surface.relief.shape
    for (column, row), half, height, colour in zip(
        corners[wanted], halves[wanted], height_m[wanted].astype(np.float32), colours[wanted].astype(np.float32), strict=True
    ):
        crown, leaves = _crown(int(half), form)
        size = crown.shape[0] // 2
        top, left, bottom, right = row - size, column - size, row + size + 1, column + size + 1
        if top < 0 or left < 0 or bottom > rows or right > columns:
            continue
        ground = surface.relief[top:bottom, left:right]
        higher = crown * height > ground
        ground[higher] = (crown * height)[higher]
        surface.colour[top:bottom, left:right][higher] = (leaves[..., None] * colour)[higher]


@cache
def _crown(half_pixels: int, form: str) -> tuple[np.ndarray, np.ndarray]:
    """Height (S, S) from 0 to 1 and brightness (S, S) of a crown."""
    radius = half_pixels / 2
    size = int(np.ceil(radius))
    y, x = np.mgrid[-size : size + 1, -size : size + 1].astype(np.float32)
    # Leaves are lumpy: a little fixed waviness keeps crowns from being perfect discs.
    angle = np.arctan2(y, x)
    distance = np.hypot(x, y) / (radius * (1 + 0.13 * np.sin(3 * angle + half_pixels) + 0.09 * np.sin(5 * angle)))
    if form == "broad":
        height = np.where(distance < 1, 0.55 + 0.45 * np.sqrt(np.clip(1 - distance**2, 0, 1)), 0)
    else:
        height = np.where(distance < 1, 1 - 0.75 * distance, 0)
    lumps = 1 + 0.07 * np.random.default_rng(half_pixels).standard_normal(x.shape)
    return height.astype(np.float32), (lumps * np.where(distance < 1, 1 - 0.25 * distance**2, 1)).astype(np.float32)
