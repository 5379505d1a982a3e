"""What counts as a box, for every way that one is given."""

import math

import pytest

from terrakin.chips.window import checked_box


@pytest.mark.parametrize("box", [(7.1, 46.2, 7.3, 46.4), (179, -10, -179, 10), (-180, -90, 180, 90)])
def test_a_box_on_the_earth_is_one(box: tuple) -> None:
    assert checked_box(box) == box


@pytest.mark.parametrize("box", [(0, 1, 1, 0), (0, -91, 1, 0), (0, 0, 181, 1), (math.nan, 0, 1, 1), (0, 0, 1, math.nan)])
def test_what_is_none_is_refused(box: tuple) -> None:
    with pytest.raises(ValueError, match="is not a box; write west,south,east,north in degrees"):
        checked_box(box, point=True)


@pytest.mark.parametrize("box", [(1, 0, 1, 1), (0, 1, 1, 1)])
def test_a_line_holds_no_chips_and_still_has_a_place(box: tuple) -> None:
    with pytest.raises(ValueError, match="is not a box"):
        checked_box(box)
    assert checked_box(box, point=True) == box
