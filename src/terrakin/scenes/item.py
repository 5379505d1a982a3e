"""STAC items, read as values: which assets are imagery, and which scenes they make."""

import json
import os.path
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from terrakin.errors import SceneError
from terrakin.scenes.formats import DRIVERS, extension

__all__ = ["MAX_ITEM_BYTES", "Asset", "Item", "json_names", "read_item"]

MAX_ITEM_BYTES = 4 << 20
"""A json file larger than this is no item and is not read."""

_LEFT_TEXT = """
thumbnail overview metadata mask udm udm2 cloud cloud-shadow snow-ice land-water water-mask data-mask saturation quality
incidence-angle azimuth sun-azimuth sun-elevation terrain-shadow terrain-occlusion date
"""
_LEFT = frozenset(_LEFT_TEXT.split())
"""Roles of assets that are not imagery: STAC best practices, "List of asset roles", and Planet's unusable data mask."""

_LEFT_KEYS = frozenset({"thumbnail", "overview", "preview", "rendered_preview"})
"""Keys of assets that are not imagery, for items without roles."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file of an item."""

    key: str
    """Its name in the item."""
    href: str
    """As written in the item."""
    path: str | None
    """Absolute path; None where the href is not a local file."""
    imagery: bool
    """False for thumbnails, metadata, masks and what no reader knows."""
    bands: tuple[Mapping[str, Any], ...]
    """What the item says of its bands: `name`, `common_name`; empty where it says nothing."""
    scales: tuple[tuple[float, float], ...]
    """(scale, offset) by band, where the item says so."""


@dataclass(frozen=True, slots=True)
class Item:
    """A STAC item with its assets."""

    path: str
    """Absolute path of its json file."""
    properties: Mapping[str, Any]
    """As written, with `collection`."""
    assets: tuple[Asset, ...]
    """In the item's order."""

    def scenes(self) -> tuple[tuple[str | None, tuple[Asset, ...]], ...]:
        """The scenes that its local imagery makes: None and the single-band assets, then each other asset under its key.

        Of several assets of one band, such as the same as GeoTIFF and JPEG 2000, the first counts. Where an item declares
        spectral bands, assets of one band without a spectral name (classification, water vapour) are left.
        """
        local = [asset for asset in self.assets if asset.imagery and asset.path]
        stack: dict[str, Asset] = {}
        for asset in local:
            if len(asset.bands) == 1:
                stack.setdefault(_band_name(asset.bands[0], asset.key), asset)
        alone = [asset for asset in local if len(asset.bands) != 1 and not (stack and len(asset.scales) == 1)]
        return (*(((None, tuple(stack.values())),) if stack else ()), *((asset.key, (asset,)) for asset in alone))


def read_item(path: str) -> Item | None:
    """Read a json file; None where it is valid json and no item.

    Raises:
        SceneError: if it is no valid json.
    """
    try:
        content = json.loads(Path(path).read_bytes())
    except (OSError, ValueError, RecursionError) as exc:
        raise SceneError(f"is not valid json: {exc}") from exc
    if not (isinstance(content, dict) and content.get("type") == "Feature" and "stac_version" in content):
        return None
    properties = content.get("properties")
    assets = content.get("assets")
    if not (isinstance(properties, dict) and isinstance(assets, dict)):
        raise SceneError("is a STAC item without properties or assets")
    folder = path.rpartition("/")[0]
    known = {**properties, **({"collection": content["collection"]} if "collection" in content else {})}
    return Item(path, known, tuple(_asset(folder, key, value) for key, value in assets.items() if isinstance(value, dict)))


def json_names(names: Iterable[str]) -> Iterator[str]:
    """The names that an item may have. The json of a BigEarthNet patch is none, and there may be half a million of them."""
    return (n for n in names if n.endswith((".json", ".geojson")) and not n.endswith("_labels_metadata.json"))


def _band_name(band: Mapping[str, Any], default: str) -> str:
    return str(band.get("name") or band.get("common_name") or default)


def _asset(folder: str, key: str, value: Mapping[str, Any]) -> Asset:
    href = str(value.get("href", ""))
    roles = {str(role) for role in _list(value.get("roles"))}
    kind = str(value.get("type") or "image/")
    imagery = (
        extension(urlsplit(href).path) in DRIVERS and kind.startswith("image/") and not roles & _LEFT and key not in _LEFT_KEYS
    )
    # STAC 1.0 with the electro-optical extension, STAC 1.1 (`eo:common_name` in `bands`).
    bands = [band for band in _list(value.get("eo:bands") or value.get("bands")) if isinstance(band, dict)]
    spectral = [{**band, "common_name": band.get("common_name") or band.get("eo:common_name")} for band in bands]
    named = tuple(band for band in spectral if band.get("name") or band["common_name"])
    rasters = [band for band in _list(value.get("raster:bands")) if isinstance(band, dict)] or [
        {"scale": band.get("raster:scale"), "offset": band.get("raster:offset")} for band in bands
    ]
    scales = tuple((_number(band.get("scale"), 1.0), _number(band.get("offset"), 0.0)) for band in rasters)
    return Asset(key, href, _local(folder, href), imagery, named, scales)


def _local(folder: str, href: str) -> str | None:
    if href.startswith("file://"):
        href = unquote(urlsplit(href).path)
    elif "://" in href or href.startswith("/vsi") or not href:
        return None
    path = os.path.normpath(os.path.join(folder, href)).replace(os.sep, "/")  # noqa: PTH118  # Path does not take out `..`
    return path if os.path.lexists(path) else unquote(path)


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _number(value: Any, default: float) -> float:
    return float(value) if isinstance(value, int | float) else default
