import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st

from terrakin.chips.box import box_window
from terrakin.chips.footprint import footprint
from terrakin.chips.window import Window
from terrakin.errors import SceneError

DEGREES = {"crs": "EPSG:4326", "transform": (0.01, 0, 10, 0, -0.01, 50)}
"""600 x 500 px from 10 to 16 degrees east and from 45 to 50 degrees north."""


@pytest.mark.parametrize(
    ("box", "window"),
    [
        ((10.5, 49.0, 11.0, 49.5), Window(50, 50, 50, 50)),
        ((10.505, 49.005, 10.995, 49.495), Window(50, 50, 50, 50)),  # whole pixels
        ((9, 40, 10.1, 60), Window(0, 0, 10, 500)),  # cut at the scene's edges
        ((-180, -90, 180, 90), Window(0, 0, 600, 500)),
        ((12.345, 48.765, 12.345, 48.765), Window(234, 123, 1, 1)),  # a point is one pixel
    ],
)
def test_a_box_in_degrees(grid_scene, box, window):
    assert box_window(grid_scene(**DEGREES), box) == window


@given(data=st.data())
def test_the_window_of_a_footprints_box_holds_the_window(grid_scene, data):
    crs = data.draw(st.sampled_from(["EPSG:32632", "EPSG:3857", "EPSG:4326"]))
    scene = grid_scene(**DEGREES) if crs == "EPSG:4326" else grid_scene(crs=crs)
    col, row = data.draw(st.integers(0, 590)), data.draw(st.integers(0, 490))
    window = Window(col, row, data.draw(st.integers(1, 600 - col)), data.draw(st.integers(1, 500 - row)))
    found = box_window(scene, footprint(scene, window)[1])
    assert found.col <= window.col
    assert found.row <= window.row
    assert found.col + found.width >= window.col + window.width
    assert found.row + found.height >= window.row + window.height
    if crs != "EPSG:32632":  # where north is up on the map, the box is the window
        assert found == window


@given(st.floats(9, 17), st.floats(44, 51), st.floats(0.001, 3), st.floats(0.001, 3))
def test_a_box_meets_its_window(grid_scene, west, south, width, height):
    scene = grid_scene(**DEGREES)
    box = (west, south, west + width, south + height)
    assume(shapely.box(*box).intersects(shapely.box(10.02, 45.02, 15.98, 49.98)))
    assert shapely.from_wkb(footprint(scene, box_window(scene, box))[0]).intersects(shapely.box(*box))


def test_across_the_antimeridian(grid_scene):
    for first in (179, -181):
        scene = grid_scene(200, 100, "EPSG:4326", (0.01, 0, first, 0, -0.01, 10))
        assert box_window(scene, (179.5, 9.5, -179.5, 9.75)) == Window(50, 25, 100, 25)
        assert box_window(scene, (-179.5, 9.5, -179.25, 9.75)) == Window(150, 25, 25, 25)
    utm = grid_scene(200, 100, "EPSG:32660", (1112.0, 0, 721000, 0, -1112.0, 1106000))
    window = box_window(utm, (179.5, 9.5, -179.5, 9.75))
    assert (window.col, window.width) == (pytest.approx(50, abs=3), pytest.approx(100, abs=4))


def test_a_grid_from_0_to_360(grid_scene):
    scene = grid_scene(360, 180, "EPSG:4326", (1.0, 0, 0, 0, -1.0, 90))
    assert box_window(scene, (-20, 10, -10, 20)) == Window(340, 70, 10, 10)


def test_outside_it_says_what_the_scene_covers(grid_scene):
    with pytest.raises(SceneError, match=r"box 0,0,1,1 lies outside of /imagery/scene.tif, which covers 10,45,16,50 \(west"):
        box_window(grid_scene(**DEGREES), (0, 0, 1, 1))


def test_a_scene_without_geography_has_no_boxes(grid_scene):
    with pytest.raises(SceneError, match=r"scene.tif has no place on the Earth.*use the whole image"):
        box_window(grid_scene(crs=None), (0, 0, 1, 1))


@pytest.mark.parametrize("box", [(0, 1, 1, 0), (0, -91, 1, 0), (0, 0, 181, 1), (float("nan"), 0, 1, 1)])
def test_what_is_no_box_is_refused(grid_scene, box):
    with pytest.raises(SceneError, match="is not a box; write west,south,east,north in degrees"):
        box_window(grid_scene(**DEGREES), box)
