"""Tiny imagery, written from what matters of it."""

import json
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.enums import ColorInterp
from rasterio.errors import NotGeoreferencedWarning

from terrakin.scenes.find import SourceOptions, find
from terrakin.scenes.scene import Candidate, Skipped

WriteRaster = Callable[..., Path]
WritePicture = Callable[..., Path]


@pytest.fixture
def write_raster() -> WriteRaster:
    """Write a raster of 1200 m x 1200 m in EPSG:32633 whose pixels count up; everything can be chosen."""

    def write(
        path: Path,
        *,
        size: int = 12,
        gsd: float | None = None,
        origin: tuple[float, float] = (500000.0, 5000000.0),
        count: int = 1,
        dtype: str = "uint16",
        crs: str | None = "EPSG:32633",
        nodata: float | None = None,
        descriptions: Sequence[str] = (),
        colours: Sequence[str] = (),
        tags: dict[str, str] | None = None,
        imagery: dict[str, str] | None = None,
        scale: tuple[float, float] | None = None,
        driver: str = "GTiff",
        **profile: Any,
    ) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        gsd = gsd or 1200 / size
        if crs:
            profile |= {"crs": crs, "transform": rasterio.Affine(gsd, 0, origin[0], 0, -gsd, origin[1])}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            dataset = rasterio.open(
                path, "w", driver=driver, width=size, height=size, count=count, dtype=dtype, nodata=nodata, **profile
            )
        with dataset:
            dataset.write((np.arange(count * size * size) % 250).reshape(count, size, size).astype(dtype))
            for index, description in enumerate(descriptions, start=1):
                dataset.set_band_description(index, description)
            if colours:
                dataset.colorinterp = [ColorInterp[colour] for colour in colours]
            if scale:
                dataset.scales, dataset.offsets = (scale[0],) * count, (scale[1],) * count
            dataset.update_tags(**(tags or {}))
            dataset.update_tags(ns="IMAGERY", **(imagery or {}))
        return path

    return write


@pytest.fixture
def write_picture() -> WritePicture:
    """Write a picture of 8 x 6 pixels."""

    def write(path: Path, *, mode: str = "RGB", size: tuple[int, int] = (8, 6), **options: Any) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new(mode, size).save(path, **options)
        return path

    return write


@pytest.fixture
def write_item() -> Callable[..., Path]:
    """Write a STAC item; assets are hrefs, or dicts."""

    def write(path: Path, assets: dict[str, Any], **properties: Any) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        full = {
            key: {"roles": ["data"], **asset} if isinstance(asset, dict) else {"href": asset, "roles": ["data"]}
            for key, asset in assets.items()
        }
        item = {"type": "Feature", "stac_version": "1.0.0", "id": path.stem, "properties": properties, "assets": full}
        path.write_text(json.dumps(item))
        return path

    return write


@pytest.fixture
def listed() -> Callable[..., tuple[dict[str, Candidate], dict[str, str]]]:
    """What find() gives: candidates by key, and reasons by file name."""

    def listed(path: Path, **options: str) -> tuple[dict[str, Candidate], dict[str, str]]:
        found = list(find(path, options=SourceOptions(**options)))
        candidates = {c.key: c for c in found if isinstance(c, Candidate)}
        skipped = {Path(s.uri).name: s.reason for s in found if isinstance(s, Skipped)}
        assert len(candidates) + len(skipped) == len(found), "keys or skipped names repeat"
        return candidates, skipped

    return listed
