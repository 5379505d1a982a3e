"""Where on the ground a scene's pixels lie: its grid to longitude and latitude, by its CRS."""

import math
import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer
from pyproj.exceptions import CRSError, ProjError

from terrakin.errors import SceneError
from terrakin.scenes.scene import Scene

__all__ = ["Ground", "ground_of", "pixel_size_m"]

_WGS84 = Geod(ellps="WGS84")

_EARTH_RADIUS_M = (6.3e6, 6.45e6)
"""Semi-major axes of every ellipsoid and sphere that stands for the Earth; those of the next larger and smaller bodies of
which there is imagery (Venus 6.05e6, Uranus 2.56e7) lie outside."""


@dataclass(frozen=True, slots=True)
class Ground:
    """How one CRS meets the ground."""

    to_lon_lat: Transformer
    """From (x, y) of the CRS to (longitude, latitude) of EPSG:4326, degrees."""
    is_lon_lat: bool
    """Whether x and y are longitude and latitude themselves, so that straight lines stay straight."""
    unit: float
    """Metres a unit of the CRS on its map, or radians where the CRS is geographic."""

    def lon_lat(
        self, scene: Scene, cols: NDArray[np.float64], rows: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Longitude and latitude of points of the scene's grid, in degrees; not finite where the CRS has none.

        Args:
            scene: has this CRS, and a transform.
            cols: any shape; 0 is the left edge of the first column.
            rows: the same shape; 0 is the upper edge of the first row.
        """
        if scene.transform is None:
            raise ValueError(f"scene {scene.uri!r} has a CRS and no transform")
        a, b, c, d, e, f = scene.transform
        lon, lat = self.to_lon_lat.transform(a * cols + b * rows + c, d * cols + e * rows + f)
        return np.asarray(lon), np.asarray(lat)


def ground_of(scene: Scene) -> Ground | None:
    """How the scene's CRS meets the ground; None without one, with one that has none, and with one of another planet.

    Making a transformer costs milliseconds and using one from two threads is not safe: each thread keeps its own, one a CRS.
    """
    if scene.crs is None or scene.transform is None:
        return None
    if scene.crs not in _HELD.grounds:
        _HELD.grounds[scene.crs] = _ground(scene.crs)
    return _HELD.grounds[scene.crs]


def pixel_size_m(scene: Scene) -> tuple[float, float]:
    """Columns' and rows' spacing on the ground at the scene's centre, in metres.

    Measured along geodesics, so that it is right in degrees, in feet and in Web Mercator, whose metres are too short by the
    cosine of the latitude.

    Raises:
        SceneError: if the scene has no geography.
    """
    ground = ground_of(scene)
    if ground is None:
        raise SceneError(
            f"the pixels of {scene.uri} have no known size on the ground ({_why(scene)}); leave out the pixel size in metres, "
            "or give the file its georeference"
        )
    col, row = scene.width / 2, scene.height / 2
    lon, lat = ground.lon_lat(scene, np.array([col - 0.5, col + 0.5, col, col]), np.array([row, row, row - 0.5, row + 0.5]))
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        raise SceneError(f"the centre of {scene.uri} lies outside of what its CRS can express; check its georeference")
    _, _, metres = _WGS84.inv(lon[[0, 2]], lat[[0, 2]], lon[[1, 3]], lat[[1, 3]])
    across, down = float(metres[0]), float(metres[1])
    if not (0 < across < math.inf and 0 < down < math.inf):
        raise SceneError(f"the pixels of {scene.uri} have no size on the ground; check its georeference")
    return across, down


class _Held(threading.local):
    def __init__(self) -> None:
        self.grounds: dict[str, Ground | None] = {}


_HELD = _Held()


def _ground(text: str) -> Ground | None:
    try:
        crs = CRS.from_user_input(text)
        ellipsoid = crs.ellipsoid
        if ellipsoid is None or not _EARTH_RADIUS_M[0] < ellipsoid.semi_major_metre < _EARTH_RADIUS_M[1]:
            return None
        transformer = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    except (CRSError, ProjError):
        return None  # an engineering CRS, or one that this PROJ has no way to express on the Earth: no geography
    unit = crs.axis_info[0].unit_conversion_factor if crs.axis_info else 1.0
    straight = crs.is_geographic and not crs.is_derived
    return Ground(transformer, straight, unit if math.isfinite(unit) and unit > 0 else 1.0)


def _why(scene: Scene) -> str:
    return "it has no CRS" if scene.crs is None else "its CRS is not one of the Earth"
