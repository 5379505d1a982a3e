"""What a synthetic scene shows, as windows and as polygons."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely

from terrakin.datasets.generated.layout import CELL
from terrakin.datasets.generated.scene import SyntheticScene
from terrakin.datasets.generated.shapes import cover

__all__ = ["TrueWindow", "true_polygons", "true_windows"]


@dataclass(frozen=True, slots=True)
class TrueWindow:
    """A window of a scene and the class that most of it shows."""

    col: int
    """First column, zero-based from the left."""
    row: int
    """First row, zero-based from the top."""
    width: int
    """Columns."""
    height: int
    """Rows."""
    label: str
    """One of `CLASSES`."""
    share: float
    """Share of the window inside the class's own region, 0 to 1; the borders of regions are wavy."""


def true_windows(scene: SyntheticScene) -> tuple[TrueWindow, ...]:
    """One window a cell, in row order; together they tile the scene."""
    size = CELL // scene.gsd_m
    return tuple(
        TrueWindow(
            col=cell.col * size,
            row=cell.row * size,
            width=size,
            height=size,
            label=cell.label,
            share=float(cover(cell.outline, _box(cell.row, cell.col)).mean()),
        )
        for cell in scene.cells
    )


def true_polygons(scene: SyntheticScene) -> Iterator[tuple[str, np.ndarray]]:
    """Label and outline (P, 2) of each cell, in row order: x and y in pixels from the upper left corner, not closed."""
    height, width = scene.pixels.shape[:2]
    frame = shapely.box(0, 0, width, height)
    for cell in scene.cells:
        # Clipping each point would fold wavy borders back on themselves at the frame.
        seen = shapely.Polygon(cell.outline / scene.gsd_m).intersection(frame)
        yield cell.label, np.asarray(seen.exterior.coords)[:-1]


def _box(row: int, col: int) -> tuple[int, int, int, int]:
    return col * CELL, row * CELL, (col + 1) * CELL, (row + 1) * CELL
