"""Imagery to index: pictures cut from a generated scene, and files much larger than it."""

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
from PIL import Image
from rasterio.windows import Window

CHIP = 256
"""Side of a picture, and of a chip, in pixels."""


def cut_jpegs(scene: Path, folder: Path, count: int) -> Path:
    """Write `count` windows of a scene, drawn with a fixed seed, as JPEG files of 256 px; returns the folder."""
    folder.mkdir()
    with rasterio.open(scene) as file:
        pixels = np.moveaxis(file.read([1, 2, 3]), 0, 2)
    rng = np.random.default_rng(0)
    for number in range(count):
        row, col = rng.integers(0, np.array(pixels.shape[:2]) - CHIP + 1)
        Image.fromarray(pixels[row : row + CHIP, col : col + CHIP]).save(folder / f"{number:05}.jpg", quality=90)
    return folder


def lay_geotiff(scene: Path, path: Path, times: int) -> Path:
    """Write a scene `times` by `times` side by side as one GeoTIFF of the same bands, blocks and compression."""
    with rasterio.open(scene) as file:
        profile, pixels = file.profile, file.read()
        size = {"width": file.width * times, "height": file.height * times}
        with rasterio.open(path, "w", **{**profile, **size}) as large:
            large.descriptions, large.colorinterp = file.descriptions, file.colorinterp
            for number in range(times * times):
                where = Window(number % times * file.width, number // times * file.height, file.width, file.height)
                large.write(pixels, window=where)
    return path


def lay_cog(geotiff: Path, path: Path) -> Path:
    """Write a GeoTIFF once more as a COG of 512 px blocks with overviews, compressed by ZSTD."""
    options: dict[str, Any] = {"compress": "ZSTD", "predictor": "YES", "blocksize": 512, "num_threads": "ALL_CPUS"}
    rasterio.shutil.copy(geotiff, path, driver="COG", **options)
    return path
