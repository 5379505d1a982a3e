"""Synthetic patches in BigEarthNet's layout, whose labels are textures that one of the three resolutions shows."""

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.crs import CRS
from rasterio.transform import Affine

from terrakin.datasets.bigearthnet import BANDS, STATISTICS

__all__ = ["SIGNS", "PatchFile", "Sign", "make_patches"]

_STEPS = {"B02": 1, "B03": 1, "B04": 1, "B08": 1, "B01": 6, "B09": 6}
"""Side of a band's pixel in tens of metres; 2 for the others."""
_GSD_M = 10
_CHANCE = 0.35
"""Of each label."""
_CONTRAST = 0.25
"""Of a texture, as a share of the band's mean."""
_NOISE = 0.08
"""Of each pixel, likewise."""
_LISTS = ("train", "train", "train", "val", "test")
"""The part of each of five patches in turn."""
_PLACES = 100
"""Columns and rows that a patch's name can tell."""


@dataclass(frozen=True, slots=True)
class Sign:
    """What tells a label."""

    step: Literal[1, 2, 6]
    """Which bands show it: those whose pixels are 10, 20 or 60 m wide."""
    texture: Literal["columns", "rows", "checks"]
    """Bright and dark from pixel to pixel of that grid: a coarser grid cannot hold it."""


SIGNS = {
    "Discontinuous urban fabric": Sign(1, "columns"),
    "Industrial or commercial units": Sign(1, "rows"),
    "Vineyards": Sign(1, "checks"),
    "Pastures": Sign(2, "columns"),
    "Broad-leaved forest": Sign(2, "rows"),
    "Coniferous forest": Sign(2, "checks"),
    "Beaches, dunes, sands": Sign(6, "columns"),
    "Water bodies": Sign(6, "rows"),
    "Sea and ocean": Sign(6, "checks"),
}
"""Labels of the 43, each of another of the 19."""


@dataclass(frozen=True, slots=True)
class PatchFile:
    """A patch on disk."""

    path: Path
    """Its folder."""
    labels: tuple[str, ...]
    """Sorted, at least one."""


def make_patches(folder: Path, *, count: int = 100, side: int = 120, seed: int = 0) -> list[PatchFile]:
    """Write patches into `folder/BigEarthNet-v1.0`, with the lists `train.csv`, `val.csv` and `test.csv` in `folder`.

    A patch has a brightness of its own, noise, and the textures of its labels, each in a quarter of the patch; textures of one
    grid are in different quarters. Labels are drawn independently of each other, until there is one.

    Args:
        folder: made where missing; files of the same names are replaced.
        count: number of patches, at most 10,000. Of each five, three are in the list `train`.
        side: of the bands of 10 m in pixels, 120 as published; a multiple of 12 that is at least 24.
        seed: the same seed gives the same patches, and patch n does not depend on `count`.

    Raises:
        ValueError: if `count` or `side` is not as said.
    """
    if side < 24 or side % 12 or not 0 <= count <= _PLACES**2:
        raise ValueError(
            f"a side is a multiple of 12 from 24 on, and there are at most {_PLACES**2} patches; got {side} and {count}"
        )
    home = folder / "BigEarthNet-v1.0"
    made = []
    for number in range(count):
        name = f"S2A_MSIL2A_20170613T101031_{number // _PLACES}_{number % _PLACES}"
        made.append(_write(home / name, number, side, np.random.default_rng([seed, number])))
    for part in dict.fromkeys(_LISTS):
        with (folder / f"{part}.csv").open("w", newline="", encoding="utf-8") as file:
            rows = [patch.path.name for number, patch in enumerate(made) if _LISTS[number % len(_LISTS)] == part]
            csv.writer(file).writerows([row, row.replace("S2A", "S1A")] for row in rows)
    return made


def _write(path: Path, number: int, side: int, rng: np.random.Generator) -> PatchFile:
    path.mkdir(parents=True, exist_ok=True)
    drawn = np.zeros(len(SIGNS), np.bool_)
    while not drawn.any():
        drawn = rng.random(len(SIGNS)) < _CHANCE
    labels = tuple(sorted(label for label, there in zip(SIGNS, drawn, strict=True) if there))
    textures = {step: _textures([SIGNS[label] for label in labels], step, side // step, rng) for step in (1, 2, 6)}
    brightness = np.exp(rng.normal(0, 0.2))
    west, north = 300_000 + _GSD_M * side * (number % _PLACES), 5_400_000 - _GSD_M * side * (number // _PLACES)
    for band in BANDS:
        step, mean = _STEPS.get(band, 2), STATISTICS[band][0] * brightness
        noise = rng.normal(0, _NOISE, textures[step].shape)
        values = np.clip(mean * (1 + _CONTRAST * textures[step] + noise), 1, 65535).astype(np.uint16)
        with rasterio.open(
            path / f"{path.name}_{band}.tif",
            "w",
            driver="GTiff",
            width=side // step,
            height=side // step,
            count=1,
            dtype="uint16",
            crs=CRS.from_epsg(32633),
            transform=Affine(_GSD_M * step, 0, west, 0, -_GSD_M * step, north),
        ) as file:
            file.write(values, 1)
    said = {
        "labels": list(labels),
        "coordinates": {"ulx": west, "uly": north, "lrx": west + _GSD_M * side, "lry": north - _GSD_M * side},
        "projection": CRS.from_epsg(32633).to_wkt(),
        "tile_source": "generated",
        "acquisition_date": "2017-06-13 10:10:31",
    }
    (path / f"{path.name}_labels_metadata.json").write_text(json.dumps(said), encoding="utf-8")
    return PatchFile(path, labels)


def _textures(signs: list[Sign], step: int, side: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """(side, side) in -1, 0, 1: the textures of a grid, each in a quarter."""
    field, half = np.zeros((side, side)), side // 2
    rows, columns = np.indices((half, half))
    waves = {"columns": columns, "rows": rows, "checks": rows + columns}
    quarters = rng.permutation(4)
    for quarter, sign in zip(quarters, [sign for sign in signs if sign.step == step], strict=False):
        down, across = divmod(int(quarter), 2)
        place = slice(down * half, (down + 1) * half), slice(across * half, (across + 1) * half)
        field[place] = 1 - 2 * (waves[sign.texture] % 2)
    return field
