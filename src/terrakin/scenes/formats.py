"""File formats that are read, by extension: known without importing what reads them."""

from collections.abc import Mapping
from pathlib import PurePath
from types import MappingProxyType

__all__ = ["ANNOTATIONS", "DRIVERS", "PICTURES", "decoded_whole", "extension", "is_picture"]

PICTURES: Mapping[str, str] = MappingProxyType(
    {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".bmp": "BMP", ".gif": "GIF"}
)
"""What Pillow reads: its name of the format, by extension in small letters."""

DRIVERS: Mapping[str, str] = MappingProxyType(
    {
        ".tif": "GTiff",
        ".tiff": "GTiff",
        ".jp2": "JP2OpenJPEG",
        ".j2k": "JP2OpenJPEG",
        ".img": "HFA",
        ".ntf": "NITF",
        ".nitf": "NITF",
        ".bil": "ENVI",
        ".bip": "ENVI",
        ".bsq": "ENVI",
        **PICTURES,
    }
)
"""What GDAL reads: the one driver that may open a file, by its extension in small letters. Formats that point to other files or
to a network (VRT, WMS, ...) are not among them: imagery comes from strangers."""


ANNOTATIONS = ".labels.geojson"
"""Ending of the file beside `name.tif` that holds polygons with a class: `name.labels.geojson`."""


def extension(name: str) -> str:
    """The extension of a file name in small letters, with its dot; empty where there is none.

    >>> extension("B02.TIF"), extension("README")
    ('.tif', '')
    """
    _, dot, end = name.rpartition(".")
    return dot + end.lower() if dot else ""


def is_picture(path: str) -> bool:
    """True where Pillow reads the pixels of a file, by its name."""
    return extension(path) in PICTURES


def decoded_whole(path: str) -> bool:
    """True where reading a part of a file costs as much as reading all of it: pictures and JPEG 2000."""
    return is_picture(path) or PurePath(path).suffix.lower() in {".jp2", ".j2k"}
