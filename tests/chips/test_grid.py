import dataclasses
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrakin.chips.grid import Chipping, plan, windows
from terrakin.chips.window import Window
from terrakin.errors import SceneError

sides = st.integers(1, 90)


def covered(width: int, height: int, cut) -> np.ndarray:
    """How often each pixel of a grid is covered, counted on a canvas that is large enough for windows past the edge."""
    canvas = np.zeros((height + 200, width + 200), int)
    for window in cut:
        canvas[window.row : window.row + window.height, window.col : window.col + window.width] += 1
    return canvas[:height, :width]


@given(sides, sides, sides, sides)
def test_clipped_windows_tile_the_grid_exactly(width, height, across, down):
    assert (covered(width, height, windows(width, height, size=(across, down), edges="clip")) == 1).all()


@given(sides, sides, st.integers(2, 50), st.data())
def test_shifted_windows_cover_everything_and_stay_inside(width, height, size, data):
    overlap = data.draw(st.integers(0, size - 1))
    cut = list(windows(width, height, size=(size, size), overlap=(overlap, overlap)))
    assert (covered(width, height, cut) >= 1).all()
    assert len(set(cut)) == len(cut)
    if min(width, height) >= size and (width, height) != (size, size):
        assert all(
            (w.width, w.height) == (size, size) and w.col + size <= width and w.row + size <= height and min(w.col, w.row) >= 0
            for w in cut
        )


@given(sides, sides, st.integers(1, 50))
def test_dropping_edges_leaves_full_windows_that_do_not_overlap(width, height, size):
    cut = list(windows(width, height, size=(size, size), edges="drop"))
    assert (covered(width, height, cut) <= 1).all()
    if max(width, height) > size:
        assert len(cut) == (width // size) * (height // size)


@given(sides, sides, st.integers(1, 50), st.sampled_from(["shift", "clip", "drop"]))
def test_windows_come_row_by_row(width, height, size, edges):
    cut = list(windows(width, height, size=(size, size), edges=edges))
    assert cut == sorted(cut, key=lambda window: (window.row, window.col))


def test_overlap_steps_by_what_is_not_shared():
    assert [w.col for w in windows(500, 100, size=(200, 100), overlap=(50, 0))] == [0, 150, 300]
    assert [w.col for w in windows(510, 100, size=(200, 100), overlap=(50, 0))] == [0, 150, 300, 310]
    assert [w.col for w in windows(510, 100, size=(200, 100), overlap=(50, 0), edges="clip")] == [0, 150, 300, 450]


@pytest.mark.parametrize(
    ("width", "height", "crs", "size", "expected"),
    [
        (1024, 700, None, None, [(Window(0, 0, 1024, 700), True)]),
        (200, 100, "EPSG:32632", None, [(Window(0, 0, 200, 100), True)]),
        (256, 256, "EPSG:32632", 512, [(Window(0, 0, 256, 256), True)]),
        (512, 256, "EPSG:32632", None, [(Window(0, 0, 256, 256), False), (Window(256, 0, 256, 256), False)]),
        (512, 256, None, 256, [(Window(0, 0, 256, 256), False), (Window(256, 0, 256, 256), False)]),
        # Narrower than a chip: past the edge, so that the scale stays that of the others.
        (100, 300, "EPSG:32632", None, [(Window(0, 0, 256, 256), False), (Window(0, 44, 256, 256), False)]),
    ],
)
def test_plan(grid_scene, width, height, crs, size, expected):
    assert list(plan(grid_scene(width, height, crs), Chipping(size=size))) == expected


def test_a_large_image_without_geography_is_cut_at_256(grid_scene):
    assert len(plan(grid_scene(1025, 256, None), Chipping())) == 5


def test_pixel_size_in_metres_gives_equal_ground_at_any_resolution(grid_scene):
    fine = grid_scene(2000, 2000, transform=(2.5, 0, 500000, 0, -2.5, 5200000))
    coarse = grid_scene(2000, 2000, transform=(10.0, 0, 500000, 0, -10.0, 5200000))
    oblong = grid_scene(2000, 2000, transform=(10.0, 0, 500000, 0, -5.0, 5200000))
    chipping = Chipping(size=100, gsd_m=10)
    assert [plan(scene, chipping)[0][0] for scene in (fine, coarse, oblong)] == [
        Window(0, 0, 400, 400),
        Window(0, 0, 100, 100),
        Window(0, 0, 100, 200),
    ]


def test_overlap_is_in_the_pixels_of_the_size(grid_scene):
    scene = grid_scene(2000, 400, transform=(2.5, 0, 500000, 0, -2.5, 5200000))
    assert [w.col for w, _ in plan(scene, Chipping(size=100, gsd_m=10, overlap=50))][:3] == [0, 200, 400]


def test_web_mercator_metres_are_shorter_than_those_on_the_ground(grid_scene):
    # At 60 degrees north a Web Mercator metre is half a metre on the sphere.
    northing = 6378137 * math.log(math.tan(math.pi / 4 + math.radians(60) / 2))
    scene = grid_scene(2000, 2000, "EPSG:3857", (10.0, 0, 0, 0, -10.0, northing + 10000))
    (window, _), *_ = plan(scene, Chipping(size=100, gsd_m=5))
    assert window.width == pytest.approx(100, abs=1)
    assert window.height == pytest.approx(100, abs=1)


def test_pixel_size_needs_geography(grid_scene):
    with pytest.raises(SceneError, match=r"/imagery/scene\.tif have no known size on the ground \(it has no CRS\); leave out"):
        plan(grid_scene(crs=None), Chipping(gsd_m=1))
    moon = "+proj=eqc +R=1737400 +units=m +no_defs"
    with pytest.raises(SceneError, match="its CRS is not one of the Earth"):
        plan(grid_scene(crs=moon), Chipping(gsd_m=1))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"size": 0}, "at least 1 px, got 0"),
        ({"size": 64, "overlap": 64}, r"in 0\.\.63 px for chips of 64 px, got 64"),
        ({"overlap": -1}, r"in 0\.\.255 px"),
        ({"gsd_m": 0.0}, "more than 0 m, got 0"),
        ({"edges": "wrap"}, "shift, clip, drop, got 'wrap'"),
        ({"min_valid": 1.5}, r"in 0\.\.1, got 1.5"),
    ],
)
def test_impossible_options_are_named(fields, words):
    with pytest.raises(ValueError, match=words):
        Chipping(**fields)


def test_options_survive_json():
    chipping = Chipping(size=128, overlap=16, gsd_m=0.5, edges="clip", min_valid=0.25)
    assert Chipping(**json.loads(json.dumps(dataclasses.asdict(chipping)))) == chipping
