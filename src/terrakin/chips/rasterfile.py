"""Bands of a raster: windows read through GDAL, and formats that know no windows decoded once."""

import math
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import MaskFlags, Resampling
from rasterio.errors import RasterioError
from rasterio.windows import Window as RasterWindow

from terrakin.chips.spool import spool
from terrakin.chips.window import Window
from terrakin.errors import SceneError
from terrakin.scenes.formats import decoded_whole
from terrakin.scenes.gdal import open_raster

__all__ = ["RasterFile"]


class RasterFile:
    """A `BandFile` over a GeoTIFF, JPEG 2000 or anything else that GDAL opens.

    Reading one window of JPEG 2000 costs up to as much as reading all of it. So the first window is read as it is (often it is
    the only one), and with the second all bands that were asked for are decoded and kept (see `spool`).
    """

    reduces = True

    def __init__(self, path: str, indexes: tuple[int, ...]) -> None:
        """Open it.

        Args:
            path: of the file.
            indexes: one-based band numbers.

        Raises:
            SceneError: if it is broken or lacks a band.
        """
        self._path, self._indexes = path, list(indexes)
        self._dataset = open_raster(path)
        if max(indexes) > self._dataset.count:
            count = self._dataset.count
            self._dataset.close()
            raise SceneError(f"{path} has {count} bands and not {max(indexes)}: it has changed since it was found")
        self.width, self.height = int(self._dataset.width), int(self._dataset.height)
        affine = self._dataset.transform
        self.transform = None if affine.is_identity else (affine.a, affine.b, affine.c, affine.d, affine.e, affine.f)
        with rasterio.Env():  # outside of one GDAL writes its warnings to stderr
            flags = self._dataset.mask_flag_enums[indexes[0] - 1]
        self._has_mask = MaskFlags.per_dataset in flags or MaskFlags.alpha in flags
        self._windows_are_slow = decoded_whole(path)
        self._read_before = False
        self._decoded: tuple[NDArray[Any], NDArray[Any] | None] | None = None

    def read(self, rect: Window, *, reduction: int = 1) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
        """See `BandFile.read`."""
        try:
            with rasterio.Env():
                if self._windows_are_slow and self._read_before and reduction == 1:
                    return self._from_decoded(rect)
                self._read_before = True
                mask = self._read_mask(rect, reduction) if self._has_mask else None
                return self._read(rect, reduction), None if mask is None or mask.all() else mask > 0
        except (RasterioError, OSError) as exc:
            cause = exc.__cause__ or exc
            raise SceneError(f"{self._path} cannot be read at {rect}: broken or cut off there ({cause})") from exc

    def close(self) -> None:
        """Close the file and let go of what was decoded."""
        self._decoded = None
        self._dataset.close()

    def _from_decoded(self, rect: Window) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
        if self._decoded is None:
            self._decoded = self._decode()
        values, mask = self._decoded
        rows, cols = slice(rect.row, rect.row + rect.height), slice(rect.col, rect.col + rect.width)
        return np.array(values[:, rows, cols]), None if mask is None else np.array(mask[0, rows, cols]) > 0

    def _decode(self) -> tuple[NDArray[Any], NDArray[Any] | None]:
        dtype = np.result_type(*(self._dataset.dtypes[index - 1] for index in self._indexes))
        block = self._dataset.block_shapes[0][0]
        size = self.height, self.width
        values = spool(
            lambda first, rows: self._read(Window(0, first, self.width, rows)),
            (len(self._indexes), *size),
            dtype,
            block=block,
            what=self._path,
        )
        if not self._has_mask:
            return values, None
        mask = spool(
            lambda first, rows: self._read_mask(Window(0, first, self.width, rows))[None],
            (1, *size),
            np.dtype(np.uint8),
            block=block,
            what=self._path,
        )
        return values, mask

    def _read(self, rect: Window, reduction: int = 1) -> NDArray[Any]:
        return np.asarray(self._dataset.read(self._indexes, **_where(rect, reduction, (len(self._indexes),))))

    def _read_mask(self, rect: Window, reduction: int = 1) -> NDArray[np.uint8]:
        return np.asarray(self._dataset.read_masks(self._indexes[0], **_where(rect, reduction, ())))


def _where(rect: Window, reduction: int, lead: tuple[int, ...]) -> dict[str, Any]:
    """Arguments of rasterio for a rectangle; a reduced one is read from overviews where there are any."""
    window = RasterWindow(rect.col, rect.row, rect.width, rect.height)
    if reduction == 1:
        return {"window": window}
    shape = (*lead, math.ceil(rect.height / reduction), math.ceil(rect.width / reduction))
    return {"window": window, "out_shape": shape, "resampling": Resampling.average}
