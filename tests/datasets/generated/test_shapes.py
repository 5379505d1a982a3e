"""Lines and polygons of the painters."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from terrakin.datasets.generated.shapes import along, beside, cover, dashes, inside, rectangle, turn

ANGLES = st.floats(-7, 7)


@given(ANGLES, st.floats(1, 50), st.floats(1, 50))
def test_a_rectangle_has_its_area_and_centre_at_any_angle(angle: float, length: float, width: float) -> None:
    corners = rectangle(np.array([3.0, -4.0]), length, width, angle)
    assert shapely.Polygon(corners).area == pytest.approx(length * width)
    assert corners.mean(axis=0) == pytest.approx([3, -4])
    assert np.hypot(*(corners[1] - corners[0])) == pytest.approx(length)


def test_a_turned_frame_points_its_first_axis_along_the_angle() -> None:
    assert np.array([1.0, 0.0]) @ turn(np.pi / 2) == pytest.approx([0, 1])


def test_a_parallel_line_lies_to_the_right_of_its_direction() -> None:
    line = np.array([[0.0, 0], [5, 0], [10, 0]])
    assert beside(line, 2.0) == pytest.approx(line + np.array([0, 2]))


def test_points_along_a_bent_line_are_evenly_spaced() -> None:
    points, angles = along(np.array([[0.0, 0], [4, 0], [4, 6]]), 2.0, start=1.0)
    assert points.tolist() == [[1, 0], [3, 0], [4, 1], [4, 3], [4, 5]]
    assert angles[[0, -1]] == pytest.approx([0, np.pi / 2])


def test_dashes_have_their_length_and_gap() -> None:
    drawn = [dash.tolist() for dash in dashes(np.array([[0.0, 0], [20, 0]]), on=3, off=5)]
    assert drawn == [[[0, 0], [3, 0]], [[8, 0], [11, 0]], [[16, 0], [19, 0]]]


@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=1, max_size=30))
def test_inside_agrees_with_shapely(points: list[tuple[float, float]]) -> None:
    star = np.array([[0, -8], [2, -2], [8, 0], [2.5, 2], [0, 8], [-2, 2], [-8, 0], [-2, -2.5]], float)
    polygon = shapely.Polygon(star)
    clear = [point for point in points if polygon.boundary.distance(shapely.Point(point)) > 1e-6]
    if clear:
        expected = [polygon.contains(shapely.Point(point)) for point in clear]
        assert inside(np.array(clear), star).tolist() == expected


def test_cover_is_the_share_of_each_pixel() -> None:
    square = np.array([[2.0, 1], [5, 1], [5, 4], [2, 4]])
    share = cover(square, (0, 0, 8, 6))
    assert share.shape == (6, 8)
    assert share[1:4, 2:5].min() == 1
    # Pillow draws the border of a polygon too, which is a third of a pixel wide here.
    assert share.sum() == pytest.approx(9, abs=3)
