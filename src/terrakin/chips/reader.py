"""Reading chips: windows of a scene as pixels for a model."""

from collections.abc import Sequence
from types import TracebackType

import numpy as np

from terrakin.chips.bandfile import open_band_files
from terrakin.chips.gaps import fill_gaps
from terrakin.chips.layer import Grid, Layer, grid_of
from terrakin.chips.pixels import Pixels, Upsampling
from terrakin.chips.scaling import ValueRange
from terrakin.chips.window import Window
from terrakin.scenes.scene import Band, Scene

__all__ = ["SceneReader"]


class SceneReader:
    """A scene opened for reading: one handle a file, for one thread. Close it, or use it in a `with`."""

    def __init__(
        self, scene: Scene, bands: Sequence[Band], value_range: ValueRange, *, upsampling: Upsampling = "bicubic"
    ) -> None:
        """Open the files that hold the bands.

        Args:
            scene: what is read.
            bands: of the scene, in the model's order; a band may come more than once.
            value_range: of each band, what becomes 0 and 1.
            upsampling: how bands that are coarser than the result are enlarged.

        Raises:
            SceneError: if a file cannot be opened.
        """
        if len(bands) != len(value_range.low):
            raise ValueError(f"wanted one value range a band, got {len(bands)} bands and {len(value_range.low)} ranges")
        wanted = list(zip(bands, value_range.low, value_range.high, strict=True))
        read = list(dict.fromkeys(wanted))  # one grey band may stand for red, green and blue
        self._files = open_band_files(scene, [band for band, _, _ in read])
        low, high = np.array([low for _, low, _ in read]), np.array([high for _, _, high in read])
        scale, offset = np.array([band.scale for band, _, _ in read]), np.array([band.offset for band, _, _ in read])
        gain, bias = scale / (high - low), (offset - low) / (high - low)
        by_grid: dict[Grid, list[int]] = {}
        try:
            for number, (file, _) in enumerate(self._files):
                by_grid.setdefault(grid_of(scene, file), []).append(number)
        except BaseException:
            self.close()
            raise
        layers = [
            Layer(grid, [self._files[number] for number in numbers], gain, bias, scene.nodata, upsampling)
            for grid, numbers in by_grid.items()
        ]
        self._layers = sorted(layers, key=lambda layer: -layer.grid.across * layer.grid.down)
        come = [position for layer in self._layers for position in layer.positions]
        order = [come.index(read.index(band)) for band in wanted]
        self._order = None if order == list(range(len(come))) else order

    def __enter__(self) -> "SceneReader":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close every file."""
        for file, _ in self._files:
            file.close()

    def read(self, window: Window, *, size: int) -> tuple[Pixels, float]:
        """One chip.

        The window is stretched to the square, so that one of another shape changes its aspect. What lies past the scene's edge
        is not measured. Bands that are coarser than the scene's grid are resized from their own pixels.

        Args:
            window: in the scene's pixels.
            size: side of the square that the model reads.

        Returns:
            The pixels, and the share of the window that was measured, in [0, 1], in the finest bands that are read.

        Raises:
            SceneError: if a file is broken there.
        """
        read = [layer.read(window, size) for layer in self._layers]
        values = read[0][0] if len(read) == 1 else np.concatenate([values for values, _, _ in read])
        masks = [mask for _, mask, _ in read if mask is not None]
        # Where one layer was measured everywhere, so was the chip.
        mask = np.logical_or.reduce(masks) if len(masks) == len(read) else np.ones((size, size), np.bool_)
        if not mask.all():
            values = fill_gaps(values, np.broadcast_to(~mask, values.shape))
        return Pixels(values if self._order is None else values[self._order], mask), read[0][2]
