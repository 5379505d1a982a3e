"""Patches of three resolutions, read so that nothing is lost."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio

from terrakin.chips.look import look
from terrakin.chips.reader import SceneReader
from terrakin.chips.scaling import ValueRange, parse_scaling, value_range
from terrakin.chips.window import Window
from terrakin.datasets.bigearthnet import BANDS
from terrakin.datasets.generated.patches import make_patches
from terrakin.scenes.find import find, open_scene
from terrakin.scenes.scene import Candidate, Scene
from terrakin.scenes.select import select

REAL = Path(__file__).parents[2] / "../shared/data/scenes/bigearthnet"
STEPS = {**dict.fromkeys(BANDS, 2), "B02": 1, "B03": 1, "B04": 1, "B08": 1, "B01": 6, "B09": 6}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    (patch,) = make_patches(tmp_path_factory.mktemp("patches"), count=1, seed=4)
    return opened(patch.path)


def opened(path: Path) -> Scene:
    (found,) = find(path)
    assert isinstance(found, Candidate)
    return open_scene(found)


def stacked(scene: Scene) -> np.ndarray:
    bands = select(scene, BANDS)
    with SceneReader(scene, bands, value_range(scene, bands, parse_scaling("0:65535")), upsampling="nearest") as reader:
        pixels, valid_share = reader.read(Window(0, 0, scene.width, scene.height), size=120)
    assert valid_share == 1.0
    return pixels.values


def native(scene: Scene) -> Iterator[tuple[str, np.ndarray]]:
    for band in select(scene, BANDS):
        with rasterio.open(band.path) as file:
            yield band.name, file.read(band.index)


def must_be_native(scene: Scene) -> None:
    found = stacked(scene)
    for place, (name, values) in enumerate(native(scene)):
        step = STEPS[name]
        taken = found[place, ::step, ::step]
        assert taken.shape == values.shape
        np.testing.assert_array_equal(np.rint(taken * np.float64(65535)).astype(np.uint16), values)
        np.testing.assert_array_equal(taken.repeat(step, axis=0).repeat(step, axis=1), found[place])


def test_slices_of_the_stacked_image_are_the_files(scene: Scene) -> None:
    must_be_native(scene)


@pytest.mark.shared
@pytest.mark.skipif(not REAL.is_dir(), reason="the real patches beside the checkout are missing")
def test_slices_of_real_patches_are_their_files() -> None:
    folders = sorted(REAL.glob("S2*"))
    assert len(folders) == 6
    for folder in folders:
        must_be_native(opened(folder))


def test_by_default_coarser_bands_are_smoothed(scene: Scene) -> None:
    bands = select(scene, BANDS)
    with SceneReader(scene, bands, value_range(scene, bands, parse_scaling("0:65535"))) as reader:
        smooth = reader.read(Window(0, 0, 120, 120), size=120)[0].values
    found = stacked(scene)
    same = {name: np.array_equal(smooth[place], found[place]) for place, name in enumerate(BANDS)}
    assert same == {name: step == 1 for name, step in STEPS.items()}


def test_a_look_shows_true_colours_of_a_range_that_is_too_wide_for_eyes(scene: Scene) -> None:
    bands = select(scene, BANDS)
    wide = ValueRange((0.0,) * 12, (65535.0,) * 12)
    found = look(scene, bands, wide, names=BANDS, stretched=True)
    assert found.bands == (3, 2, 1)
    assert found.gain == pytest.approx((65535 / 3000,) * 3)
    assert found.bias == pytest.approx((0,) * 3)
    plain = look(scene, bands, wide, names=BANDS, stretched=False)
    assert (plain.bands, plain.gain) == ((0, 1, 2), None)
