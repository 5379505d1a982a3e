"""Planting."""

import numpy as np

from terrakin.datasets.generated.surface import MARGIN, Surface
from terrakin.datasets.generated.trees import plant

GREEN, ORANGE = [60.0, 120, 40, 200], [200.0, 120, 40, 150]


def grow(surface: Surface, *trees: tuple[float, float, float, float, list[float]], form: str = "broad") -> None:
    x, y, radius, height, colours = zip(*trees, strict=True)
    points = np.stack([x, y], axis=1).astype(float)
    plant(surface, points, radius=np.array(radius), height_m=np.array(height), colours=np.array(colours), form=form)


def test_a_crown_is_as_wide_and_high_as_said() -> None:
    for form, top in (("broad", 1.0), ("conifer", 1.0)):
        surface = Surface(64, 64)
        grow(surface, (32, 32, 6, 10, GREEN), form=form)
        assert surface.relief[32 + MARGIN, 32 + MARGIN] == 10 * top
        assert 0.6 * np.pi * 36 < (surface.relief > 0).sum() < 1.4 * np.pi * 36


def test_the_higher_crown_shows_whatever_the_order() -> None:
    first, second = Surface(64, 64), Surface(64, 64)
    high, low = (32, 32, 6, 12, ORANGE), (35, 32, 6, 6, GREEN)
    grow(first, high, low)
    grow(second, low, high)
    assert np.array_equal(first.colour, second.colour)
    red, green = first.colour[32 + MARGIN, 32 + MARGIN, :2]
    assert red > green


def test_nothing_grows_on_reserved_ground_or_off_the_surface() -> None:
    surface = Surface(64, 64)
    surface.reserved[:] = True
    grow(surface, (32, 32, 6, 10, GREEN))
    surface.reserved[:] = False
    grow(surface, (-MARGIN, 0, 6, 10, GREEN), (300, 300, 6, 10, GREEN))
    assert not surface.relief.any()
