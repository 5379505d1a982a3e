"""Plain pictures opened with Pillow: JPEG, PNG, WebP, BMP and the first frame of GIF."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import ExifTags, Image

from terrakin.errors import SceneError
from terrakin.quiet import quiet
from terrakin.scenes.formats import PICTURES
from terrakin.scenes.gdal import MAX_IMAGE_PIXELS

__all__ = ["open_picture", "picture_bands", "picture_dtype", "picture_tags"]

_GREY = {"1": "uint8", "L": "uint8", "LA": "uint8", "La": "uint8", "I": "int32", "F": "float32"}
"""Pillow's modes of one band, besides the 16 bit ones."""

_FORMATS = sorted(set(PICTURES.values()))
"""Pillow's other formats, some of which run programs, are not opened, whatever a file is called."""

_limit_lock = threading.Lock()


@contextmanager
def open_picture(path: str) -> Iterator[Image.Image]:
    """Open a picture of any of these formats; no pixel is decoded before it is asked for. An EXIF rotation is not applied.

    Raises:
        SceneError: if it is broken, of another type, or too large to decode; also for what Pillow raises
            when pixels are decoded inside the `with`.
    """
    try:
        picture = _open(path)
    except FileNotFoundError as exc:
        raise SceneError(f"{path} does not exist") from exc
    except PermissionError as exc:
        raise SceneError(f"{path} cannot be read: {exc.strerror}") from exc
    except (OSError, SyntaxError, ValueError, EOFError) as exc:
        raise SceneError(f"{path} cannot be opened as a picture: broken, cut off, or of another type") from exc
    with picture:
        pixels = picture.width * picture.height
        if pixels > MAX_IMAGE_PIXELS:
            raise SceneError(
                f"{path} would decode {pixels:,} pixels at once, more than {MAX_IMAGE_PIXELS:,}; "
                "if it is what it claims to be, convert it: gdal_translate -of COG IN OUT.tif"
            )
        try:
            yield picture
        except (OSError, SyntaxError, EOFError) as exc:
            raise SceneError(f"{path} is broken or cut off: {exc}") from exc


def picture_bands(picture: Image.Image) -> tuple[str, ...]:
    """Names of a picture's bands once decoded: `gray`, or `red`, `green`, `blue` (palettes and CMYK become RGB). No alpha."""
    return ("gray",) if picture.mode in _GREY or picture.mode.startswith("I;16") else ("red", "green", "blue")


def picture_dtype(picture: Image.Image) -> str:
    """NumPy name of a picture's type once decoded."""
    return "uint16" if picture.mode.startswith("I;16") else _GREY.get(picture.mode, "uint8")


def picture_tags(picture: Image.Image) -> dict[str, str]:
    """When a picture was taken, by GDAL's names of the EXIF tags."""
    exif = picture.getexif().get_ifd(ExifTags.IFD.Exif)
    wanted = {
        "EXIF_DateTimeOriginal": ExifTags.Base.DateTimeOriginal,
        "EXIF_OffsetTimeOriginal": ExifTags.Base.OffsetTimeOriginal,
    }
    return {name: str(exif[tag]) for name, tag in wanted.items() if tag in exif}


def _open(path: str) -> Image.Image:
    # Pillow's own limit is lower, and a global; ours is checked by the caller before a pixel is decoded.
    with _limit_lock, quiet(Warning):
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return Image.open(path, formats=_FORMATS)
        finally:
            Image.MAX_IMAGE_PIXELS = limit
