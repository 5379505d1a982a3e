"""Headers that no instrument writes: each is read, or refused as that scene's error, and never as anything else."""

import itertools
import math
import warnings
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import Affine

from terrakin.chips.grid import Chipping, plan
from terrakin.chips.reader import SceneReader
from terrakin.chips.scaling import ScalingRule, value_range
from terrakin.errors import SceneError
from terrakin.scenes.find import find, open_scene
from terrakin.scenes.scene import Scene

NAN, INF = math.nan, math.inf
PLAIN = (10.0, 0.0, 500000.0, 0.0, -10.0, 5000000.0)


def write(path: Path, *, dtype="uint16", side=8, crs="EPSG:32633", transform=PLAIN, scale=1.0, offset=0.0, nodata=None) -> None:
    """A GeoTIFF; its transform goes in as GDAL's own tag, which the writer does not look at."""
    profile = {"driver": "GTiff", "width": side, "height": side, "count": 1, "dtype": dtype, "nodata": nodata}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(path, "w", crs=crs, transform=Affine(*transform), **profile) as dataset:
            dataset.write((np.arange(side * side) % 200).reshape(1, side, side).astype(dtype))
            dataset.scales, dataset.offsets = (scale,), (offset,)


def read(path: Path, rule: ScalingRule, chipping: Chipping) -> Scene:
    """Everything that indexing does with a scene's header and pixels."""
    scene = open_scene(next(iter(find(path))))
    planned = plan(scene, chipping)
    with SceneReader(scene, scene.bands, value_range(scene, scene.bands, rule)) as reader:
        for window, _ in planned[:4]:
            pixels, share = reader.read(window, size=4)
            assert np.isfinite(pixels.values).all()
            assert 0 <= share <= 1
    return scene


ODD_NUMBERS = (0.0, -1.0, 1e-300, 1e30, -1e30, 1e31, 1e308, -1e308, NAN, INF, -INF)
ODD_TRANSFORMS = (
    (0.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    (10.0, 10.0, 0.0, 10.0, 10.0, 0.0),
    (0.0, 0.0, 500000.0, 0.0, -10.0, 5000000.0),
    (NAN, 0.0, 500000.0, 0.0, -10.0, 5000000.0),
    (10.0, 0.0, INF, 0.0, -10.0, 5000000.0),
    (1e300, 0.0, 500000.0, 0.0, -1e300, 5000000.0),
    (1e-300, 0.0, 500000.0, 0.0, -1e-300, 5000000.0),
    (10.0, 0.0, 1e300, 0.0, -10.0, -1e300),
    (1e12, 0.0, 500000.0, 0.0, -1e12, 5000000.0),
    (-10.0, 0.0, 500000.0, 0.0, 10.0, 5000000.0),
)
RULES = (ScalingRule(), ScalingRule("percentile"), ScalingRule("range", 0, 1), ScalingRule("range", 0, 1e-300))
CHIPPINGS = (Chipping(), Chipping(size=3, gsd_m=10), Chipping(size=4, edges="drop"))


def outcomes(path: Path, header: dict) -> set[str]:
    """What became of a header under every rule: `read`, or what the error says."""
    try:
        write(path, **header)
    except (ValueError, OverflowError, rasterio.errors.RasterioError) as exc:
        pytest.skip(f"no file can have this header: {exc}")
    found = set()
    for rule, chipping in itertools.product(RULES, CHIPPINGS):
        try:
            read(path, rule, chipping)
            found.add("read")
        except SceneError as exc:
            found.add(str(exc))
    return found


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
@pytest.mark.parametrize("name", ["scale", "offset", "nodata"])
@pytest.mark.parametrize("number", ODD_NUMBERS)
def test_an_odd_number_is_read_or_refused(dtype: str, name: str, number: float, tmp_path: Path) -> None:
    assert outcomes(tmp_path / "odd.tif", {"dtype": dtype, name: number})


@pytest.mark.parametrize("crs", ["EPSG:32633", "EPSG:4326"])
@pytest.mark.parametrize("transform", ODD_TRANSFORMS)
def test_an_odd_transform_is_read_or_refused(crs: str, transform: tuple, tmp_path: Path) -> None:
    assert outcomes(tmp_path / "odd.tif", {"crs": crs, "transform": transform})


@pytest.mark.parametrize("header", [{"side": 1}, {"side": 1, "nodata": 0}, {"side": 1, "dtype": "float32", "nodata": NAN}])
def test_one_pixel_is_read(header: dict, tmp_path: Path) -> None:
    assert "read" in outcomes(tmp_path / "odd.tif", header)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"scale": 1e308}, r"odd\.tif says that band gray has the scale 1e\+308; wanted a finite number of at most 1e\+30"),
        ({"offset": -1e31}, r"odd\.tif says that band gray has the offset -1e\+31"),
        ({"scale": NAN}, r"odd\.tif says that band gray has the scale nan"),
        ({"transform": ODD_TRANSFORMS[1]}, r"odd\.tif has a transform that lays all pixels on a line"),
        ({"transform": ODD_TRANSFORMS[3]}, r"odd\.tif has a transform with nan in it"),
        ({"transform": ODD_TRANSFORMS[5]}, r"odd\.tif has a transform with 1e\+300 in it"),
    ],
)
def test_a_refusal_says_what_is_wrong(header: dict, message: str, tmp_path: Path) -> None:
    write(tmp_path / "odd.tif", **header)
    with pytest.raises(SceneError, match=message):
        open_scene(next(iter(find(tmp_path / "odd.tif"))))
