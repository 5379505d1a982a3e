"""A part of a scene in pixels, or of the Earth in degrees."""

import math
from dataclasses import dataclass

__all__ = ["Box", "Window", "box_words", "checked_box"]

Box = tuple[float, float, float, float]
"""(west, south, east, north) in degrees of EPSG:4326; west > east where it crosses the antimeridian (RFC 7946)."""


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A pixel rectangle in a scene; half-open: column `col + width` is outside. It may reach past the scene's edge."""

    col: int
    """First column, zero-based from the left."""
    row: int
    """First row, zero-based from the top."""
    width: int
    """Columns, at least 1."""
    height: int
    """Rows, at least 1."""

    def __post_init__(self) -> None:
        if min(self.width, self.height) < 1:
            raise ValueError(f"a window needs at least 1x1 pixel, got {self.width}x{self.height}")

    def __str__(self) -> str:
        """As in a chip's id.

        >>> str(Window(0, 256, 128, 64))
        '0,256,128,64'
        """
        return f"{self.col},{self.row},{self.width},{self.height}"


def checked_box(box: Box, *, point: bool = False) -> Box:
    """The box, if it is one.

    Args:
        box: whatever was given for one.
        point: whether a box without an area will do.

    Raises:
        ValueError: if not, saying what a box is.

    >>> checked_box((179, -10, -179, 10))
    (179, -10, -179, 10)
    """
    west, south, east, north = box
    on_earth = all(map(math.isfinite, box)) and max(abs(west), abs(east)) <= 180 and max(abs(south), abs(north)) <= 90
    if not on_earth or south > north or (not point and (south == north or west == east)):
        raise ValueError(
            f"{box_words(box)} is not a box; write west,south,east,north in degrees, south below north; west is greater than "
            "east only across the antimeridian"
        )
    return box


def box_words(box: Box) -> str:
    """A box as it is written.

    >>> box_words((7.1, 46.2, 7.3, 46.4))
    '7.1,46.2,7.3,46.4'
    """
    return ",".join(f"{edge:.6g}" for edge in box)
