"""Synthetic scenes as files: GeoTIFFs with their truth beside them, or a folder a class."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np
import rasterio
import shapely
from PIL import Image
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.transform import Affine
from rasterio.warp import transform as reproject
from shapely.geometry.polygon import orient

from terrakin.datasets.generated.layout import CELL, CLASSES
from terrakin.datasets.generated.look import SEASONS
from terrakin.datasets.generated.scene import SyntheticScene, draw_scene
from terrakin.datasets.generated.truth import TrueWindow, true_polygons, true_windows

__all__ = ["BANDS", "SceneFile", "make_labelled_folder", "make_scenes"]

BANDS = ("red", "green", "blue", "nir")
"""Bands of the files, in order."""

_REFLECTANCE_STEP = 1e-4
"""Reflectance of one step of a uint16 scene, as the file says too."""
_BRIGHTEST = 0.55
"""Reflectance of the brightest pixels."""


@dataclass(frozen=True, slots=True)
class SceneFile:
    """A scene on disk, and what it shows."""

    path: Path
    """The GeoTIFF."""
    labels: Path
    """GeoJSON beside it: polygons in EPSG:4326 with `class`, and `col`, `row`, `width`, `height` of the window they fill."""
    acquired: datetime
    """When, in UTC; also in the file's name and in its tag `TIFFTAG_DATETIME`."""
    windows: tuple[TrueWindow, ...]
    """The class of each window of 256 m, in row order; together they tile the scene."""


def make_scenes(
    folder: Path,
    *,
    count: int = 3,
    size: int = 1024,
    gsd_m: int = 1,
    dtype: Literal["uint8", "uint16"] = "uint8",
    seed: int = 0,
) -> list[SceneFile]:
    """Write `count` scenes into `folder` as `scene-<n>_<date>.tif`, each with its `.labels.geojson`.

    Each scene is another place in Europe (UTM) on another day. Files are tiled and deflated, with bands red, green, blue and
    near infrared.

    Args:
        folder: made where missing; files of the same names are replaced.
        count: number of scenes.
        size: width and height in pixels, a multiple of 256 m.
        gsd_m: metres per pixel, a divisor of 256.
        dtype: `uint8` for display values; `uint16` for reflectances in steps of 0.0001.
        seed: the same seed gives the same scenes, and scene n does not depend on `count`.

    Raises:
        ValueError: if `size` or `gsd_m` is not as said.
    """
    if gsd_m < 1 or CELL % gsd_m or size < 1 or size * gsd_m % CELL:
        raise ValueError(f"size x gsd_m must be a multiple of {CELL} m and gsd_m divide {CELL}, got {size} x {gsd_m} m")
    folder.mkdir(parents=True, exist_ok=True)
    cells = size * gsd_m // CELL
    made = []
    for number in range(1, count + 1):
        rng = np.random.default_rng([seed, number])
        scene = draw_scene(cells, cells, rng=rng, gsd_m=gsd_m)
        made.append(_write(folder, f"scene-{number:02d}", scene, dtype, rng))
    return made


def make_labelled_folder(folder: Path, *, per_class: int = 20, size: int = 256, seed: int = 0) -> list[Path]:
    """Write `<class>/<class>_<nnn>.jpg`, `per_class` RGB images of each class, each from another scene.

    Args:
        folder: made where missing; files of the same names are replaced.
        per_class: images of each of the six classes.
        size: width and height in pixels of one metre, at most 256: the middle of a cell.
        seed: the same seed gives the same images, and image n does not depend on `per_class`.

    Returns:
        The files, by number and then by class.

    Raises:
        ValueError: if `size` is not from 1 to 256.
    """
    if not 1 <= size <= CELL:
        raise ValueError(f"size must be from 1 to {CELL}, got {size}")
    for label in CLASSES:
        (folder / label).mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(1, per_class + 1):
        # Six cells hold each class once.
        scene = draw_scene(2, 3, rng=np.random.default_rng([seed, number]))
        for cell in sorted(scene.cells, key=lambda cell: cell.label):
            left, top = (cell.centre - size / 2).astype(int)
            pixels = scene.pixels[top : top + size, left : left + size, :3].astype(np.uint8)
            path = folder / cell.label / f"{cell.label}_{number:03d}.jpg"
            Image.fromarray(pixels).save(path, quality=92)
            paths.append(path)
    return paths


def _write(folder: Path, name: str, scene: SyntheticScene, dtype: str, rng: np.random.Generator) -> SceneFile:
    acquired = datetime(
        int(rng.integers(2019, 2025)), SEASONS[scene.season], int(rng.integers(1, 29)), 10, int(rng.integers(60)), tzinfo=UTC
    )
    crs = CRS.from_epsg(int(rng.integers(32630, 32636)))
    west, north = rng.integers([30_000, 490_000], [70_000, 590_000]) * 10.0
    transform = Affine(scene.gsd_m, 0, west, 0, -scene.gsd_m, north)
    path = folder / f"{name}_{acquired:%Y-%m-%d}.tif"
    values = scene.pixels if dtype == "uint8" else scene.pixels * (_BRIGHTEST / _REFLECTANCE_STEP / 255)
    height, width, bands = values.shape
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=width,
        height=height,
        count=bands,
        dtype=dtype,
        crs=crs,
        transform=transform,
        tiled=True,
        blockxsize=256,
        blockysize=256,
        compress="deflate",
        predictor=2,
        photometric="RGB",
        alpha="no",
    ) as file:
        file.write(np.moveaxis(values.astype(dtype), 2, 0))
        file.descriptions = BANDS
        file.colorinterp = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.undefined)
        file.update_tags(TIFFTAG_DATETIME=f"{acquired:%Y:%m:%d %H:%M:%S}", season=scene.season)
        if dtype == "uint16":
            file.scales = (_REFLECTANCE_STEP,) * bands
    windows = true_windows(scene)
    labels = path.with_suffix(".labels.geojson")
    labels.write_text(json.dumps(_geojson(scene, windows, crs, transform)), encoding="utf-8")
    return SceneFile(path=path, labels=labels, acquired=acquired, windows=windows)


def _geojson(scene: SyntheticScene, windows: tuple[TrueWindow, ...], crs: CRS, transform: Affine) -> dict[str, object]:
    features = []
    for (label, outline), window in zip(true_polygons(scene), windows, strict=True):
        # Written out: affine 3 deprecates the product that affine 2 needs.
        x, y = transform.c + transform.a * outline[:, 0], transform.f + transform.e * outline[:, 1]
        lon, lat = reproject(crs, "EPSG:4326", x, y)
        # RFC 7946 wants outer rings counterclockwise; seven decimals are a centimetre.
        ring = orient(shapely.Polygon(np.round(np.stack([lon, lat], axis=1), 7))).exterior.coords
        place = {"col": window.col, "row": window.row, "width": window.width, "height": window.height}
        features.append(
            {
                "type": "Feature",
                "properties": {"class": label, **place},
                "geometry": {"type": "Polygon", "coordinates": [list(ring)]},
            }
        )
    return {"type": "FeatureCollection", "features": features}
