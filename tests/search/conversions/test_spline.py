"""A thin-plate spline in words."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrakin.search.conversions.affine import read_affine
from terrakin.search.conversions.spline import read_spline

ALONG = np.linspace(-1, 1, 6)
CONTROL = np.array([(x, y) for y in ALONG for x in ALONG])


def test_points_that_stay_are_unchanged() -> None:
    found = read_spline(CONTROL.ravel(), size=224)
    assert found.words == "unchanged"
    assert found.parameters["largest_displacement_percent"] == pytest.approx(0, abs=1e-9)


@given(st.lists(st.floats(-2, 2), min_size=6, max_size=6))
def test_an_affine_map_is_told_as_one_and_bends_nothing(theta) -> None:
    matrix = np.array(theta).reshape(2, 3) * 0.1 + [[1, 0, 0], [0, 1, 0]]
    places = CONTROL @ matrix[:, :2].T + matrix[:, 2]
    found = read_spline(places.ravel(), size=224).parameters
    whole = read_affine(matrix.ravel(), size=224).parameters
    for name, value in whole.items():
        assert found[name] == (pytest.approx(value, abs=1e-6) if isinstance(value, float) else value)
    assert found["largest_bending_percent"] == pytest.approx(0, abs=1e-6)
    distances = [50 * math.dist(place, point) for place, point in zip(places, CONTROL, strict=True)]
    assert found["mean_displacement_percent"] == pytest.approx(sum(distances) / 36, abs=1e-6)
    assert found["largest_displacement_percent"] == pytest.approx(max(distances), abs=1e-6)


def test_one_point_that_moves_is_bending() -> None:
    places = CONTROL.copy()
    places[14] += [0.2, 0]
    found = read_spline(places.ravel(), size=224)
    assert found.parameters["largest_displacement_percent"] == pytest.approx(10)
    assert found.parameters["mean_displacement_percent"] == pytest.approx(10 / 36)
    assert 9 < found.parameters["largest_bending_percent"] < 10
    assert found.words.endswith("control points move 0.3 % of the side, 10.0 % at most; bent by 0.5 %, 9.7 % at most")
