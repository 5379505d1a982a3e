"""Forest: closed canopies, plantations in rows, and clearings."""

import numpy as np

from terrakin.datasets.generated.layout import CELL, Cell
from terrakin.datasets.generated.look import Look
from terrakin.datasets.generated.noise import smooth_noise
from terrakin.datasets.generated.shapes import cover, inside, turn
from terrakin.datasets.generated.surface import Colour, Surface, toned
from terrakin.datasets.generated.trees import plant

__all__ = ["paint_forest_floor", "paint_forest_trees"]

_CONIFERS: tuple[Colour, ...] = ((62, 86, 62, 128), (54, 78, 62, 118), (72, 94, 64, 136))
_FLOOR: Colour = (58, 62, 42, 84)


def paint_forest_floor(surface: Surface, cell: Cell, rng: np.random.Generator) -> None:
    """Lay the dark ground under the trees."""
    box = surface.around(cell)
    whole = cover(cell.outline, box)
    fine = smooth_noise(whole.shape, 6, rng, octaves=2)
    surface.blend(box, whole, toned(_FLOOR, 1 + 0.12 * fine), 0.1 * fine)


def paint_forest_trees(surface: Surface, cell: Cell, look: Look, rng: np.random.Generator) -> None:
    """Plant one kind of forest: broad-leaved, conifers, both, or a plantation in rows."""
    kind = str(rng.choice(["broad", "conifer", "mixed", "rows"], p=[0.4, 0.22, 0.23, 0.15]))
    spacing = {"broad": 6.4, "conifer": 4.6, "mixed": 5.4, "rows": 6.6}[kind]
    points = _stand(cell, spacing, rng, in_rows=kind == "rows")
    box = surface.around(cell)
    openness = smooth_noise((box[3] - box[1], box[2] - box[0]), 60, rng, octaves=2)
    hue = smooth_noise(openness.shape, 45, rng, octaves=2)
    column, row = (points - box[:2]).astype(int).T
    kept = (openness[row, column] < 1.9) & surface.free(points)
    points, hue_here = points[kept], hue[row[kept], column[kept]]
    pointed = {"broad": 0.0, "conifer": 1.0, "mixed": 0.45, "rows": 0.0}[kind]
    conifer = rng.random(len(points)) + 0.25 * hue_here * (kind == "mixed") < pointed
    for form, chosen, palette in (("broad", ~conifer, look.leaves), ("conifer", conifer, _CONIFERS)):
        count = int(chosen.sum())
        sizes = rng.gamma(14, 1 / 14, count)
        colours = np.asarray(palette)[rng.integers(len(palette), size=count)]
        colours = colours * (1 + 0.09 * hue_here[chosen] + 0.08 * rng.normal(size=count))[:, None]
        plant(
            surface,
            points[chosen],
            radius=sizes * spacing * (0.70 if form == "broad" else 0.60),
            height_m=sizes * (10 if form == "broad" else 8.5),
            colours=np.clip(colours, 0, 255),
            form="broad" if form == "broad" else "conifer",
        )


def _stand(cell: Cell, spacing: float, rng: np.random.Generator, *, in_rows: bool) -> np.ndarray:
    """(N, 2) stems within a cell, on a shaken grid."""
    half = int(0.78 * CELL / spacing)
    local = np.stack(np.meshgrid(np.arange(-half, half), np.arange(-half, half)), axis=-1).reshape(-1, 2) * spacing
    local = local + rng.normal(0, 0.06 if in_rows else 0.33, local.shape) * spacing
    points = cell.centre + local @ turn(rng.uniform(0, np.pi))
    return np.asarray(points[inside(points, cell.outline)])
