"""The bands of a scene that share a grid, read from their files as one."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrakin.chips.bandfile import BandFile
from terrakin.chips.gaps import fill_gaps, find_gaps
from terrakin.chips.pixels import Upsampling
from terrakin.chips.resample import square, square_mask
from terrakin.chips.window import Window
from terrakin.errors import SceneError
from terrakin.scenes.scene import Scene

__all__ = ["Grid", "Layer", "grid_of"]

_KEPT = 2
"""Pixels that are read for each of the result, along a side, at least: what lies beyond is averaged while it is read."""

_WHOLE_PIXEL = 1e-6
"""Pixels by which an edge may miss a pixel's edge and still be on it."""


@dataclass(frozen=True, slots=True)
class Grid:
    """How the pixels of a file lie under those of its scene: file column = scene column * across + left."""

    width: int
    """Columns of the file."""
    height: int
    """Rows of the file."""
    across: float
    """Columns of the file a column of the scene; less than 1 where the file is coarser."""
    down: float
    """Rows of the file a row of the scene."""
    left: float
    """Column of the file at the scene's left edge."""
    top: float
    """Row of the file at the scene's upper edge."""


def grid_of(scene: Scene, file: BandFile) -> Grid:
    """Where a file's pixels lie in its scene: by both transforms where there are any, else over all of it.

    Raises:
        SceneError: if the file is turned against the scene.
    """
    if scene.transform is None or file.transform is None:
        return Grid(file.width, file.height, file.width / scene.width, file.height / scene.height, 0, 0)
    a, b, c, d, e, f = scene.transform
    fa, fb, fc, fd, fe, ff = file.transform
    determinant = fa * fe - fb * fd
    across, across_by_row = (fe * a - fb * d) / determinant, (fe * b - fb * e) / determinant
    down_by_col, down = (fa * d - fd * a) / determinant, (fa * e - fd * b) / determinant
    left, top = (fe * (c - fc) - fb * (f - ff)) / determinant, (fa * (f - ff) - fd * (c - fc)) / determinant
    if max(abs(across_by_row) * scene.height, abs(down_by_col) * scene.width) > 0.5 or min(across, down) <= 0:
        raise SceneError(f"the bands of {scene.uri} lie on grids that are turned against each other; warp them to one")
    return Grid(file.width, file.height, *(round(number, 9) for number in (across, down, left, top)))


class Layer:
    """Bands on one grid: read, their gaps filled, scaled and resized together."""

    def __init__(
        self,
        grid: Grid,
        files: Sequence[tuple[BandFile, tuple[int, ...]]],
        gain: NDArray[np.float64],
        bias: NDArray[np.float64],
        nodata: float | None,
        upsampling: Upsampling,
    ) -> None:
        """Put bands together.

        Args:
            grid: of every file.
            files: each with the positions of its bands among those that are read.
            gain: (C,) of all bands that are read: stored value * gain + bias lies in [0, 1] within the value range.
            bias: (C,), see `gain`.
            nodata: stored value that means "no measurement".
            upsampling: see `square`.
        """
        self._upsampling = upsampling
        self.grid = grid
        self.positions = [position for _, positions in files for position in positions]
        self._files = [file for file, _ in files]
        self._gain, self._bias = gain[self.positions], bias[self.positions]
        self._nodata = nodata
        self._as_stored = bool(np.abs(self._gain * 255 - 1).max() < 1e-9 and np.abs(self._bias).max() < 1e-9)
        with np.errstate(over="ignore", invalid="ignore"):  # a nodata value of any size is one that no band is shown in
            inside = np.zeros(len(self.positions)) if nodata is None else nodata * self._gain + self._bias
        self._shades = (inside >= 0) & (inside <= 1)

    def read(self, window: Window, size: int) -> tuple[NDArray[np.float32], NDArray[np.bool_] | None, float]:
        """The bands in a window of the scene, which may reach past its edge.

        Returns:
            (C, size, size) float32 in [0, 1]; (size, size), True where something was measured, or None where that is
            everywhere; and the share of the window that was measured.
        """
        left, right = (round(col * self.grid.across + self.grid.left, 6) for col in (window.col, window.col + window.width))
        top, bottom = (round(row * self.grid.down + self.grid.top, 6) for row in (window.row, window.row + window.height))
        rect = _cover(left, top, right, bottom)
        values, mask = self._read_padded(rect, size)
        gaps = find_gaps(values, mask, self._nodata, shades=self._shades)
        across, down = values.shape[2] / rect.width, values.shape[1] / rect.height
        part = ((left - rect.col) * across, (top - rect.row) * down, (right - rect.col) * across, (bottom - rect.row) * down)
        if not (self._as_stored and values.dtype == np.uint8):
            values = self._scaled(values)
        if gaps is None:
            return square(values, part, size, self._upsampling), None, 1.0
        measured = np.logical_not(gaps.all(axis=0))
        filled = square(fill_gaps(values, gaps), part, size, self._upsampling)
        return filled, square_mask(measured, part, size), float(measured.mean())

    def _read_padded(self, rect: Window, size: int) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
        """Stored values of a rectangle and its mask, on a canvas that holds nothing outside of the files."""
        reduction = _reduction(rect, size) if all(file.reduces for file in self._files) else 1
        inside = _within(rect, self.grid)
        if inside == rect:
            return self._read_files(rect, reduction)
        height, width = math.ceil(rect.height / reduction), math.ceil(rect.width / reduction)
        if inside is None:
            return np.zeros((len(self.positions), height, width), np.uint8), np.zeros((height, width), np.bool_)
        values, mask = self._read_files(inside, reduction)
        rows = _place(inside.row - rect.row, reduction, values.shape[1], height)
        cols = _place(inside.col - rect.col, reduction, values.shape[2], width)
        canvas, there = np.zeros((len(values), height, width), values.dtype), np.zeros((height, width), np.bool_)
        canvas[:, rows, cols] = values
        there[rows, cols] = True if mask is None else mask
        return canvas, there

    def _read_files(self, rect: Window, reduction: int) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
        """All bands of a rectangle inside the files; measured is what any file's mask lets through."""
        if len(self._files) == 1:
            return self._files[0].read(rect, reduction=reduction)
        read = [file.read(rect, reduction=reduction) for file in self._files]
        masks = [mask for _, mask in read if mask is not None]
        mask = np.logical_or.reduce(masks) if len(masks) == len(read) else None
        return np.concatenate([values for values, _ in read]), mask

    def _scaled(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Stored values as float32 in [0, 1]; NaN stays."""
        # float32 holds every 16 bit number exactly; the others are scaled in float64, where nothing cancels.
        exact = np.float32 if values.dtype.kind in "iu" and values.dtype.itemsize <= 2 else np.float64
        gain, bias = (factor.astype(exact)[:, None, None] for factor in (self._gain, self._bias))
        with np.errstate(invalid="ignore", over="ignore"):  # infinities are gaps
            scaled = np.clip(values * gain + bias, 0, 1)
        return np.asarray(scaled, np.float32)


def _cover(left: float, top: float, right: float, bottom: float) -> Window:
    """The smallest rectangle of whole pixels around edges."""
    col, row = math.floor(left + _WHOLE_PIXEL), math.floor(top + _WHOLE_PIXEL)
    return Window(col, row, max(1, math.ceil(right - _WHOLE_PIXEL) - col), max(1, math.ceil(bottom - _WHOLE_PIXEL) - row))


def _within(rect: Window, grid: Grid) -> Window | None:
    col, row = max(0, rect.col), max(0, rect.row)
    width, height = min(grid.width, rect.col + rect.width) - col, min(grid.height, rect.row + rect.height) - row
    return Window(col, row, width, height) if min(width, height) > 0 else None


def _reduction(rect: Window, size: int) -> int:
    """Pixels to average while reading so that at least `_KEPT` along a side are left for each of the result."""
    return max(1, min(rect.width, rect.height) // (_KEPT * size))


def _place(offset: int, reduction: int, length: int, room: int) -> slice:
    """Where `length` reduced pixels that begin `offset` full pixels into a canvas of `room` lie."""
    first = min(round(offset / reduction), room - length)
    return slice(first, first + length)
