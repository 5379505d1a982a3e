import numpy as np
import pytest

from terrakin.chips.gaps import fill_gaps, find_gaps

YES, NO = np.array([True, True]), np.array([False, False])
U8 = np.uint8


@pytest.mark.parametrize(
    ("first", "second", "dtype", "mask", "nodata", "shades", "expected"),
    [
        # Two bands of three pixels each; where gaps are, by band, or None.
        ([1, 2, 3], [4, 5, 6], U8, None, None, YES, None),
        ([0, 0, 3], [0, 5, 6], U8, None, 0, YES, ["100", "100"]),
        ([0, 0, 3], [0, 5, 6], U8, None, 0, NO, ["110", "100"]),
        ([0, 0, 3], [0, 0, 6], U8, [True, False, True], 0, YES, ["110", "110"]),
        ([1, 2, 3], [4, 5, 6], U8, [True, False, True], None, YES, ["010", "010"]),
        ([1, 2, 3], [4, 5, 6], U8, [True, True, True], None, YES, None),
        ([1, 2, 3], [4, 5, 6], U8, None, 9, YES, None),
        ([1, 2, 3], [4, 5, 6], U8, None, -9999, YES, None),  # the type cannot hold it
        ([1, 2, 3], [4, 5, 6], U8, None, -3.4028226550889045e38, YES, None),
        ([1, 2, 3], [4, 5, 6], U8, None, np.inf, YES, None),
        ([1, np.nan, 3], [4, 5, np.inf], "f4", None, None, YES, ["010", "001"]),
        ([1, np.nan, 3], [4, np.nan, 6], "f4", None, np.nan, YES, ["010", "010"]),
        ([np.nan, 0, 0], [0, 0, 6], "f4", None, 0, YES, ["110", "110"]),  # a gap and a nodata: nothing measured
        ([-9999, 2, 3], [4, 5, 6], "f4", None, -9999, NO, ["100", "000"]),
    ],
)
def test_gaps(first, second, dtype, mask, nodata, shades, expected):
    values = np.array([[first], [second]], dtype)
    found = find_gaps(values, None if mask is None else np.array([mask]), nodata, shades=shades)
    if expected is None:
        assert found is None
    else:
        assert ["".join(str(int(gap)) for gap in band[0]) for band in found] == expected


def test_gaps_are_filled_with_the_bands_mean():
    values = np.array([[[1.0, np.nan, 4.0]], [[5.0, 6.0, np.nan]]], np.float32)
    before = values.copy()
    np.testing.assert_array_equal(fill_gaps(values, np.isnan(values)), [[[1, 2.5, 4]], [[5, 6, 5.5]]])
    np.testing.assert_array_equal(values, before)


def test_a_band_that_is_one_gap_becomes_zero():
    values = np.full((1, 2, 2), np.nan, np.float32)
    np.testing.assert_array_equal(fill_gaps(values, np.isnan(values)), 0)
