"""Drawing a whole scene."""

import numpy as np
import pytest

from terrakin.datasets.generated.layout import CELL, CLASSES
from terrakin.datasets.generated.scene import SyntheticScene, draw_scene
from terrakin.datasets.generated.truth import true_polygons, true_windows


@pytest.fixture(scope="module")
def scene() -> SyntheticScene:
    return draw_scene(2, 3, rng=np.random.default_rng(4))


def test_pixels_are_four_bands_of_display_values(scene: SyntheticScene) -> None:
    assert (scene.pixels.shape, scene.pixels.dtype) == ((2 * CELL, 3 * CELL, 4), np.float32)
    assert scene.pixels.min() >= 0
    assert scene.pixels.max() <= 255
    assert {cell.label for cell in scene.cells} == set(CLASSES)


def test_the_generator_decides_every_pixel(scene: SyntheticScene) -> None:
    assert np.array_equal(draw_scene(2, 3, rng=np.random.default_rng(4)).pixels, scene.pixels)
    assert not np.array_equal(draw_scene(2, 3, rng=np.random.default_rng(5)).pixels, scene.pixels)


def test_near_infrared_tells_plants_from_water(scene: SyntheticScene) -> None:
    mean = {
        window.label: scene.pixels[window.row + 40 : window.row + 216, window.col + 40 : window.col + 216].mean(axis=(0, 1))
        for window in true_windows(scene)
    }
    for label in ("forest", "fields"):
        red, _, _, nir = mean[label]
        assert nir > red
    red, _, blue, nir = mean["water"]
    assert nir < red < blue
    assert mean["houses"][:3].std() < 40


def test_coarser_pixels_are_means(scene: SyntheticScene) -> None:
    coarse = draw_scene(2, 3, rng=np.random.default_rng(4), gsd_m=4)
    assert coarse.pixels.shape == (CELL // 2, 3 * CELL // 4, 4)
    assert coarse.pixels[10, 20] == pytest.approx(scene.pixels[40:44, 80:84].mean(axis=(0, 1)), abs=1)


def test_windows_tile_the_scene_and_show_mostly_their_class(scene: SyntheticScene) -> None:
    seen = np.zeros(scene.pixels.shape[:2], int)
    for window in true_windows(scene):
        seen[window.row : window.row + window.height, window.col : window.col + window.width] += 1
        assert 0.8 < window.share <= 1
    assert (seen == 1).all()


def test_windows_and_polygons_are_in_pixels_of_the_scene() -> None:
    coarse = draw_scene(1, 2, rng=np.random.default_rng(1), gsd_m=2)
    assert [(window.col, window.width) for window in true_windows(coarse)] == [(0, 128), (128, 128)]
    points = np.concatenate([outline for _, outline in true_polygons(coarse)])
    assert points.min(axis=0).tolist() == [0, 0]
    assert points.max(axis=0).tolist() == [256, 128]


@pytest.mark.parametrize(
    ("rows", "gsd_m", "words"),
    [(0, 1, "at least 1 x 1 cell, got 0 x 1"), (1, 3, "must divide 256, got 3"), (1, 0, "must divide 256, got 0")],
)
def test_impossible_measures_are_refused(rows: int, gsd_m: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        draw_scene(rows, 1, rng=np.random.default_rng(0), gsd_m=gsd_m)


@pytest.mark.parametrize("seed", range(12))
def test_every_kind_of_cell_can_be_drawn(seed: int) -> None:
    drawn = draw_scene(1, 3, rng=np.random.default_rng([9, seed]))
    assert np.isfinite(drawn.pixels).all()
    assert drawn.pixels.std() > 8
