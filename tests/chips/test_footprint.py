import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from terrakin.chips.footprint import footprint, footprints
from terrakin.chips.window import Window

PLACES = {
    "utm": ("EPSG:32632", (10.0, 0, 300000, 0, -10.0, 5200000)),
    "degrees": ("EPSG:4326", (0.001, 0, 20, 0, -0.001, -30)),
    "south up": ("EPSG:4326", (0.001, 0, 20, 0, 0.001, -30)),
    "web mercator": ("EPSG:3857", (30.0, 0, -8000000, 0, -30.0, 5000000)),
    "turned": ("EPSG:32755", (8.0, 6.0, 600000, 6.0, -8.0, 6000000)),
    "feet": ("EPSG:2263", (10.0, 0, 1_000_000, 0, -10.0, 200_000)),
    "polar": ("EPSG:3413", (100.0, 0, 400000, 0, -100.0, 900000)),
}


@pytest.fixture(params=PLACES)
def scene(request, grid_scene):
    crs, transform = PLACES[request.param]
    return grid_scene(600, 500, crs, transform)


def corners(scene, window) -> np.ndarray:
    """Longitude and latitude of a window's corners, (4, 2), by one plain transformation."""
    a, b, c, d, e, f = scene.transform
    cols = np.array([window.col, window.col, window.col + window.width, window.col + window.width])
    rows = np.array([window.row, window.row + window.height, window.row + window.height, window.row])
    to_lon_lat = Transformer.from_crs(scene.crs, "EPSG:4326", always_xy=True)
    return np.column_stack(to_lon_lat.transform(a * cols + b * rows + c, d * cols + e * rows + f))


def test_a_footprint_has_the_windows_corners_and_runs_counter_clockwise(scene):
    window = Window(64, 32, 256, 128)
    wkb, box = footprint(scene, window)
    polygon = shapely.from_wkb(wkb)
    assert polygon.geom_type == "Polygon"
    assert polygon.is_valid
    assert polygon.exterior.is_ccw
    assert box == polygon.bounds
    ring = np.array(polygon.exterior.coords)
    for corner in corners(scene, window):
        assert np.abs(ring - corner).max(axis=1).min() < 1e-9


@given(data=st.data())
def test_a_chips_box_lies_in_its_scenes_box(grid_scene, data):
    crs, transform = PLACES[data.draw(st.sampled_from(sorted(PLACES)))]
    scene = grid_scene(600, 500, crs, transform)
    col, row = data.draw(st.integers(0, 599)), data.draw(st.integers(0, 499))
    window = Window(col, row, data.draw(st.integers(1, 600 - col)), data.draw(st.integers(1, 500 - row)))
    west, south, east, north = footprint(scene, window)[1]
    outer = footprint(scene, Window(0, 0, 600, 500))[1]
    slack = 2e-3  # edges are followed in steps
    assert outer[0] - slack <= west < east <= outer[2] + slack
    assert outer[1] - slack <= south < north <= outer[3] + slack


def test_windows_tile_the_ground_as_they_tile_the_scene(grid_scene):
    scene = grid_scene(600, 500, *PLACES["utm"])
    parts = [
        shapely.from_wkb(wkb) for wkb, _ in footprints(scene, [Window(c, r, 200, 250) for r in (0, 250) for c in (0, 200, 400)])
    ]
    total = shapely.from_wkb(footprint(scene, Window(0, 0, 600, 500))[0])
    assert sum(part.area for part in parts) == pytest.approx(total.area, rel=1e-6)
    assert shapely.union_all(parts).area == pytest.approx(total.area, rel=1e-6)


def test_many_at_once_are_those_one_by_one(scene):
    cut = [Window(c, r, 100, 100) for r in range(0, 500, 100) for c in range(0, 600, 100)]
    assert footprints(scene, cut) == [footprint(scene, window) for window in cut]
    assert footprints(scene, []) == []


def test_what_reaches_past_the_edge_is_left_out(scene):
    assert footprint(scene, Window(500, 400, 256, 256)) == footprint(scene, Window(500, 400, 100, 100))
    assert footprint(scene, Window(-10, -10, 30, 30)) == footprint(scene, Window(0, 0, 20, 20))
    with pytest.raises(ValueError, match=r"window 600,0,10,10 lies outside of scene '/imagery/scene.tif' of 600x500 px"):
        footprint(scene, Window(600, 0, 10, 10))


def test_edges_of_large_windows_are_followed(grid_scene):
    """A 600 km window in UTM, whose straight edges bend in degrees, against its outline in steps of 100 m."""
    scene = grid_scene(600, 600, "EPSG:32632", (1000.0, 0, 200000, 0, -1000.0, 7500000))
    there = np.linspace(0, 600_000, 6001)
    back, zero, far = there[::-1], np.zeros(6001), np.full(6001, 600_000.0)
    x, y = np.concatenate([zero, there, far, back]), np.concatenate([there, far, back, zero])
    to_lon_lat = Transformer.from_crs("EPSG:32632", "EPSG:4326", always_xy=True)
    outline = shapely.Polygon(np.column_stack(to_lon_lat.transform(200_000 + x, 7_500_000 - y)))
    window = Window(0, 0, 600, 600)
    followed, straight = shapely.from_wkb(footprint(scene, window)[0]), shapely.Polygon(corners(scene, window))
    assert followed.symmetric_difference(outline).area < 1e-4 * outline.area
    assert straight.symmetric_difference(outline).area > 1e-2 * outline.area


@pytest.mark.parametrize(
    ("crs", "transform"),
    [
        ("EPSG:4326", (0.01, 0, 179, 0, -0.01, 10)),
        ("EPSG:4326", (0.01, 0, -181, 0, -0.01, 10)),
        ("EPSG:32660", (1112.0, 0, 721000, 0, -1112.0, 1106000)),
    ],
)
def test_across_the_antimeridian_it_is_split_and_its_box_runs_from_east_to_west(grid_scene, crs, transform):
    scene = grid_scene(200, 100, crs, transform)
    wkb, (west, south, east, north) = footprint(scene, Window(0, 0, 200, 100))
    shape = shapely.from_wkb(wkb)
    assert shape.geom_type == "MultiPolygon"
    assert shape.is_valid
    assert all(part.exterior.is_ccw for part in shape.geoms)
    assert (west, south, east, north) == pytest.approx((179, 9, -179, 10), abs=0.05)
    left, right = sorted((part.bounds for part in shape.geoms), key=lambda bounds: bounds[0])
    assert left[0] == -180
    assert left[2] == pytest.approx(-179, abs=0.05)
    assert right[0] == pytest.approx(179, abs=0.05)
    assert right[2] == 180


def test_on_one_side_of_the_antimeridian_it_is_whole(grid_scene):
    scene = grid_scene(200, 100, "EPSG:4326", (0.01, 0, 179, 0, -0.01, 10))
    wkb, (west, _, east, _) = footprint(scene, Window(100, 0, 100, 100))
    assert shapely.from_wkb(wkb).geom_type == "Polygon"
    assert (west, east) == pytest.approx((-180, -179))


@pytest.mark.parametrize("west", [-180, 0])
def test_the_whole_world(grid_scene, west):
    scene = grid_scene(360, 180, "EPSG:4326", (1.0, 0, west, 0, -1.0, 90))
    wkb, box = footprint(scene, Window(0, 0, 360, 180))
    assert shapely.from_wkb(wkb).area == pytest.approx(360 * 180)
    assert box == (-180, -90, 180, 90)


@pytest.mark.parametrize(("crs", "pole"), [("EPSG:3413", 90), ("EPSG:3031", -90)])
def test_around_a_pole_it_holds_the_pole(grid_scene, crs, pole):
    scene = grid_scene(400, 400, crs, (1000.0, 0, -200000, 0, -1000.0, 200000))
    wkb, (west, south, east, north) = footprint(scene, Window(0, 0, 400, 400))
    shape = shapely.from_wkb(wkb)
    assert shape.is_valid
    assert (west, east) == (-180, 180)
    assert pole in (south, north)
    for lon in range(-179, 180, 30):
        assert shape.intersects(shapely.Point(lon, math.copysign(89.9, pole)))
        assert not shape.intersects(shapely.Point(lon, math.copysign(86, pole)))


@pytest.mark.parametrize("crs", [None, "+proj=eqc +R=1560800 +units=m +no_defs", 'LOCAL_CS["site",UNIT["metre",1]]'])
def test_without_geography_on_the_earth_there_is_none(grid_scene, crs):
    assert footprint(grid_scene(crs=crs), Window(0, 0, 10, 10)) is None


def test_coordinates_that_are_not_finite_have_none(grid_scene):
    scene = grid_scene(crs="EPSG:32632", transform=(1e9, 0, 1e15, 0, -1e9, 1e15))
    assert footprint(scene, Window(0, 0, 10, 10)) is None
