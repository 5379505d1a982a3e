"""Rasters opened through GDAL: local files of known formats, quietly, and never larger than what can be decoded."""

import math
from pathlib import Path
from typing import Any

import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from terrakin.errors import SceneError
from terrakin.quiet import quiet
from terrakin.scenes.formats import DRIVERS, decoded_whole, extension

__all__ = ["MAX_IMAGE_PIXELS", "decoded_whole", "open_raster"]

MAX_IMAGE_PIXELS = 400_000_000
"""Most pixels of what must be decoded in one go: a picture, a JPEG 2000 file, one block of a GeoTIFF. A tile of Sentinel-2 has
120 million. Files read by windows may be of any size."""

_OPTIONS = {
    # Side files are asked for by name: listing a folder of 100,000 files at each opening would cost more than the opening.
    "GDAL_DISABLE_READDIR_ON_OPEN": "TRUE",
    # No extension is this one, so that no file can make GDAL fetch another.
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".terrakin-reads-no-network",
}


def open_raster(path: str) -> Any:
    """Open a raster for reading; a `rasterio.DatasetReader`, to be closed by the caller.

    Args:
        path: of a local file.

    Raises:
        SceneError: if it is no local file, of no known format, broken, or too large to decode.
    """
    driver = DRIVERS.get(extension(path))
    if driver is None or path.startswith("/vsi") or "://" in path:
        raise SceneError(f"{path} is not a local file that is read as a raster; known are {', '.join(DRIVERS)}")
    try:
        with quiet(NotGeoreferencedWarning), rasterio.Env(**_OPTIONS):
            dataset = rasterio.open(path, driver=driver)
    except (RasterioError, OSError) as exc:
        if not Path(path).is_file():
            raise SceneError(f"{path} does not exist") from exc
        raise SceneError(f"{path} cannot be opened as {driver}: broken, cut off, or of another type") from exc
    try:
        _check(path, dataset)
    except SceneError:
        dataset.close()
        raise
    return dataset


def _check(path: str, dataset: Any) -> None:
    if dataset.count == 0:
        raise SceneError(f"{path} holds no bands of its own; convert what it contains: gdal_translate SUBDATASET OUT.tif")
    blocks = [(dataset.height, dataset.width)] if decoded_whole(path) else dataset.block_shapes
    pixels = max(math.prod(block) for block in blocks)
    if pixels > MAX_IMAGE_PIXELS:
        raise SceneError(
            f"{path} would decode {pixels:,} pixels at once, more than {MAX_IMAGE_PIXELS:,}; "
            "if it is what it claims to be, convert it: gdal_translate -of COG IN OUT.tif"
        )
