"""The source `bands`: scenes whose bands are files of their own, as Sentinel-2, BigEarthNet and Landsat are delivered."""

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from terrakin.errors import SceneError
from terrakin.scenes.columns import folder_labels, name_date
from terrakin.scenes.compose import compose
from terrakin.scenes.dates import parse_date
from terrakin.scenes.filenames import BandFile, band_file, sensor_of
from terrakin.scenes.header import read_header
from terrakin.scenes.naming import sensor_band
from terrakin.scenes.scene import Candidate, Property, Scene, Skipped
from terrakin.scenes.sensors import SENSORS
from terrakin.scenes.single import EMPTY
from terrakin.scenes.source import Claim, Listing
from terrakin.scenes.stamp import stamp

__all__ = ["BANDS", "BandsSource", "band_order"]

_PATCH = "_labels_metadata.json"
"""End of the name of the json beside a BigEarthNet patch."""
_MTL = "_MTL.txt"
"""End of the name of the metadata file beside Landsat bands."""


@dataclass(frozen=True, slots=True)
class BandsSource:
    """Band files with a common beginning, such as `LT52240631988227CUB02_B1.TIF` and `..._B2.TIF`, are one scene.

    Names of Sentinel-2 and Landsat products are enough. Other names (`village_B02.tif`) count as Sentinel-2 where there are at
    least two bands of two digits, and as Landsat where an MTL file lies beside them. Of a band in several resolutions the
    finest is taken. What else of a product begins with its name (quality bands, true colour) belongs to it and is left.
    """

    name: str = "bands"
    title: str = "one file a band: Sentinel-2 products, BigEarthNet patches, Landsat scenes with their MTL"
    turn: int = 20

    def claim(self, listing: Listing) -> Claim:
        """Group band files into scenes. One file that was named is one band, which is a raster."""
        if listing.named:
            return Claim()
        groups: dict[str, dict[str, BandFile]] = {}
        for name in listing.files:
            if found := band_file(name.rpartition("/")[2]):
                groups.setdefault(found.scene, {})[name] = found
        groups = {scene: files for scene, files in sorted(groups.items()) if _is_scene(scene, files, listing)}
        if not groups:
            return Claim()
        taken = {name for files in groups.values() for name in files}
        products = tuple(f"{scene}_" for scene, files in groups.items() if scene and any(f.certain for f in files.values()))
        if products:
            taken |= {name for name in listing.files if name.rpartition("/")[2].startswith(products)}
        taken |= {f"{scene}{end}" for scene in groups for end in (_PATCH, _MTL)} & set(listing.files)
        return Claim(taken, (self._candidate(listing, scene, files, alone="" not in groups) for scene, files in groups.items()))

    def open(self, candidate: Candidate) -> Scene:
        """Read the headers of all bands and the metadata file beside them."""
        paths = [path for path in candidate.files if band_file(Path(path).name)]
        parts = [band_file(Path(path).name) for path in paths]
        sensor = _sensor(candidate.uri, paths)
        labels: tuple[str, ...] | None = None
        date: dt.datetime | None = None
        properties: dict[str, Property] = {}
        for path in candidate.files:
            if path.endswith(_PATCH):
                known, date = _read_patch(path)
                labels = known if candidate.options.labels in {"auto", "json"} else None
            elif path.endswith(_MTL):
                date, properties, spacecraft = _read_mtl(path)
                sensor = sensor or spacecraft
        headers = [read_header(path) for path in paths]
        for header in headers:
            if len(header.indexes) > 1:
                raise SceneError(f"{header.path} has {len(header.indexes)} bands; its name says that it is one band of a scene")
        named = tuple(sensor_band(header, part.band, sensor) for header, part in zip(headers, parts, strict=True) if part)
        return compose(candidate, headers, named, sensor=sensor, labels=labels, date=date, properties=properties)

    def _candidate(self, listing: Listing, scene: str, files: Mapping[str, BandFile], *, alone: bool) -> Candidate | Skipped:
        # Folders named like their one scene, such as BigEarthNet patches, are the scene.
        is_folder = not scene or (alone and scene == PurePosixPath(listing.folder).name)
        uri = listing.folder if is_folder else listing.path(scene)
        key = listing.key(scene)
        if is_folder:
            key = listing.prefix[:-1] or PurePosixPath(listing.folder).name
            # The folder is the scene, so it is the one above that may be a class.
            head, slash, _ = listing.prefix[:-1].rpartition("/")
            listing = replace(listing, prefix=head + slash)
        finest: dict[str, str] = {}
        for name in sorted(files, key=lambda name: (files[name].gsd_m, name)):
            finest.setdefault(files[name].band, name)
        names = [finest[band] for band in sorted(finest, key=band_order)]
        names += [f"{scene}{end}" for end in (_PATCH, _MTL) if f"{scene}{end}" in listing.files]
        for name in names:
            if listing.files[name][0] == 0:
                return Skipped(uri, f"its file {name} {EMPTY}")
        return Candidate(
            uri=uri,
            key=key,
            source=self.name,
            files=tuple(map(listing.path, names)),
            stamp=stamp([listing.files[name] for name in names], listing.options),
            labels=folder_labels(listing),
            datetime=name_date(PurePosixPath(uri).name, listing.options),
            options=listing.options,
        )


BANDS = BandsSource()


def band_order(band: str) -> tuple[int, str]:
    """Sensor order of band names: B1, B2, ..., B8, B8A, B9, B10.

    >>> sorted(["B10", "B8A", "B9", "B8"], key=band_order)
    ['B8', 'B8A', 'B9', 'B10']
    """
    found = re.fullmatch(r"[A-Z]+(\d+)(.*)", band)
    return (int(found[1]), found[2]) if found else (0, band)


def _is_scene(scene: str, files: Mapping[str, BandFile], listing: Listing) -> bool:
    bands = {file.band for file in files.values()}
    two_digits = [band for band in bands if len(band) == 3]
    return any(file.certain for file in files.values()) or len(two_digits) >= 2 or f"{scene}{_MTL}" in listing.files


def _sensor(uri: str, paths: list[str]) -> str | None:
    """From the name of the product that the scene lies in, else from its own."""
    product = next((part for part in PurePosixPath(uri).parts if part.endswith(".SAFE")), None)
    names = [product] if product else [PurePosixPath(uri).name, Path(paths[0]).name]
    found = next((sensor for name in names if (sensor := sensor_of(name))), None)
    if found is None and all(re.search(r"B(?:0[1-9]|1[0-2]|8A)\b", path) for path in paths):
        return "sentinel-2"
    return found


def _read_patch(path: str) -> tuple[tuple[str, ...], dt.datetime | None]:
    """Labels and acquisition time of a BigEarthNet patch."""
    try:
        patch = json.loads(Path(path).read_bytes())
        labels = tuple(sorted(str(label) for label in patch["labels"]))
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise SceneError(f"{path} is not the json of a BigEarthNet patch: {exc}") from exc
    return labels, parse_date(str(patch.get("acquisition_date", "")))


def _read_mtl(path: str) -> tuple[dt.datetime | None, dict[str, Property], str | None]:
    """Acquisition time, cloud cover and sensor of a Landsat scene."""
    try:
        text = Path(path).read_text("utf-8", errors="replace")
    except OSError as exc:
        raise SceneError(f"{path} cannot be read: {exc.strerror}") from exc
    values = dict(_lines(text))
    clock = values.get("SCENE_CENTER_TIME", "").rstrip("Z").partition(".")[0]
    date = parse_date(f"{values.get('DATE_ACQUIRED', '')}T{clock}" if clock else values.get("DATE_ACQUIRED", ""))
    sensor = f"landsat-{values.get('SPACECRAFT_ID', '')[-1:]}"
    if values.get("PROCESSING_LEVEL", values.get("DATA_TYPE", "L1")).startswith("L2"):
        sensor += "-l2"
    try:
        cover = {"eo:cloud_cover": float(values["CLOUD_COVER"])}
    except (KeyError, ValueError):
        cover = {}
    known = sensor if sensor in SENSORS and values.get("SENSOR_ID") != "MSS" else None
    return date, {**cover}, known


def _lines(text: str) -> Iterator[tuple[str, Any]]:
    for line in text.splitlines():
        name, equals, value = line.partition(" = ")
        if equals:
            yield name.strip(), value.strip().strip('"')
