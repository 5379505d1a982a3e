import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from terrakin.chips.resample import square, square_mask

FULL = (0, 0, 40, 30)


@pytest.mark.parametrize("bands", [1, 2, 3, 4])
def test_8_bit_is_what_pillow_makes_of_a_picture(smooth, bands):
    values = smooth(bands, 30, 40)
    found = square(values, FULL, 16)
    for band, result in zip(values, found, strict=True):
        expected = np.asarray(Image.fromarray(band).resize((16, 16), Image.Resampling.BICUBIC))
        np.testing.assert_array_equal(np.rint(result * 255), expected)
        np.testing.assert_array_equal(result, expected / np.float32(255))


def test_interleaved_and_planar_pixels_give_the_same(smooth):
    planar = smooth(3, 30, 40)
    interleaved = np.moveaxis(np.ascontiguousarray(np.moveaxis(planar, 0, 2)), 2, 0)
    assert interleaved.strides != planar.strides
    np.testing.assert_array_equal(square(interleaved, FULL, 16), square(planar, FULL, 16))
    np.testing.assert_array_equal(
        square(interleaved[:, 3:20, 5:30], (0, 0, 25, 17), 9), square(planar[:, 3:20, 5:30], (0, 0, 25, 17), 9)
    )


def test_floats_are_8_bit_up_to_rounding(smooth):
    values = smooth(3, 30, 40)
    np.testing.assert_allclose(square(values, FULL, 16), square((values / 255).astype(np.float32), FULL, 16), atol=1 / 255)


@given(st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_the_result_stays_in_range(size, seed):
    edges = np.random.default_rng(seed).integers(0, 2, (1, 12, 9)).astype(np.float32)
    found = square(edges, (0, 0, 9, 12), size)
    assert found.shape == (1, size, size)
    assert found.min() >= 0
    assert found.max() <= 1


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_the_own_size_changes_nothing(smooth, dtype):
    values = smooth(2, 20, 20)
    stored = values if dtype == np.uint8 else (values / 255).astype(dtype)
    np.testing.assert_array_equal(square(stored, (0, 0, 20, 20), 20), values / np.float32(255))


def test_a_part_is_cut_where_it_says():
    ramp = np.tile(np.linspace(0, 1, 64, dtype=np.float32), (64, 1))[None]
    middle = square(ramp, (16.5, 0, 47.5, 64), 31)
    np.testing.assert_allclose(middle[0, 15, 10:20], np.linspace(0, 1, 64)[16:48][10:21][:-1] + 0.5 / 63, atol=1e-4)


def test_a_mask_counts_where_half_was_measured():
    measured = np.zeros((4, 8), np.bool_)
    measured[:, :5] = True
    assert square_mask(measured, (0, 0, 8, 4), 4).tolist() == [[True, True, True, False]] * 4


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("times", [1, 2, 6])
def test_nearest_repeats_pixels(smooth, dtype, times):
    values = smooth(2, 20, 20)
    stored = values if dtype == np.uint8 else (values / np.float32(255)).astype(dtype)
    found = square(stored, (0, 0, 20, 20), 20 * times, "nearest")
    expected = (values / np.float32(255)).repeat(times, axis=1).repeat(times, axis=2)
    np.testing.assert_array_equal(found, expected)


def test_nearest_is_for_what_is_enlarged(smooth):
    values = smooth(1, 30, 40)
    np.testing.assert_array_equal(square(values, FULL, 16, "nearest"), square(values, FULL, 16))
    assert not np.array_equal(square(values, FULL, 80, "nearest"), square(values, FULL, 80))
