import math
import threading

import numpy as np
import pytest

from terrakin.chips.ground import ground_of, pixel_size_m
from terrakin.errors import SceneError


def test_pixel_size_of_a_projected_scene(grid_scene):
    # UTM shrinks by 0.9996 on its central meridian.
    scene = grid_scene(100, 100, "EPSG:32632", (10.0, 0, 499500, 0, -20.0, 5000000))
    assert pixel_size_m(scene) == pytest.approx((10 / 0.9996, 20 / 0.9996), rel=1e-4)


def test_pixel_size_in_degrees_shrinks_with_the_cosine_of_the_latitude(grid_scene):
    equator = grid_scene(2, 2, "EPSG:4326", (0.001, 0, 10, 0, -0.001, 0.001))
    north = grid_scene(2, 2, "EPSG:4326", (0.001, 0, 10, 0, -0.001, 60.001))
    assert pixel_size_m(equator) == pytest.approx((111.32, 110.57), rel=1e-3)
    assert pixel_size_m(north)[0] / pixel_size_m(equator)[0] == pytest.approx(math.cos(math.radians(60)), rel=5e-3)


def test_pixel_size_in_feet(grid_scene):
    # EPSG:2263 (New York Long Island) counts in US survey feet.
    scene = grid_scene(100, 100, "EPSG:2263", (10.0, 0, 1_000_000, 0, -10.0, 200_000))
    assert pixel_size_m(scene) == pytest.approx((3.048, 3.048), rel=1e-3)


def test_pixel_size_of_a_turned_scene(grid_scene):
    turn = math.radians(30)
    a, b = 10 * math.cos(turn), 10 * math.sin(turn)
    scene = grid_scene(100, 100, "EPSG:32632", (a, b, 499500, b, -a, 5000000))
    assert pixel_size_m(scene) == pytest.approx((10, 10), rel=1e-3)


@pytest.mark.parametrize("crs", [None, "+proj=eqc +R=1737400 +units=m +no_defs", 'LOCAL_CS["site",UNIT["metre",1]]'])
def test_no_ground(grid_scene, crs):
    scene = grid_scene(crs=crs)
    assert ground_of(scene) is None
    with pytest.raises(SceneError, match="no known size on the ground"):
        pixel_size_m(scene)


def test_a_centre_that_has_no_place_on_the_ground(grid_scene):
    with pytest.raises(SceneError, match="outside of what its CRS can express"):
        pixel_size_m(grid_scene(crs="EPSG:32632", transform=(1e9, 0, 1e15, 0, -1e9, 1e15)))


def test_pixels_without_a_size(grid_scene):
    with pytest.raises(SceneError, match="no size on the ground"):
        pixel_size_m(grid_scene(crs="EPSG:32632", transform=(0.0, 0, 500000, 0, -10.0, 5000000)))


def test_each_thread_has_its_own_transformer_and_keeps_it(grid_scene):
    scene = grid_scene()
    here, there = ground_of(scene), []
    thread = threading.Thread(target=lambda: there.append(ground_of(scene)))
    thread.start()
    thread.join()
    assert here is ground_of(scene)
    assert here is not there[0]


def test_lon_lat_keeps_the_shape(grid_scene):
    scene = grid_scene(crs="EPSG:4326", transform=(0.5, 0, 10, 0, -0.5, 50))
    lon, lat = ground_of(scene).lon_lat(scene, np.array([[0.0, 2.0]]), np.array([[0.0, 4.0]]))
    np.testing.assert_allclose(lon, [[10, 11]])
    np.testing.assert_allclose(lat, [[50, 48]])
