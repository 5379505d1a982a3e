"""The ground that painters work on: colours and heights."""

import numpy as np
from PIL import Image, ImageDraw

from terrakin.datasets.generated.layout import Cell

__all__ = ["MARGIN", "Box", "Colour", "Pen", "Surface", "tint", "toned"]

Colour = tuple[float, float, float, float]
"""Red, green, blue and near infrared under full sun, 0 to 255."""

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are outside."""

MARGIN = 48
"""Pixels around the scene that are painted too, so that shapes and shadows cross its border."""

_FINE = 3
"""Pen pixels along a surface pixel."""


class Surface:
    """Colours and heights of a scene and a margin around it, at one metre a pixel; painters change it in place.

    Positions are scene pixels: x to the right, y down, (0, 0) the upper left corner of the scene.
    """

    def __init__(self, width: int, height: int) -> None:
        shape = (height + 2 * MARGIN, width + 2 * MARGIN)
        self.colour = np.zeros((*shape, 4), np.float32)
        """(H, W, 4) red, green, blue and near infrared under full sun, 0 to 255."""
        self.relief = np.zeros(shape, np.float32)
        """(H, W) metres of soft forms: their slopes are shaded, and they cast shadows."""
        self.walls = np.zeros(shape, np.float32)
        """(H, W) metres of hard forms: they cast shadows only."""
        self.reserved = np.zeros(shape, bool)
        """(H, W) True where nothing more may be built or planted."""

    def around(self, cell: Cell, *, by: int = 8) -> Box:
        """The box of a cell and `by` pixels around it, within the margin."""
        (left, top), (right, bottom) = cell.outline.min(axis=0) - by, cell.outline.max(axis=0) + by
        height, width = self.relief.shape
        return (
            max(int(left), -MARGIN),
            max(int(top), -MARGIN),
            min(int(right) + 1, width - MARGIN),
            min(int(bottom) + 1, height - MARGIN),
        )

    def grid(self, box: Box) -> tuple[np.ndarray, np.ndarray]:
        """The x (1, W) and y (H, 1) of the pixels of a box, float32."""
        left, top, right, bottom = box
        return np.arange(left, right, dtype=np.float32)[None, :], np.arange(top, bottom, dtype=np.float32)[:, None]

    def part(self, box: Box) -> tuple[slice, slice]:
        """The index of a box in the arrays."""
        left, top, right, bottom = box
        return slice(top + MARGIN, bottom + MARGIN), slice(left + MARGIN, right + MARGIN)

    def blend(self, box: Box, cover: np.ndarray, colour: np.ndarray | Colour, relief: np.ndarray | float = 0.0) -> None:
        """Lay a colour and relief over a box.

        Args:
            box: where.
            cover: (H, W) share of each pixel that is covered, 0 to 1.
            colour: (H, W, 4), or one colour.
            relief: (H, W) metres, or one number; replaces what was there.
        """
        part = self.part(box)
        self.colour[part] += cover[..., None] * (np.asarray(colour, np.float32) - self.colour[part])
        self.relief[part] += cover * (np.asarray(relief, np.float32) - self.relief[part])

    def free(self, points: np.ndarray) -> np.ndarray:
        """(N,) bool, which of the points (N, 2) nothing was built on."""
        column, row = np.round(points).astype(int).T + MARGIN
        height, width = self.reserved.shape
        inside = (column >= 0) & (row >= 0) & (column < width) & (row < height)
        return np.asarray(inside & ~self.reserved[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)])


class Pen:
    """Draws antialiased shapes over a box of a surface; `lay` puts them down."""

    def __init__(self, surface: Surface, box: Box) -> None:
        self._surface, self._box = surface, box
        size = ((box[2] - box[0]) * _FINE, (box[3] - box[1]) * _FINE)
        # CMYK is Pillow's mode of four plain bands: RGBA would be weighted by its fourth when reduced.
        self._ink, self._cover, self._walls = Image.new("CMYK", size), Image.new("L", size), Image.new("L", size)
        self._drawers = tuple(ImageDraw.Draw(image) for image in (self._ink, self._cover, self._walls))

    def polygon(self, points: np.ndarray, colour: Colour, *, height_m: float = 0.0) -> None:
        """Fill the polygon of (N, 2) points; `height_m` up to 25 casts a shadow."""
        corners = self._fine(points)
        ink, cover, walls = self._drawers
        ink.polygon(corners, fill=_plain(colour))
        cover.polygon(corners, fill=255)
        walls.polygon(corners, fill=round(height_m * 10))

    def line(self, points: np.ndarray, colour: Colour, width: float, *, height_m: float = 0.0) -> None:
        """Draw along (N, 2) points, `width` pixels wide."""
        corners = self._fine(points)
        breadth = max(round(width * _FINE), 1)
        ink, cover, walls = self._drawers
        ink.line(corners, fill=_plain(colour), width=breadth, joint="curve")
        cover.line(corners, fill=255, width=breadth, joint="curve")
        walls.line(corners, fill=round(height_m * 10), width=breadth, joint="curve")

    def disc(self, centre: np.ndarray, radius: float, colour: Colour, *, height_m: float = 0.0) -> None:
        """Fill a circle."""
        angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        self.polygon(centre + radius * np.stack([np.cos(angle), np.sin(angle)], axis=1), colour, height_m=height_m)

    def lay(self, *, within: np.ndarray | None = None, reserve: bool = False) -> None:
        """Put the drawing down on the surface.

        Args:
            within: (H, W) 0 to 1, the part of the box that may be drawn on; all of it by default.
            reserve: keep the drawn pixels free of what comes later.
        """
        mask: np.ndarray = np.ones(1, np.float32) if within is None else within
        ink, cover, walls = (_reduced(image) for image in (self._ink, self._cover, self._walls))
        ink, cover = ink * mask[..., None], cover * (mask / 255)
        surface, part = self._surface, self._surface.part(self._box)
        # The ink was reduced together with the empty ground around it, so it already carries its cover.
        surface.colour[part] = surface.colour[part] * (1 - cover[..., None]) + ink
        surface.relief[part] *= 1 - cover
        surface.walls[part] = surface.walls[part] * (1 - cover) + walls * mask / 10
        if reserve:
            surface.reserved[part] |= cover > 0.3

    def _fine(self, points: np.ndarray) -> list[tuple[float, float]]:
        return [(float(x), float(y)) for x, y in (np.asarray(points) - self._box[:2]) * _FINE]


def tint(colour: Colour, factor: float) -> Colour:
    """`colour` made lighter or darker, within 0 to 255.

    >>> tint((100, 50, 20, 200), 1.5)
    (150.0, 75.0, 30.0, 255)
    """
    red, green, blue, nir = (min(value * factor, 255) for value in colour)
    return red, green, blue, nir


def toned(colour: Colour, brightness: np.ndarray) -> np.ndarray:
    """(H, W, 4) float32, `colour` times a brightness (H, W)."""
    return brightness.astype(np.float32)[..., None] * np.asarray(colour, np.float32)


def _reduced(image: Image.Image) -> np.ndarray:
    """(H, W) or (H, W, 4) float32, 0 to 255."""
    return np.asarray(image.reduce(_FINE), np.float32)


def _plain(colour: Colour) -> tuple[int, ...]:
    return tuple(round(value) for value in colour)
