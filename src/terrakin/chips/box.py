"""A box in longitude and latitude as a window of a scene: how a place on a scene becomes a query."""

import math

import numpy as np

from terrakin.chips.footprint import footprint
from terrakin.chips.ground import Ground, ground_of
from terrakin.chips.window import Box, Window, box_words, checked_box
from terrakin.errors import SceneError
from terrakin.scenes.scene import Scene

__all__ = ["box_window"]

_POINTS = 33
"""Points along each side of the lattice that is followed into the scene's CRS, where the box is bent."""

_WHOLE_PIXEL = 1e-6
"""Pixels by which an edge may miss a pixel's edge and still be on it; what a change of CRS leaves of exact coordinates."""


def box_window(scene: Scene, box: Box) -> Window:
    """The smallest window of whole pixels that holds the part of a box which lies in the scene.

    Raises:
        SceneError: if the box is none, the scene has no geography, or they do not meet.
    """
    try:
        west, south, east, north = checked_box(box, point=True)
    except ValueError as exc:
        raise SceneError(str(exc)) from exc
    ground = ground_of(scene)
    if ground is None:
        raise SceneError(f"{scene.uri} has no place on the Earth, so a box cannot be found in it; use the whole image instead")
    halves = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    turns = (-360.0, 0.0, 360.0) if ground.is_lon_lat else (0.0,)  # grids of degrees run from -180 or from 0
    spans = [_span(scene, ground, (left + turn, south, right + turn, north)) for left, right in halves for turn in turns]
    met = [span for span in spans if span is not None]
    if not met:
        whole = footprint(scene, Window(0, 0, scene.width, scene.height))
        where = "nowhere on the Earth" if whole is None else box_words(whole[1])
        raise SceneError(f"the box {box_words(box)} lies outside of {scene.uri}, which covers {where} (west,south,east,north)")
    left, top, right, bottom = (pick(edge) for pick, edge in zip((min, min, max, max), zip(*met, strict=True), strict=True))
    return Window(left, top, right - left, bottom - top)


def _span(scene: Scene, ground: Ground, box: Box) -> tuple[int, int, int, int] | None:
    """First column and row, end column and row of the box in the scene; None where they do not meet."""
    lon, lat = np.meshgrid(np.linspace(box[0], box[2], _POINTS), np.linspace(box[1], box[3], _POINTS))
    x, y = ground.to_lon_lat.transform(lon, lat, direction="INVERSE")
    a, b, c, d, e, f = scene.transform or (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    determinant = a * e - b * d
    finite = np.isfinite(x) & np.isfinite(y)
    if determinant == 0 or not finite.any():
        return None
    x, y = x[finite] - c, y[finite] - f
    cols, rows = (e * x - b * y) / determinant, (a * y - d * x) / determinant
    spans = []
    for along, length in ((cols, scene.width), (rows, scene.height)):
        first = max(0, math.floor(along.min() + _WHOLE_PIXEL))
        end = min(length, max(math.ceil(along.max() - _WHOLE_PIXEL), first + 1))
        if along.max() < 0 or along.min() > length or first >= end:
            return None
        spans.append((first, end))
    return spans[0][0], spans[1][0], spans[0][1], spans[1][1]
