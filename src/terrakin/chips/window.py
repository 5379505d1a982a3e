"""A part of a scene in pixels, or of the Earth in degrees."""

from dataclasses import dataclass

__all__ = ["Box", "Window"]

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
