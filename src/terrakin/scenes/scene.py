"""A scene: imagery that belongs together on one grid, and what is known of it before a pixel is read."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from terrakin.scenes.options import SourceOptions

__all__ = ["Band", "Candidate", "Property", "Scene", "Skipped"]

Property = str | float | bool
"""What a property of a scene or chip can be; numbers are float64."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something on disk that was not taken in, and why. Nothing is skipped without one of these."""

    uri: str
    """Absolute path of the file or folder."""
    reason: str
    """One sentence for a person: what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A scene seen on disk and not opened yet: finding candidates reads no pixel file, so unchanged ones cost a `stat`."""

    uri: str
    """What identifies the scene in an archive: the absolute path of its file, folder or item."""
    key: str
    """Path relative to the source, with `/`: the head of its chips' ids."""
    source: str
    """Name in the registry `sources` of what opens it."""
    files: tuple[str, ...]
    """Absolute paths of every file it is read from, in reading order."""
    stamp: str
    """Changes whenever a file's size or modification time does, the metadata beside it, or the options; cheap to compute."""
    labels: tuple[str, ...] = ()
    """Labels known without opening it: its class folder, a table's column, a json beside it."""
    datetime: dt.datetime | None = None
    """Acquisition time, aware (UTC), where a name, table or item tells it."""
    properties: Mapping[str, Property] = field(default_factory=dict)
    """Metadata columns of a table or item."""
    options: SourceOptions = field(default_factory=SourceOptions)
    """How it was asked to be read; opening follows them."""


@dataclass(frozen=True, slots=True)
class Band:
    """One band of a scene: where it lies and how its numbers become physical values."""

    name: str
    """Sensor name (`B04`) or, where none is known, common name (`red`) or `b1`, `b2`, ..."""
    path: str
    """Absolute path of the file that holds it."""
    index: int
    """Band number in that file, one-based."""
    common_name: str | None = None
    """STAC common name (`red`, `nir`, ...), where it is known."""
    scale: float = 1.0
    """Physical value = stored value * scale + offset."""
    offset: float = 0.0
    """See `scale`."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Imagery that belongs together on one grid: that of its finest band."""

    uri: str
    """As in `Candidate`."""
    key: str
    """As in `Candidate`."""
    bands: tuple[Band, ...]
    """At least one, in file or sensor order. Bands coarser than the grid are resampled when read. No mask or alpha bands."""
    width: int
    """Columns of the grid."""
    height: int
    """Rows of the grid."""
    dtype: str
    """NumPy name of the widest stored type: `uint8`, `uint16`, `float32`, ..."""
    fingerprint: str
    """Hex digest of the content of all its files and of its metadata; equal for equal content, wherever it lies."""
    crs: str | None = None
    """`EPSG:<code>` or WKT; None for imagery without geography."""
    transform: tuple[float, float, float, float, float, float] | None = None
    """Affine (a, b, c, d, e, f): x = a*col + b*row + c, y = d*col + e*row + f, in `crs`, at the pixels' upper left corners."""
    nodata: float | None = None
    """Stored value that means "no measurement", in every band; None where a mask or alpha band tells, or nothing does."""
    sensor: str | None = None
    """Key of the sensor table (`sentinel-2`, `landsat-5`, ...), where names or tags tell it; chooses the scaling rule."""
    datetime: dt.datetime | None = None
    """Acquisition time, aware (UTC)."""
    labels: tuple[str, ...] = ()
    """Classes, sorted; none where nothing is known."""
    properties: Mapping[str, Property] = field(default_factory=dict)
    """Metadata of any kind, for filters."""

    def __post_init__(self) -> None:
        if not self.bands:
            raise ValueError(f"scene {self.uri!r} has no bands")
        if min(self.width, self.height) < 1:
            raise ValueError(f"a scene needs at least 1x1 pixel, got {self.width}x{self.height}")
