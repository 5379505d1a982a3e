"""From headers and bands to a scene."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from terrakin.errors import SceneError
from terrakin.scenes.dates import date_in_tags
from terrakin.scenes.header import Header
from terrakin.scenes.scene import Band, Candidate, Property, Scene
from terrakin.scenes.sensors import SENSORS
from terrakin.scenes.sound import check_bands, check_transform
from terrakin.scenes.stamp import fingerprint

__all__ = ["compose"]

_SCENE_CONTENT = tuple(field.name for field in fields(Scene) if field.name not in {"uri", "key", "fingerprint"})
_BAND_CONTENT = tuple(field.name for field in fields(Band) if field.name != "path")
# Read one by one: `dataclasses.asdict` would copy each value, for twenty times the time.


def compose(
    candidate: Candidate,
    headers: Sequence[Header],
    bands: tuple[Band, ...],
    *,
    sensor: str | None = None,
    labels: tuple[str, ...] | None = None,
    date: dt.datetime | None = None,
    properties: Mapping[str, Property] | None = None,
) -> Scene:
    """The scene that some files make, on the grid of the finest of them.

    Args:
        candidate: what is opened.
        headers: of its files, at least one.
        bands: of all of them, in the order wanted.
        sensor: key of the sensor table.
        labels: in place of the candidate's.
        date: from the metadata file beside the bands; it is more exact than what a name tells.
        properties: added to the candidate's.

    Raises:
        SceneError: if the files do not cover the same ground, a file cannot be read, or a header holds numbers that cannot be
            meant.
    """
    check_bands(bands)
    for header in headers:
        check_transform(header)
    grid = min(headers, key=_coarseness)
    for header in headers:
        _check_same_ground(candidate.uri, grid, header)
    scene = Scene(
        uri=candidate.uri,
        key=candidate.key,
        bands=bands,
        width=grid.width,
        height=grid.height,
        dtype=np.result_type(*(np.dtype(header.dtype) for header in headers)).name,
        fingerprint="",
        crs=grid.crs,
        transform=grid.transform,
        nodata=_nodata(candidate.uri, headers, sensor),
        sensor=sensor,
        datetime=_date(candidate, date, grid.tags),
        labels=tuple(sorted(set(candidate.labels if labels is None else labels))),
        properties={**candidate.properties, **(properties or {})},
    )
    return replace(scene, fingerprint=fingerprint(candidate.files, _content(scene)))


def _content(scene: Scene) -> dict[str, Any]:
    """What is known of a scene, without where it lies."""
    content = {name: getattr(scene, name) for name in _SCENE_CONTENT}
    content["bands"] = [{name: getattr(band, name) for name in _BAND_CONTENT} for band in scene.bands]
    return content


def _coarseness(header: Header) -> tuple[bool, float]:
    """Sorts the finest grid first, and files with geography before those without."""
    if header.transform is None:
        return (True, 1 / (header.width * header.height))
    a, b, _, d, e, _ = header.transform
    return (False, abs(a * e - b * d))


def _check_same_ground(scene: str, grid: Header, other: Header) -> None:
    if other is grid:
        return
    if grid.crs != other.crs:
        raise SceneError(f"{other.path} lies in {other.crs or 'no CRS'}, the other bands of {scene} in {grid.crs or 'no CRS'}")
    if grid.transform is None or other.transform is None:
        # Without geography a band covers the same ground where its picture has the same shape.
        if abs(grid.width * other.height - grid.height * other.width) > max(grid.width, grid.height) / 2:
            raise SceneError(
                f"{other.path} has {other.width} x {other.height} pixels, which does not fit the "
                f"{grid.width} x {grid.height} of the finest band of {scene}"
            )
        return
    tolerance = (
        max(abs(number) for number in (other.transform[0], other.transform[1], other.transform[3], other.transform[4])) / 2
    )
    apart = max(abs(ours - theirs) for ours, theirs in zip(_corners(grid), _corners(other), strict=True))
    if apart > tolerance:
        raise SceneError(
            f"{other.path} covers other ground than {grid.path}: its corners are up to {apart:g} apart, "
            f"more than half a pixel ({tolerance:g}), in units of {grid.crs}"
        )


def _corners(header: Header) -> list[float]:
    """X and y of the upper left, upper right, lower left and lower right corners."""
    a, b, c, d, e, f = header.transform or (1, 0, 0, 0, 1, 0)
    return [
        number
        for col, row in ((0, 0), (header.width, 0), (0, header.height), (header.width, header.height))
        for number in (a * col + b * row + c, d * col + e * row + f)
    ]


def _nodata(scene: str, headers: Sequence[Header], sensor: str | None) -> float | None:
    declared = {str(header.nodata): header.nodata for header in headers if header.nodata is not None}  # nan differs from itself
    if len(declared) > 1:
        raise SceneError(f"the bands of {scene} declare different nodata values: {', '.join(sorted(declared))}")
    if declared:
        return next(iter(declared.values()))
    return SENSORS[sensor].nodata if sensor else None


def _date(candidate: Candidate, beside: dt.datetime | None, tags: Mapping[str, str]) -> dt.datetime | None:
    if candidate.options.dates in {"auto", "tags"}:
        return beside or candidate.datetime or date_in_tags(tags)
    return candidate.datetime
