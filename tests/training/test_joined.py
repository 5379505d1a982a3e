"""Two arrays read as one."""

import numpy as np
import pytest

from terrakin.training.joined import Joined

FIRST = np.arange(5 * 2 * 2 * 3, dtype=np.uint8).reshape(5, 2, 2, 3)
SECOND = np.arange(100, 100 + 7 * 2 * 2 * 3, dtype=np.uint8).reshape(7, 2, 2, 3)
ROWS = np.array([6, 0, 3])
WHOLE = np.concatenate([FIRST, SECOND[ROWS]])


@pytest.mark.parametrize(
    "which",
    [
        slice(None),
        slice(3, 7),
        slice(6, 2, -2),
        slice(8, 9),
        np.array([7, 0, 7, 4, 5]),
        np.array([-1, -8]),
        np.array([], np.int64),
        np.arange(8) % 2 == 0,
    ],
    ids=str,
)
def test_rows_are_those_of_the_arrays_one_after_the_other(which) -> None:
    joined = Joined(FIRST, SECOND, ROWS)
    assert np.array_equal(joined[which], WHOLE[which])
    assert joined[which].dtype == np.uint8


def test_it_has_the_shape_of_both() -> None:
    joined = Joined(FIRST, SECOND, ROWS)
    assert (joined.shape, joined.ndim, joined.dtype, len(joined)) == ((8, 2, 2, 3), 4, np.uint8, 8)


def test_a_row_that_is_not_there() -> None:
    with pytest.raises(IndexError):
        Joined(FIRST, SECOND, ROWS)[np.array([8])]


def test_what_is_read_can_be_written_over() -> None:
    first = FIRST.copy()
    Joined(first, SECOND, ROWS)[np.array([0, 1])][:] = 9
    assert np.array_equal(first, FIRST)


def test_images_of_other_shapes() -> None:
    with pytest.raises(ValueError, match=r"images of \(2, 2, 3\) cannot be joined with images of \(2, 3, 3\)"):
        Joined(FIRST, np.zeros((1, 2, 3, 3), np.uint8), np.array([0]))
