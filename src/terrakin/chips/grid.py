"""How a scene is cut into chips: windows on its grid, decided before a pixel is read."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

from terrakin.chips.window import Window
from terrakin.scenes.scene import Scene

__all__ = ["Chipping", "Edges", "plan", "windows"]

Edges = Literal["shift", "clip", "drop"]
"""What becomes of the last column and row where the size does not divide the scene; see `Chipping.edges`."""

_AUTO_SIZE = 256
"""Side of a chip, in pixels, where none is asked for: what most benchmarks and their models use."""

_LARGEST_IMAGE = 1024
"""Sides up to which an image without geography is one chip where no size is asked for, in pixels."""


@dataclass(frozen=True, slots=True)
class Chipping:
    """How scenes are cut; plain values, so that an archive can keep it as JSON."""

    size: int | None = None
    """Side of a chip in pixels of `gsd_m`, or of the scene where that is None. None: 256, but an image without CRS of at most
    1024 x 1024 px is one chip."""
    overlap: int = 0
    """Pixels that neighbours share, in the pixels of `size`."""
    gsd_m: float | None = None
    """Metres on the ground a pixel of `size`: chips from scenes of different resolution then cover equal ground. None: pixels
    of the scene, whatever they cover."""
    edges: Edges = "shift"
    """`shift` moves the last column and row back inside, so that they overlap; `clip` lets them reach past the edge, where
    nothing is valid; `drop` leaves the rest out, which is all of a scene that is larger than a chip along one side and smaller
    along the other."""
    min_valid: float = 0.5
    """Share of a chip's window that must hold measurements, in [0, 1]."""

    def __post_init__(self) -> None:
        if self.size is not None and self.size < 1:
            raise ValueError(f"a chip needs a size of at least 1 px, got {self.size}")
        if not 0 <= self.overlap < self.side:
            raise ValueError(f"the overlap must lie in 0..{self.side - 1} px for chips of {self.side} px, got {self.overlap}")
        if self.gsd_m is not None and not 0 < self.gsd_m < math.inf:
            raise ValueError(f"the ground size of a pixel must be more than 0 m, got {self.gsd_m}")
        if self.edges not in get_args(Edges):
            raise ValueError(f"edges must be one of {', '.join(get_args(Edges))}, got {self.edges!r}")
        if not 0 <= self.min_valid <= 1:
            raise ValueError(f"the minimum valid share must lie in 0..1, got {self.min_valid}")

    @property
    def side(self) -> int:
        """Side of a chip that is cut from a larger scene, in the pixels of `size`."""
        return _AUTO_SIZE if self.size is None else self.size


def plan(scene: Scene, chipping: Chipping) -> tuple[tuple[Window, bool], ...]:
    """The windows of a scene, row by row, each with whether it is the whole scene (and the chip's id the bare key).

    Chips have the same size within a scene. A scene that fits in one is one chip, whatever its size; a scene that is narrower
    than a chip but longer gives chips that reach past its edges, so that their scale is that of all others; with the edges
    `drop` it gives none, and the caller tells so.

    Raises:
        SceneError: if `gsd_m` is set and the size of the scene's pixels on the ground is not known.
    """
    whole = Window(0, 0, scene.width, scene.height)
    plain_and_small = scene.crs is None and max(scene.width, scene.height) <= _LARGEST_IMAGE
    if chipping.size is None and chipping.gsd_m is None and plain_and_small:
        return ((whole, True),)
    found = windows(
        scene.width,
        scene.height,
        size=_source_pixels(scene, chipping, chipping.side),
        overlap=_source_pixels(scene, chipping, chipping.overlap),
        edges=chipping.edges,
    )
    return tuple((window, window == whole) for window in found)


def windows(
    width: int, height: int, *, size: tuple[int, int], overlap: tuple[int, int] = (0, 0), edges: Edges = "shift"
) -> Iterator[Window]:
    """Cut a grid, row by row.

    Args:
        width: columns of the grid.
        height: rows of the grid.
        size: columns and rows of a chip.
        overlap: columns and rows that neighbours share, less than `size`.
        edges: see `Chipping.edges`; with `clip` and no overlap the parts inside the grid tile it exactly.

    >>> [str(window) for window in windows(300, 200, size=(256, 200))]
    ['0,0,256,200', '44,0,256,200']
    >>> [str(window) for window in windows(300, 200, size=(256, 200), edges="clip")]
    ['0,0,256,200', '256,0,256,200']
    >>> [str(window) for window in windows(300, 200, size=(512, 512), edges="drop")]
    ['0,0,300,200']
    >>> list(windows(300, 200, size=(256, 256), edges="drop"))
    []
    """
    if width <= size[0] and height <= size[1]:
        yield Window(0, 0, width, height)
        return
    columns = _starts(width, size[0], size[0] - overlap[0], edges)
    rows = _starts(height, size[1], size[1] - overlap[1], edges)
    for row, col in itertools.product(rows, columns):
        yield Window(col, row, *size)


def _starts(length: int, size: int, step: int, edges: Edges) -> list[int]:
    """First pixels along one axis."""
    if length < size:
        return [] if edges == "drop" else [0]
    starts = list(range(0, length - size + 1, step))
    if starts[-1] + size < length and edges != "drop":
        starts.append(length - size if edges == "shift" else starts[-1] + step)
    return starts


def _source_pixels(scene: Scene, chipping: Chipping, pixels: int) -> tuple[int, int]:
    """Columns and rows of the scene that `pixels` of the chipping are; at least 1 unless `pixels` is 0."""
    if chipping.gsd_m is None or pixels == 0:
        return pixels, pixels
    from terrakin.chips.ground import pixel_size_m  # pyproj is slow to import, and every command reads a `Chipping`

    across_m, down_m = pixel_size_m(scene)
    return max(1, round(pixels * chipping.gsd_m / across_m)), max(1, round(pixels * chipping.gsd_m / down_m))
