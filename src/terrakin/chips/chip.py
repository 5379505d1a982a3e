"""A chip: the unit that is embedded and found."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from terrakin.chips.window import Window
from terrakin.scenes.scene import Property

__all__ = ["Chip", "chip_id"]


@dataclass(frozen=True, slots=True)
class Chip:
    """A fixed-size window of a scene, without its pixels."""

    id: str
    """`<key>` for a whole scene, `<key>#<col>,<row>,<width>,<height>` for a window of one."""
    scene: str
    """The scene's `uri`."""
    window: Window
    """Where it lies on the scene's grid."""
    footprint: bytes | None
    """Polygon or multipolygon on the ground, EPSG:4326 (lon, lat), WKB; None without geography."""
    bbox: tuple[float, float, float, float] | None
    """(west, south, east, north) of the footprint in degrees; west > east where it crosses the antimeridian (RFC 7946)."""
    valid_share: float
    """Share of the nominal window that holds measurements, in [0, 1]."""
    datetime: dt.datetime | None = None
    """Acquisition time, aware (UTC)."""
    labels: tuple[str, ...] = ()
    """Classes, sorted."""
    properties: Mapping[str, Property] = field(default_factory=dict)
    """The scene's metadata."""


def chip_id(key: str, window: Window | None) -> str:
    """The readable, stable id of a chip.

    Args:
        key: the scene's key.
        window: None where the chip is the whole scene.

    >>> chip_id("harbor/harbor01.tif", None)
    'harbor/harbor01.tif'
    >>> chip_id("scene.tif", Window(256, 0, 256, 256))
    'scene.tif#256,0,256,256'
    """
    return key if window is None else f"{key}#{window}"
