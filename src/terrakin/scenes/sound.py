"""Numbers of a header that cannot be meant: refused before anything is computed with them."""

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from terrakin.errors import SceneError
from terrakin.scenes.scene import Band

if TYPE_CHECKING:
    from terrakin.scenes.header import Header  # rasterio is slow to import, and every command reads `LARGEST`

__all__ = ["LARGEST", "check_bands", "check_transform"]

LARGEST = 1e30
"""No scale, offset or coordinate of imagery is larger, and products of several such numbers are still finite."""


def check_bands(bands: Iterable[Band]) -> None:
    """See that physical values can be computed from stored ones.

    Raises:
        SceneError: if a scale or an offset is not finite, or beyond `LARGEST`.
    """
    for band in bands:
        for what, number in (("scale", band.scale), ("offset", band.offset)):
            if not _sane(number):
                raise SceneError(
                    f"{band.path} says that band {band.name} has the {what} {number:g}; wanted a finite number of at most "
                    f"{LARGEST:g}. Mend its header"
                )


def check_transform(header: "Header") -> None:
    """See that each pixel has a place, and each place a pixel.

    Raises:
        SceneError: if a number of the transform is not finite or beyond `LARGEST`, or its determinant is 0.
    """
    if header.transform is None:
        return
    for number in header.transform:
        if not _sane(number):
            raise SceneError(
                f"{header.path} has a transform with {number:g} in it; wanted finite numbers of at most {LARGEST:g}. "
                "Mend its georeference"
            )
    a, b, _, d, e, _ = header.transform
    if a * e - b * d == 0:
        raise SceneError(
            f"{header.path} has a transform that lays all pixels on a line or a point ({a:g}, {b:g}, {d:g}, {e:g}); "
            "mend its georeference"
        )


def _sane(number: float) -> bool:
    return math.isfinite(number) and abs(number) <= LARGEST
