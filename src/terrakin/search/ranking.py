"""A ranking: what was asked, and the hits in order."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from terrakin.archive.recall import Recall
from terrakin.chips.window import Window
from terrakin.scenes.scene import Property
from terrakin.spaces.space import Space

__all__ = ["Hit", "Ranking"]


@dataclass(frozen=True, slots=True)
class Hit:
    """One answer: a chip, its distance and its place in the ranking."""

    rank: int
    """Place, from 1."""
    id: str
    """The chip's id."""
    distance: float
    """Distance from the query in the ranking's space; smaller is closer."""
    source: str
    """`uri` of the chip's scene."""
    window: Window
    """Where the chip lies in its scene."""
    labels: tuple[str, ...] = ()
    """The chip's labels."""
    datetime: dt.datetime | None = None
    """Acquisition time, aware (UTC)."""
    bbox: tuple[float, float, float, float] | None = None
    """(west, south, east, north) in degrees; west > east across the antimeridian; None without geography."""
    footprint: bytes | None = None
    """Polygon on the ground, EPSG:4326, WKB."""
    valid_share: float = 1.0
    """Share of the chip that holds measurements."""
    properties: Mapping[str, Property] = field(default_factory=dict)
    """The scene's metadata."""
    thumbnail: bytes | None = None
    """JPEG, for people."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """The hits of one query, with what was asked."""

    archive: str
    """Path of the archive."""
    query: str
    """The query in words: a file, a chip id, a box."""
    space: Space
    """How vectors were compared."""
    k: int
    """How many hits were asked for."""
    filter: str | None
    """The filter as it was written, or None."""
    hits: tuple[Hit, ...]
    """Nearest first, ties by id."""
    labels: tuple[str, ...] = ()
    """Labels of the query, where it is a chip that has some."""
    thumbnail: bytes | None = None
    """The query as a JPEG."""
    recall: Recall | None = None
    """Measured share of true neighbours that a search finds by an approximate index or by codes; None where it was exact."""
    codes: Space | None = None
    """How codes were compared, where they chose the hits."""
    shortlist: int | None = None
    """How many times k chips were chosen by codes and ranked again by their vectors; None where there was no shortlist."""
