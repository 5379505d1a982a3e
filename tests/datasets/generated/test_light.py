"""Sun, slopes and shadows."""

import math

import numpy as np
import pytest

from terrakin.datasets.generated.light import Sun, illuminate
from terrakin.datasets.generated.surface import MARGIN, Surface

HIGH = math.radians(45)


def ground() -> Surface:
    surface = Surface(64, 64)
    surface.colour[:] = 100
    return surface


def test_flat_ground_keeps_its_colour() -> None:
    assert illuminate(ground(), Sun(azimuth=2.5, elevation=HIGH)) == pytest.approx(np.full((160, 160, 4), 100.0))


def test_light_is_single_precision() -> None:
    assert illuminate(ground(), Sun(azimuth=2.5, elevation=HIGH)).dtype == np.float32


@pytest.mark.parametrize(("azimuth", "dx", "dy"), [(0, 0, 1), (90, -1, 0), (180, 0, -1), (270, 1, 0)])
def test_a_wall_casts_its_shadow_away_from_the_sun_as_long_as_it_is_high(azimuth: float, dx: int, dy: int) -> None:
    surface, middle = ground(), 32 + MARGIN
    surface.walls[middle - 2 : middle + 3, middle - 2 : middle + 3] = 12
    lit = illuminate(surface, Sun(azimuth=math.radians(azimuth), elevation=HIGH))[..., 0]
    assert lit[middle + 8 * dy, middle + 8 * dx] == pytest.approx(36, abs=1)
    assert lit[middle - 8 * dy, middle - 8 * dx] == 100
    assert lit[middle + 18 * dy, middle + 18 * dx] == 100


def test_shadows_are_bluer_than_sunlight() -> None:
    surface, middle = ground(), 32 + MARGIN
    surface.walls[middle, middle - 20 : middle + 20] = 20
    red, green, blue, nir = illuminate(surface, Sun(azimuth=math.pi, elevation=HIGH))[middle - 9, middle]
    assert blue > green > red > nir


def test_a_slope_towards_the_sun_is_brighter() -> None:
    surface = ground()
    surface.relief[:] = 0.3 * np.arange(160)[None, :]
    towards = illuminate(surface, Sun(azimuth=math.radians(270), elevation=HIGH))[80, 80, 0]
    away = illuminate(surface, Sun(azimuth=math.radians(90), elevation=HIGH))[80, 80, 0]
    assert towards > 110 > 90 > away
