"""An affine map in words: what was put together is told again, and it is what is seen."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrakin.search.conversions.affine import read_affine

SIZE = 8


def turn(degrees: float) -> np.ndarray:
    """The matrix by which a picture turned counter-clockwise is read: y goes down."""
    t = math.radians(degrees)
    return np.array([[math.cos(t), -math.sin(t), 0], [math.sin(t), math.cos(t), 0], [0, 0, 1]])


def magnify(across: float, down: float) -> np.ndarray:
    return np.diag([1 / across, 1 / down, 1])


def lean(degrees: float) -> np.ndarray:
    """Upright lines lean to the right: what is above the middle is read further left."""
    return np.array([[1, math.tan(math.radians(degrees)), 0], [0, 1, 0], [0, 0, 1]])


def move(right: float, down: float) -> np.ndarray:
    """By shares of the side, of which -1 to 1 is one."""
    return np.array([[1, 0, -2 * right], [0, 1, -2 * down], [0, 0, 1]])


def theta(*steps: np.ndarray) -> np.ndarray:
    """The matrix of steps that are done to a picture one after the other: reading goes back from the last to the first."""
    matrix = np.eye(3)
    for step in steps:
        matrix = matrix @ step
    return matrix[:2].ravel()


def converted(picture: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """A picture (n, n) read at the nearest pixel of matrix · (x, y, 1), pixel by pixel; 0 outside."""
    size = len(picture)
    result = np.zeros_like(picture)
    for row in range(size):
        for column in range(size):
            x, y = (2 * column + 1) / size - 1, (2 * row + 1) / size - 1
            u, v = matrix.reshape(2, 3) @ [x, y, 1]
            there = round(((v + 1) * size - 1) / 2), round(((u + 1) * size - 1) / 2)
            if min(there) >= 0 and max(there) < size:
                result[row, column] = picture[there]
    return result


PICTURE = np.arange(1, SIZE**2 + 1).reshape(SIZE, SIZE)
LEFT = np.pad(PICTURE[:, 2:], ((0, 0), (0, 2)))
UP = np.pad(PICTURE[2:], ((0, 2), (0, 0)))


@pytest.mark.parametrize(
    ("matrix", "seen", "words"),
    [
        (theta(), PICTURE, "unchanged"),
        (theta(turn(90)), np.rot90(PICTURE), "turned 90.0° counter-clockwise"),
        (theta(turn(-90)), np.rot90(PICTURE, -1), "turned 90.0° clockwise"),
        (theta(turn(180)), np.rot90(PICTURE, 2), "turned 180.0° counter-clockwise"),
        (np.array([-1.0, 0, 0, 0, 1, 0]), np.fliplr(PICTURE), "mirrored left to right"),
        (np.array([1.0, 0, 0, 0, -1, 0]), np.flipud(PICTURE), "mirrored top to bottom"),
        (theta(magnify(2, 2)), PICTURE[2:6, 2:6].repeat(2, 0).repeat(2, 1), "enlarged to 2.00×"),
        (theta(magnify(1, 2)), PICTURE[2:6].repeat(2, 0), "1.00× as wide, 2.00× as high"),
        (theta(move(-0.25, 0)), LEFT, "middle moved 25.0 % (2.0 px) left"),
        (theta(move(0, -0.25)), UP, "middle moved 25.0 % (2.0 px) up"),
        (theta(turn(90), move(0, -0.25)), np.pad(np.rot90(PICTURE)[2:], ((0, 2), (0, 0))), None),
    ],
)
def test_what_is_said_is_what_is_seen(matrix, seen, words) -> None:
    # A hair off the borders between pixels, where rounding decides.
    assert np.array_equal(converted(PICTURE, matrix * (1 - 1e-9)), seen)
    found = read_affine(matrix, size=SIZE)
    assert words in (None, found.words)
    if words is None:
        assert found.words == "turned 90.0° counter-clockwise, middle moved 25.0 % (2.0 px) up"


def test_upright_lines_lean_where_they_are_said_to_lean() -> None:
    line = np.zeros((9, 9), dtype=int)
    line[:, 4] = 1
    seen = converted(line, theta(lean(45)))
    assert np.array_equal(seen, np.fliplr(np.eye(9, dtype=int)))
    assert read_affine(theta(lean(45)), size=9).words == "upright lines lean 45.0° to the right"


@given(
    rotation=st.floats(-179, 179),
    across=st.floats(0.1, 10),
    down=st.floats(0.1, 10),
    shear=st.floats(-60, 60),
    right=st.floats(-1, 1),
    below=st.floats(-1, 1),
)
def test_what_was_put_together_is_told_again(rotation, across, down, shear, right, below) -> None:
    matrix = theta(turn(rotation), magnify(across, down), lean(shear), move(right, below))
    found = read_affine(matrix, size=200).parameters
    assert found["rotation_degrees"] == pytest.approx(rotation, abs=1e-6)
    assert (found["magnification_across"], found["magnification_down"]) == pytest.approx((across, down))
    assert found["shear_degrees"] == pytest.approx(shear, abs=1e-6)
    assert found["mirrored"] is None
    assert (found["shift_right_percent"], found["shift_down_percent"]) == pytest.approx((100 * right, 100 * below), abs=1e-6)
    assert (found["shift_right_px"], found["shift_down_px"]) == pytest.approx((200 * right, 200 * below), abs=1e-6)


@given(
    rotation=st.floats(-89, 89),
    mirror=st.sampled_from([("left to right", -1, 1), ("top to bottom", 1, -1)]),
    scale=st.floats(0.1, 10),
    shear=st.floats(-60, 60),
)
def test_a_mirror_image_is_told_with_the_smaller_rotation(rotation, mirror, scale, shear) -> None:
    words, x, y = mirror
    found = read_affine(theta(turn(rotation), magnify(x * scale, y * scale), lean(shear)), size=200).parameters
    # A mirror image about one axis is one about the other, turned by half a circle.
    assert found["mirrored"] == words
    assert found["rotation_degrees"] == pytest.approx(rotation, abs=1e-6)
    assert (found["magnification_across"], found["magnification_down"]) == pytest.approx((scale, scale))
    assert found["shear_degrees"] == pytest.approx(shear, abs=1e-6)


@pytest.mark.parametrize("matrix", [[0.0] * 6, [1.0, 1, 0, 1, 1, 0], [1.0, 0, 0, 0, 0, 0], [0.0, 0, 0.3, 0, 1, 0]])
def test_what_has_no_inverse_is_said_to_collapse(matrix) -> None:
    found = read_affine(np.array(matrix), size=SIZE)
    assert found.words.startswith("collapsed")
    assert all(np.isfinite(value) for value in found.parameters.values())


def test_what_rounds_to_nothing_is_not_told() -> None:
    assert read_affine(theta(turn(0.04), magnify(1.004, 0.996), move(0.0004, 0)), size=224).words == "unchanged"
