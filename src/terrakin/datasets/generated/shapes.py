"""Lines and polygons that painters share."""

from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw

from terrakin.datasets.generated.surface import Box

__all__ = ["along", "beside", "cover", "dashes", "inside", "rectangle", "turn"]

_FINE = 3


def turn(angle: float) -> np.ndarray:
    """The axes of a frame turned by `angle` radians, as the rows of a (2, 2) matrix: `local @ axes` is x and y."""
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


def rectangle(centre: np.ndarray, length: float, width: float, angle: float) -> np.ndarray:
    """(4, 2) corners of a rectangle whose length lies along `angle`."""
    corners = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]) * (length, width)
    return np.asarray(centre + corners @ turn(angle))


def beside(line: np.ndarray, distance: float) -> np.ndarray:
    """(N, 2) line parallel to `line`, to its right (y down) where `distance` is positive."""
    step = np.gradient(line, axis=0)
    step /= np.maximum(np.hypot(step[:, 0], step[:, 1]), 1e-9)[:, None]
    return line + distance * np.stack([-step[:, 1], step[:, 0]], axis=1)


def along(line: np.ndarray, spacing: float, *, start: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Points (N, 2) every `spacing` pixels along a line, and the directions (N,) in radians there."""
    lengths = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    at = np.arange(start, lengths[-1], spacing)
    points = np.stack([np.interp(at, lengths, line[:, axis]) for axis in (0, 1)], axis=1)
    ahead = np.stack([np.interp(at + 1, lengths, line[:, axis]) for axis in (0, 1)], axis=1)
    behind = np.stack([np.interp(at - 1, lengths, line[:, axis]) for axis in (0, 1)], axis=1)
    return points, np.arctan2(*(ahead - behind).T[::-1])


def dashes(line: np.ndarray, *, on: float, off: float) -> Iterator[np.ndarray]:
    """(2, 2) start and end of each dash along a line."""
    starts, angles = along(line, on + off)
    for start, angle in zip(starts, angles, strict=True):
        yield np.stack([start, start + on * np.array([np.cos(angle), np.sin(angle)])])


def cover(points: np.ndarray, box: Box) -> np.ndarray:
    """(H, W) float32 share of each pixel of a box inside the polygon of (N, 2) points, 0 to 1."""
    image = Image.new("L", ((box[2] - box[0]) * _FINE, (box[3] - box[1]) * _FINE))
    ImageDraw.Draw(image).polygon([(float(x), float(y)) for x, y in (points - box[:2]) * _FINE], fill=255)
    return np.asarray(image.reduce(_FINE), np.float32) / 255


def inside(points: np.ndarray, outline: np.ndarray) -> np.ndarray:
    """(N,) bool, which points (N, 2) lie within the polygon (P, 2), by crossings of a ray to the right."""
    x, y = points[:, 0, None], points[:, 1, None]
    (x0, y0), (x1, y1) = outline.T, np.roll(outline, -1, axis=0).T
    crosses = (y0 > y) != (y1 > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        right = x < x0 + (y - y0) * (x1 - x0) / (y1 - y0)
    return np.asarray((crosses & right).sum(axis=1) % 2 == 1)
