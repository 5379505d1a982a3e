"""Real scenes of every kind, from file to pixels and footprints."""

from pathlib import Path

import numpy as np
import pytest
import shapely

from terrakin.chips.footprint import footprints
from terrakin.chips.grid import Chipping, plan
from terrakin.chips.ground import pixel_size_m
from terrakin.chips.reader import SceneReader
from terrakin.chips.scaling import ScalingRule, value_range
from terrakin.chips.window import Window
from terrakin.errors import SceneError
from terrakin.scenes.find import find, open_scene
from terrakin.scenes.scene import Scene

SCENES = Path(__file__).parents[2] / "../shared/data/scenes"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not SCENES.is_dir(), reason="the scenes beside the checkout are missing"),
]


def opened(name: str) -> Scene:
    (candidate,) = find(SCENES / name)
    return open_scene(candidate)


@pytest.mark.parametrize(
    "name",
    [
        "aerial/strip_epsg4326.tif",
        "jpeg2000/TERRA_MODIS_012010_NDVI_2013-09-14.jp2",
        "odd/RGBA.uint16.tif",
        "odd/cog_dateline.tif",
        "odd/no_geo.jpg",
        "satellite/landsat_rgb_nodata.tif",
        "satellite/worldview_multispectral.tif",
    ],
)
def test_chips_of_a_scene(name):
    scene = opened(name)
    cut = [window for window, _ in plan(scene, Chipping())]
    with SceneReader(scene, scene.bands, value_range(scene, scene.bands, ScalingRule())) as reader:
        for window in cut[:: max(1, len(cut) // 4)]:
            pixels, share = reader.read(window, size=64)
            assert pixels.values.shape == (len(scene.bands), 64, 64)
            assert 0 <= pixels.values.min() <= pixels.values.max() <= 1
            assert share == pytest.approx(pixels.mask.mean(), abs=0.03)
    grounds = footprints(scene, cut)
    if scene.crs is None:
        assert grounds == [None] * len(cut)
        return
    shapes = shapely.from_wkb([wkb for wkb, _ in grounds])
    assert shapely.is_valid(shapes).all()
    across, down = pixel_size_m(scene)
    assert 0.05 < across < 500
    assert 0.05 < down < 500


def test_the_scene_across_the_antimeridian():
    scene = opened("odd/cog_dateline.tif")
    boxes = [box for _, box in footprints(scene, [window for window, _ in plan(scene, Chipping())])]
    crossing = [box for box in boxes if box[0] > box[2]]
    assert 5 < len(crossing) < 20
    assert all(west > 179 and east < -179 for west, _, east, _ in crossing)
    assert all(abs(lon) > 177 for west, _, east, _ in boxes for lon in (west, east))


def test_the_scene_that_is_not_on_earth():
    scene = opened("odd/cog_nonearth.tif")
    assert set(footprints(scene, [window for window, _ in plan(scene, Chipping())])) == {None}


def test_the_scene_without_measurements():
    scene = opened("odd/all-nodata.tif")
    with SceneReader(scene, scene.bands, value_range(scene, scene.bands, ScalingRule())) as reader:
        assert {reader.read(window, size=16)[1] for window, _ in plan(scene, Chipping())} == {0.0}


def test_the_file_that_is_cut_off():
    scene = opened("odd/corrupt.tif")
    with (
        SceneReader(scene, scene.bands, value_range(scene, scene.bands, ScalingRule())) as reader,
        pytest.raises(SceneError, match=r"corrupt\.tif cannot be read at 512,512,256,256: broken or cut off there"),
    ):
        reader.read(Window(512, 512, 256, 256), size=224)  # a smaller size would be read from the overviews, which are whole


def test_a_bigearthnet_patch_of_three_resolutions():
    scene = opened("bigearthnet/S2A_MSIL2A_20170613T101031_87_48")
    with SceneReader(scene, scene.bands, value_range(scene, scene.bands, ScalingRule())) as reader:
        ((window, whole),) = plan(scene, Chipping())
        pixels, share = reader.read(window, size=120)
    assert whole
    assert share == 1
    names = [band.name for band in scene.bands]
    near, narrow = (pixels.values[names.index(name)] for name in ("B08", "B8A"))  # the same light at 10 and at 20 m
    assert np.corrcoef(near.ravel(), narrow.ravel())[0, 1] > 0.9
