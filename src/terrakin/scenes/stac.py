"""The source `stac`: items whose assets are local files."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from terrakin.errors import SceneError
from terrakin.scenes.columns import date_of, folder_labels, labels_of, name_date, properties_of
from terrakin.scenes.compose import compose
from terrakin.scenes.filenames import sensor_of
from terrakin.scenes.formats import is_picture
from terrakin.scenes.header import Header, read_header
from terrakin.scenes.image import picture_header
from terrakin.scenes.item import MAX_ITEM_BYTES, Asset, Item, json_names, read_item
from terrakin.scenes.naming import common_name, name_bands
from terrakin.scenes.scene import Band, Candidate, Scene, Skipped
from terrakin.scenes.sensors import SENSORS
from terrakin.scenes.single import EMPTY
from terrakin.scenes.source import Claim, Listing
from terrakin.scenes.stamp import Stat, stamp, stat_file

__all__ = ["STAC", "StacSource"]

_NOT_PROPERTIES = ("created", "updated", "start_datetime", "end_datetime")
"""Properties of an item that tell of its record, not of its imagery, or that become its date."""


@dataclass(frozen=True, slots=True)
class StacSource:
    """Single-band assets of one item make one scene; every other asset of imagery is a scene with the key `<item>/<asset>`.

    Catalogues and collections are no items and are passed by. Thumbnails, overviews, metadata and masks are left. An asset must
    lie inside the source folder; one on a network is skipped with a reason.
    """

    name: str = "stac"
    title: str = "STAC items with local assets"
    turn: int = 10

    def claim(self, listing: Listing) -> Claim:
        """Take the items of a folder, and their assets in it."""
        names: list[str] = []
        paths: set[str] = set()
        for name in json_names(listing.files):
            path = listing.path(name)
            try:
                item = read_item(path) if listing.files[name][0] <= MAX_ITEM_BYTES else None
            except SceneError:
                names.append(name)
                continue
            if item:
                names.append(name)
                paths |= {asset.path for asset in item.assets if asset.path}
        if not names:
            return Claim()
        files = {*names, *(name for name in listing.files if listing.path(name) in paths)}
        # Items are read again one by one: there may be more in a folder than memory holds.
        return Claim(files, self._found(listing, names))

    def open(self, candidate: Candidate) -> Scene:
        """Read the item again, and the headers of the assets."""
        try:
            item = read_item(candidate.files[-1])
        except SceneError as exc:
            raise SceneError(f"{candidate.files[-1]} {exc}") from exc
        assets = [a for _, scene in (item.scenes() if item else ()) for a in scene if a.path in candidate.files[:-1]]
        if not item or len(assets) != len(candidate.files) - 1:
            raise SceneError(f"{candidate.files[-1]} has changed since it was listed; run again")
        headers = [picture_header(path) if is_picture(path) else read_header(path) for path in candidate.files[:-1]]
        if len(headers) > 1:
            for header in headers:
                if len(header.indexes) > 1:
                    raise SceneError(f"{header.path} has {len(header.indexes)} bands; {item.path} says that it has one")
        sensor = sensor_of(PurePosixPath(headers[0].path).stem, bands=len(headers[0].indexes)) or _sensor(item)
        bands = tuple(band for asset, header in zip(assets, headers, strict=True) for band in _bands(asset, header, sensor))
        return compose(candidate, headers, bands, sensor=sensor)

    def _found(self, listing: Listing, names: list[str]) -> Iterator[Candidate | Skipped]:
        taken: dict[str, str] = {}
        for name in names:
            path = listing.path(name)
            try:
                item = read_item(path)
            except SceneError as exc:
                yield Skipped(path, str(exc) if listing.files[name][0] else EMPTY)
                continue
            if item is None:
                continue
            yield from _problems(listing, item)
            for key, assets in item.scenes():
                found = self._candidate(listing, item, key, assets)
                if isinstance(found, Candidate):
                    first = taken.setdefault(found.uri, path)
                    found = found if first == path else Skipped(found.uri, f"is an asset of {first} already, and of {path}")
                if found:
                    yield found

    def _candidate(
        self, listing: Listing, item: Item, key: str | None, assets: tuple[Asset, ...]
    ) -> Candidate | Skipped | None:
        paths: list[str] = []
        stats: list[Stat] = []
        for asset in assets:
            stat = _stat(listing, asset)
            if stat and asset.path:
                if stat[0] == 0:
                    return Skipped(asset.path, EMPTY)
                paths.append(asset.path)
                stats.append(stat)
        if not paths:
            return None
        name = item.path.rpartition("/")[2]
        head = listing.key(name.rpartition(".")[0])
        labels = labels_of(item.properties, listing.options) or folder_labels(listing)
        date = date_of(item.properties, listing.options) or name_date(PurePosixPath(paths[0]).stem, listing.options)
        chosen = [column for column in (listing.options.label_column, listing.options.date_column) if column]
        properties = properties_of(item.properties, without=(*_NOT_PROPERTIES, *chosen))
        return Candidate(
            uri=item.path if key is None else paths[0],
            key=head if key is None else f"{head}/{key}",
            source=self.name,
            files=(*paths, item.path),
            stamp=stamp([*stats, listing.files[name]], listing.options),
            labels=labels,
            datetime=date,
            properties=properties,
            options=listing.options,
        )


STAC = StacSource()


def _problems(listing: Listing, item: Item) -> Iterator[Skipped]:
    imagery = [asset for asset in item.assets if asset.imagery]
    if not imagery:
        yield Skipped(item.path, "is a STAC item without an asset of imagery")
    remote = [asset.key for asset in imagery if asset.path is None]
    if remote:
        yield Skipped(
            item.path, f"its assets {', '.join(remote)} are not local files; download them and make their href a path"
        )
    for asset in imagery:
        if asset.path is None:
            continue
        if not asset.path.startswith(f"{listing.root}/"):
            yield Skipped(item.path, f"its asset {asset.key} lies outside of the source: {asset.href}")
        elif _stat(listing, asset) is None:
            yield Skipped(asset.path, f"does not exist; it is the asset {asset.key} of {item.path}")


def _stat(listing: Listing, asset: Asset) -> Stat | None:
    if asset.path is None or not asset.path.startswith(f"{listing.root}/"):
        return None
    try:
        return stat_file(asset.path)
    except OSError:
        return None


def _sensor(item: Item) -> str | None:
    """From what an item says of its platform, where no file name tells."""
    words = {str(item.properties.get(name, "")).lower().replace("_", "-") for name in ("platform", "constellation", "mission")}
    if any(word.startswith("sentinel-2") for word in words):
        baseline = str(item.properties.get("processing:version") or item.properties.get("s2:processing_baseline") or "")
        shifted = "04.00" <= baseline < "99" and not item.properties.get("earthsearch:boa_offset_applied")
        return "sentinel-2-n0400" if shifted else "sentinel-2"
    platform = next((word for word in words if word in SENSORS), None)
    if platform and str(item.properties.get("landsat:correction", "")).startswith("L2"):
        return f"{platform}-l2"
    return platform


def _bands(asset: Asset, header: Header, sensor: str | None) -> tuple[Band, ...]:
    """Bands of an asset: named as the item says where it says so for each of them, else as the file says."""
    bands = name_bands(header, sensor)
    if len(asset.bands) == len(bands):
        named = [(str(known.get("name") or known["common_name"]), known["common_name"]) for known in asset.bands]
        bands = tuple(
            replace(band, name=name, common_name=str(common) if common else common_name(name, sensor))
            for band, (name, common) in zip(bands, named, strict=True)
        )
    if len(asset.scales) == len(bands):
        bands = tuple(
            replace(band, scale=scale, offset=offset) if (band.scale, band.offset) == (1.0, 0.0) else band
            for band, (scale, offset) in zip(bands, asset.scales, strict=True)
        )
    return bands
