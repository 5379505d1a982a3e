"""What a raster's header tells, as a value."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from rasterio.enums import ColorInterp
from rasterio.errors import RasterioError

from terrakin.errors import SceneError
from terrakin.scenes.gdal import open_raster

__all__ = ["Affine", "Header", "read_header"]

Affine = tuple[float, float, float, float, float, float]
"""(a, b, c, d, e, f), as in `Scene.transform`."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a raster file says of itself before a pixel is read. Alpha bands are left out of the lists by band."""

    path: str
    """Absolute path of the file."""
    width: int
    """Columns."""
    height: int
    """Rows."""
    indexes: tuple[int, ...]
    """Band numbers, one-based, of every band that measures something."""
    dtype: str
    """NumPy name of the widest type of these bands."""
    colours: tuple[str, ...]
    """GDAL colour interpretation by band: `red`, `gray`, `undefined`, ..."""
    descriptions: tuple[str, ...]
    """By band; empty where there is none."""
    scales: tuple[float, ...]
    """By band; physical = stored * scale + offset."""
    offsets: tuple[float, ...]
    """By band."""
    nodata: float | None = None
    """Stored value that means "no measurement"; None also where the type cannot hold the declared one."""
    crs: str | None = None
    """`EPSG:<code>` or WKT; None without geography."""
    transform: Affine | None = None
    """None without geography."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Tags of the file, and those on how it was taken."""


def read_header(path: str) -> Header:
    """Open a raster, read its header, close it.

    Raises:
        SceneError: if it cannot be opened, holds no band that measures something, or holds complex numbers.
    """
    with open_raster(path) as dataset:
        try:
            kept = [i for i, colour in enumerate(dataset.colorinterp) if colour != ColorInterp.alpha]
            if not kept:
                raise SceneError(f"{path} holds nothing but an alpha band")
            dtypes = [dataset.dtypes[i] for i in kept]
            if any(dtype.startswith("complex") for dtype in dtypes):
                raise SceneError(f"{path} holds complex numbers; convert them to amplitudes")
            dtype = np.result_type(*(np.dtype(name) for name in dtypes))
            # A transform without a CRS has no unit, a CRS without a transform no place: only both are geography.
            located = dataset.crs is not None and not dataset.transform.is_identity
            return Header(
                path=path,
                width=dataset.width,
                height=dataset.height,
                indexes=tuple(i + 1 for i in kept),
                dtype=dtype.name,
                colours=tuple(dataset.colorinterp[i].name for i in kept),
                descriptions=tuple((dataset.descriptions[i] or "").strip() for i in kept),
                scales=tuple(float(dataset.scales[i]) for i in kept),
                offsets=tuple(float(dataset.offsets[i]) for i in kept),
                nodata=_fitting(dataset.nodatavals[kept[0]], dtype),
                crs=_crs_text(dataset.crs) if located else None,
                transform=_affine(dataset.transform) if located else None,
                tags=dataset.tags() | dataset.tags(ns="IMAGERY"),
            )
        except (RasterioError, UnicodeDecodeError) as exc:
            raise SceneError(f"{path} has a broken header: {exc}") from exc


def _crs_text(crs: Any) -> str:
    """The text of a `rasterio.CRS`."""
    code = crs.to_epsg()
    return f"EPSG:{code}" if code else str(crs.to_wkt())


def _affine(transform: Any) -> Affine:
    """The numbers of an `affine.Affine`."""
    return (transform.a, transform.b, transform.c, transform.d, transform.e, transform.f)


def _fitting(nodata: float | None, dtype: np.dtype) -> float | None:
    """The declared nodata value, where a pixel can have it."""
    if nodata is None or dtype.kind == "f":
        return nodata
    if not math.isfinite(nodata) or nodata != int(nodata):
        return None
    limits = np.iinfo(dtype)
    return nodata if limits.min <= nodata <= limits.max else None
