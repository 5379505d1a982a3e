"""Footprints: the polygons on the ground that windows cover."""

import math
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.affinity import translate
from shapely.geometry.polygon import orient

from terrakin.chips.ground import Ground, ground_of
from terrakin.chips.window import Window
from terrakin.scenes.scene import Scene

__all__ = ["Footprint", "footprint", "footprints"]

Footprint = tuple[bytes, tuple[float, float, float, float]]
"""Polygon or multipolygon in EPSG:4326 (lon, lat) as WKB, counter-clockwise, and its box (west, south, east, north)."""

_Floats = NDArray[np.float64]

_STEP_M = 10_000
"""Longest piece of a window's edge, in metres on the map. A straight UTM line of this length leaves the straight line between
its ends in degrees by 2 m at 45 and 5 m at 70 degrees of latitude: less than a pixel of imagery that wide."""

_STEP_LON_LAT = math.pi / 2
"""Longest piece, in radians, where straight lines stay straight: less than half a turn, so that the way round is known."""

_MOST_PIECES = 32
"""Pieces an edge at most; what needs more is a continent."""


def footprint(scene: Scene, window: Window) -> Footprint | None:
    """The part of a window that lies in its scene, on the ground; None where that has no place there.

    Edges are followed in steps of 10 km, a polygon across the antimeridian is split there and its box has west > east (RFC
    7946), one around a pole reaches it along the antimeridian.

    Raises:
        ValueError: if the window lies outside of the scene.
    """
    return footprints(scene, [window])[0]


def footprints(scene: Scene, windows: Sequence[Window]) -> list[Footprint | None]:
    """`footprint` of many windows of one scene, in one go."""
    boxes = np.array([_inside(scene, window) for window in windows], np.float64).reshape(-1, 4)
    ground = ground_of(scene)
    if ground is None or not len(boxes):
        return [None] * len(boxes)
    lon, lat, finite = _rings(scene, ground, boxes)
    clockwise = _doubled_area(lon, lat) < 0
    lon[clockwise], lat[clockwise] = lon[clockwise, ::-1], lat[clockwise, ::-1]
    in_one_piece = (np.abs(lon[:, -1] - lon[:, 0]) < 1) & (lon.min(axis=1) >= -180) & (lon.max(axis=1) <= 180)
    found: list[Footprint | None] = [None] * len(boxes)
    plain = np.flatnonzero(finite & in_one_piece)
    polygons = shapely.polygons(np.stack([lon[plain], lat[plain]], axis=2))
    for row, wkb, box in zip(plain, _wkb(polygons), shapely.bounds(polygons).tolist(), strict=True):
        found[row] = (wkb, tuple(box))
    for row in np.flatnonzero(finite & ~in_one_piece):
        found[row] = _split(lon[row], lat[row])
    return found


def _inside(scene: Scene, window: Window) -> tuple[int, int, int, int]:
    """First column, first row, end column, end row of the part that lies in the scene."""
    left, top = max(0, window.col), max(0, window.row)
    right, bottom = min(scene.width, window.col + window.width), min(scene.height, window.row + window.height)
    if left >= right or top >= bottom:
        raise ValueError(f"window {window} lies outside of scene {scene.uri!r} of {scene.width}x{scene.height} px")
    return left, top, right, bottom


def _rings(scene: Scene, ground: Ground, boxes: _Floats) -> tuple[_Floats, _Floats, NDArray[np.bool_]]:
    """Closed rings (N, P) in longitude and latitude, and whether each (N,) is finite; zeros where it is not.

    Longitudes run on across the antimeridian; the first of a ring lies in [-180, 180).
    """
    left, top, right, bottom = (boxes[:, i, None] for i in range(4))
    across, down = _pieces(scene, ground, float((right - left).max()), float((bottom - top).max()))
    along, beside = np.arange(across) / across, np.arange(down) / down
    # Down the left side, along the bottom, up the right side, back along the top: counter-clockwise where north is up.
    u = np.concatenate([np.zeros(down), along, np.ones(down), 1 - along, [0.0]])
    v = np.concatenate([beside, np.ones(across), 1 - beside, np.zeros(across), [0.0]])
    lon, lat = ground.lon_lat(scene, left + (right - left) * u, top + (bottom - top) * v)
    finite = np.all(np.isfinite(lon) & np.isfinite(lat), axis=1)
    lon, lat = np.where(finite[:, None], lon, 0.0), np.where(finite[:, None], lat, 0.0)
    lon = np.unwrap(lon, period=360, axis=1)
    return lon - 360 * np.floor((lon[:, :1] + 180) / 360), lat, finite


def _pieces(scene: Scene, ground: Ground, width: float, height: float) -> tuple[int, int]:
    """Pieces for the edges along the columns and down the rows."""
    a, b, _, d, e, _ = scene.transform or (0.0,) * 6
    step = _STEP_LON_LAT if ground.is_lon_lat else _STEP_M
    lengths = width * math.hypot(a, d) * ground.unit, height * math.hypot(b, e) * ground.unit
    across, down = (min(_MOST_PIECES, max(1, math.ceil(length / step))) for length in lengths)
    return across, down


def _doubled_area(x: _Floats, y: _Floats) -> _Floats:
    """Twice the signed area of closed rings (N, P), positive where they run counter-clockwise."""
    x = x - x[:, :1]  # far from the origin the products of a small ring cancel
    return np.asarray((x[:, :-1] * y[:, 1:] - x[:, 1:] * y[:, :-1]).sum(axis=1))


def _split(lon: _Floats, lat: _Floats) -> Footprint | None:
    """The footprint of one closed ring that leaves -180..180, or goes round a pole."""
    if abs(lon[-1] - lon[0]) > 180:
        pole = math.copysign(90, float(lat.mean()))
        lon = np.concatenate([lon, [lon[-1], lon[0], lon[0]]])
        lat = np.concatenate([lat, [pole, pole, lat[0]]])
    whole = shapely.make_valid(shapely.Polygon(np.column_stack([lon, lat])))
    turns = range(math.floor((lon.min() + 180) / 360), math.ceil((lon.max() + 180) / 360))
    # The union joins what a cut along the antimeridian left touching elsewhere, as around a pole.
    parts = _polygons(shapely.union_all([_in_turn(whole, turn) for turn in turns]))
    if not parts:
        return None
    polygon = parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)
    west, south, east, north = shapely.bounds(polygon).tolist()
    if len(parts) > 1 and lon.max() - lon.min() < 360:
        west, east = (float(x + 180) % 360 - 180 for x in (lon.min(), lon.max()))
    return _wkb(np.array([polygon]))[0], (west, south, east, north)


def _in_turn(whole: shapely.Geometry, turn: int) -> shapely.Geometry:
    """The part of a shape in the turn round the Earth that is `turn` turns east of -180..180, moved there."""
    return translate(whole.intersection(shapely.box(360 * turn - 180, -90, 360 * turn + 180, 90)), -360 * turn)


def _polygons(shape: shapely.Geometry) -> list[shapely.Polygon]:
    """The polygons in a shape of any kind, counter-clockwise."""
    # Twice: a collection may hold a multipolygon.
    return [
        orient(part) for part in shapely.get_parts(shapely.get_parts(shape)) if part.geom_type == "Polygon" and part.area > 0
    ]


def _wkb(geometries: NDArray[np.object_]) -> list[bytes]:
    """Little-endian on every machine, so that archives are equal byte by byte."""
    return list(shapely.to_wkb(geometries, byte_order=1))
