"""Tiny rasters and images on demand, as scenes."""

import itertools
import warnings
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import rasterio
from PIL import Image
from rasterio.errors import NotGeoreferencedWarning
from rasterio.transform import Affine

from terrakin.chips.window import Window
from terrakin.scenes.scene import Band, Scene

NORTH_UP = (10.0, 0.0, 300000.0, 0.0, -10.0, 5200000.0)


@pytest.fixture(scope="session")
def grid_scene() -> Callable[..., Scene]:
    """A scene without files: for what is decided before pixels are read."""

    def make(width=600, height=500, crs="EPSG:32632", transform=NORTH_UP, dtype="uint8", **fields) -> Scene:
        return Scene(
            uri="/imagery/scene.tif",
            key="scene.tif",
            bands=fields.pop("bands", (Band("b1", "/imagery/scene.tif", 1),)),
            width=width,
            height=height,
            dtype=dtype,
            fingerprint="00",
            crs=crs,
            transform=transform if crs else None,
            **fields,
        )

    return make


@pytest.fixture(scope="session")
def raster(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Scene]:
    """A scene in one file, from an array (C, H, W): `raster(values, nodata=0, mask=None, driver="GTiff", ...)`."""
    folder, numbers = tmp_path_factory.mktemp("imagery"), itertools.count()

    def make(
        values: np.ndarray,
        *,
        crs="EPSG:32632",
        transform=NORTH_UP,
        nodata=None,
        mask=None,
        alpha=None,
        scales=None,
        offsets=None,
        overviews: Sequence[int] = (),
        suffix=".tif",
        sensor=None,
        names=None,
        **profile,
    ) -> Scene:
        path = folder / f"raster{next(numbers)}{suffix}"
        count, height, width = values.shape
        geography = {"crs": crs, "transform": Affine(*transform)} if crs else {}
        layers = values if alpha is None else np.concatenate([values, alpha[None].astype(values.dtype)])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(
                path,
                "w",
                width=width,
                height=height,
                count=len(layers),
                dtype=values.dtype.name,
                nodata=nodata,
                **geography,
                **({"driver": "GTiff"} | profile),
            ) as dataset:
                dataset.write(layers)
                if alpha is not None:
                    colours = [rasterio.enums.ColorInterp.gray, *[rasterio.enums.ColorInterp.undefined] * (count - 1)]
                    dataset.colorinterp = [*colours, rasterio.enums.ColorInterp.alpha]
                if mask is not None:
                    dataset.write_mask(mask)
                if overviews:
                    dataset.build_overviews(list(overviews), rasterio.enums.Resampling.average)
        scales, offsets = scales or [1.0] * count, offsets or [0.0] * count
        names = names or [f"b{index}" for index in range(1, count + 1)]
        return Scene(
            uri=str(path),
            key=path.name,
            bands=tuple(
                Band(name, str(path), index, scale=scale, offset=offset)
                for index, (name, scale, offset) in enumerate(zip(names, scales, offsets, strict=True), 1)
            ),
            width=width,
            height=height,
            dtype=values.dtype.name,
            fingerprint="00",
            crs=crs,
            transform=transform if crs else None,
            nodata=nodata,
            sensor=sensor,
        )

    return make


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Scene]:
    """A scene in one plain image file: `picture(Image, ".png", **save_options)`."""
    folder, numbers = tmp_path_factory.mktemp("imagery"), itertools.count()

    def make(image: Image.Image, suffix=".png", *, bands: int | None = None, **options) -> Scene:
        path = folder / f"picture{next(numbers)}{suffix}"
        image.save(path, **options)
        count = bands or (1 if image.mode in {"1", "L", "LA"} else 3)
        return Scene(
            uri=str(path),
            key=path.name,
            bands=tuple(Band(f"b{index}", str(path), index) for index in range(1, count + 1)),
            width=image.width,
            height=image.height,
            dtype="uint8",
            fingerprint="00",
        )

    return make


@pytest.fixture(scope="session")
def smooth() -> Callable[..., np.ndarray]:
    """Deterministic pixels (C, H, W) uint8 with structure at every scale, so that a wrong offset shows."""

    def make(bands: int, height: int, width: int) -> np.ndarray:
        row, col = np.mgrid[:height, :width]
        waves = [128 + 60 * np.sin((col + 3 * b) / (5 + b)) + 60 * np.cos(row * (b + 1) / 11) for b in range(bands)]
        return np.stack(waves).astype(np.uint8)

    return make


@pytest.fixture(scope="session")
def whole() -> Callable[[Scene], Window]:
    """The window of a whole scene."""
    return lambda scene: Window(0, 0, scene.width, scene.height)
