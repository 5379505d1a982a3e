"""A synthetic scene: arranged, painted and lit."""

from dataclasses import dataclass

import numpy as np

from terrakin.datasets.generated.fields import paint_fields
from terrakin.datasets.generated.forest import paint_forest_floor, paint_forest_trees
from terrakin.datasets.generated.harbours import paint_harbour, sea_part
from terrakin.datasets.generated.houses import paint_houses
from terrakin.datasets.generated.layout import CELL, CLASSES, Cell, arrange, share_out
from terrakin.datasets.generated.light import illuminate
from terrakin.datasets.generated.look import SEASONS, Look, choose_look
from terrakin.datasets.generated.noise import smooth_noise
from terrakin.datasets.generated.roads import paint_lanes, paint_road
from terrakin.datasets.generated.surface import MARGIN, Surface, toned
from terrakin.datasets.generated.water import paint_boats, paint_water

__all__ = ["SyntheticScene", "draw_scene"]


_SENSOR_NOISE = 1.6


@dataclass(frozen=True, slots=True)
class SyntheticScene:
    """Pixels, and what they show."""

    pixels: np.ndarray
    """(H, W, 4) float32 red, green, blue and near infrared, 0 to 255."""
    gsd_m: int
    """Metres per pixel."""
    season: str
    """One of `SEASONS`."""
    cells: tuple[Cell, ...]
    """What lies where, in row order; outlines in metres from the upper left corner."""


def draw_scene(rows: int, cols: int, *, rng: np.random.Generator, gsd_m: int = 1) -> SyntheticScene:
    """Draw a scene of `rows` x `cols` cells, each 256 m wide and high.

    Six cells and more show every class. The same generator state gives the same scene.

    Args:
        rows: cells from north to south, at least 1.
        cols: cells from west to east, at least 1.
        rng: source of all randomness.
        gsd_m: metres per pixel, a divisor of 256; coarser pixels are means of those of one metre.

    Raises:
        ValueError: if `rows`, `cols` or `gsd_m` is not as said.

    >>> draw_scene(1, 1, rng=np.random.default_rng(0), gsd_m=4).pixels.shape
    (64, 64, 4)
    """
    if min(rows, cols) < 1:
        raise ValueError(f"a scene needs at least 1 x 1 cell, got {rows} x {cols}")
    if gsd_m < 1 or CELL % gsd_m:
        raise ValueError(f"gsd_m must divide {CELL}, got {gsd_m}")
    season = str(rng.choice(list(SEASONS)))
    look = choose_look(season, rng)
    cells = arrange(rows, cols, share_out(rows * cols, rng), rng)
    surface = Surface(cols * CELL, rows * CELL)
    _paint(surface, cells, look, rng)
    lit = illuminate(surface, look.sun)[MARGIN:-MARGIN, MARGIN:-MARGIN]
    lit += _SENSOR_NOISE * rng.standard_normal(lit.shape, dtype=np.float32)
    height, width = lit.shape[0] // gsd_m, lit.shape[1] // gsd_m
    pixels = lit.reshape(height, gsd_m, width, gsd_m, 4).mean(axis=(1, 3)) if gsd_m > 1 else lit
    return SyntheticScene(pixels=np.clip(pixels, 0, 255), gsd_m=gsd_m, season=season, cells=tuple(cells))


def _paint(surface: Surface, cells: list[Cell], look: Look, rng: np.random.Generator) -> None:
    """Paint from the ground up: what comes later lies over what came before and keeps off what is reserved."""
    texture = smooth_noise(surface.relief.shape, 15, rng, octaves=3)
    surface.colour[:] = toned(look.grass, 1 + 0.05 * texture)
    surface.relief[:] = 0.1 * texture
    of = {label: [cell for cell in cells if cell.label == label] for label in CLASSES}
    for cell in of["fields"]:
        paint_fields(surface, cell, look, rng)
    for cell in of["forest"]:
        paint_forest_floor(surface, cell, rng)
    flooded = [cell.outline for cell in of["water"]] + [sea_part(cell) for cell in of["harbours"]]
    if flooded:
        paint_water(surface, flooded, look, rng)
    for cell in of["fields"] + of["forest"]:
        paint_lanes(surface, cell, rng)
    for cell in of["roads"]:
        paint_road(surface, cell, look, rng)
    for cell in of["houses"]:
        paint_houses(surface, cell, look, rng)
    for cell in of["harbours"]:
        paint_harbour(surface, cell, rng)
    for cell in of["forest"]:
        paint_forest_trees(surface, cell, look, rng)
    for cell in of["water"]:
        paint_boats(surface, cell, look, rng)
