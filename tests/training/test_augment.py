"""Augmentation: each option does what it says, and the default does nothing."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from terrakin.chips.resample import square
from terrakin.errors import RecipeError
from terrakin.training.augment import Augmentation, augment

PIXELS = np.random.default_rng(0).integers(0, 256, (8, 16, 16, 3), np.uint8)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def smooth(count: int, side: int, bands: int = 3) -> np.ndarray:
    """Pictures (N, side, side, bands) without fine detail."""
    coarse = rng(1).integers(30, 226, (count, bands, 4, 4), np.uint8)
    shown = [
        [np.asarray(Image.fromarray(band).resize((side, side), Image.Resampling.BICUBIC)) for band in one] for one in coarse
    ]
    return np.moveaxis(np.array(shown), 1, 3)


def test_the_default_is_the_image() -> None:
    result = augment(PIXELS, 16, Augmentation(), rng())
    assert result.shape == (8, 3, 16, 16)
    assert result.dtype == torch.float32
    assert result.is_contiguous(memory_format=torch.channels_last)
    assert np.array_equal(result.numpy(), np.moveaxis(PIXELS, 3, 1) / np.float32(255))


def test_without_moves_images_are_resized_as_chips_are() -> None:
    pixels = smooth(4, 48)
    result = augment(pixels, 20, Augmentation(), rng()).numpy()
    for ours, values in zip(result, np.moveaxis(pixels, 3, 1), strict=True):
        assert np.abs(ours - square(values, (0, 0, 48, 48), 20)).max() < 1.5 / 255


def test_read_only_pixels_are_left_as_they_are() -> None:
    pixels = PIXELS.copy()
    pixels.setflags(write=False)
    augment(pixels, 8, Augmentation(crop=(0.2, 1), turns=True, gain=0.5, bias=0.5), rng())
    assert np.array_equal(pixels, PIXELS)


def test_turns_are_the_eight_of_the_square() -> None:
    pixels = np.repeat(PIXELS[:1], 400, axis=0)
    result = augment(pixels, 16, Augmentation(turns=True), rng()).numpy()
    image = np.moveaxis(PIXELS[0], 2, 0) / 255
    eight = [np.rot90(one, turn, (1, 2)) for one in (image, image[:, :, ::-1]) for turn in range(4)]
    distances = np.array([[np.abs(one - turned).max() for turned in eight] for one in result])
    assert (distances.min(1) < 1e-4).all()
    counts = np.bincount(distances.argmin(1), minlength=8)
    assert counts.min() > 25


def test_a_crop_has_the_share_of_the_area_that_was_drawn() -> None:
    """On a ramp from left to right and one from top to bottom, the step from pixel to pixel tells the sides of the crop."""
    side = 128
    ramp = np.broadcast_to(np.arange(side, dtype=np.uint8), (side, side))
    pixels = np.repeat(np.stack([ramp, ramp.T], axis=2)[None], 300, axis=0)
    result = augment(pixels, 64, Augmentation(crop=(0.2, 0.5), aspect=1.5), rng()).numpy() * 255
    across = (result[:, 0, 32, -1] - result[:, 0, 32, 0]) / 63 * 64 / side
    down = (result[:, 1, -1, 32] - result[:, 1, 0, 32]) / 63 * 64 / side
    share, ratio = across * down, across / down
    assert (share.min(), share.max()) == (pytest.approx(0.2, abs=0.02), pytest.approx(0.5, abs=0.02))
    assert (ratio.min(), ratio.max()) == (pytest.approx(1 / 1.5, abs=0.05), pytest.approx(1.5, abs=0.05))
    centre = (result[:, 0, 32, 31] + result[:, 0, 32, 32]) / 2
    assert centre.min() < side * 0.4 < side * 0.6 < centre.max()


def test_a_rotation_turns_by_at_most_the_angle() -> None:
    """On the same ramps the gradient's direction is the angle."""
    ramp = np.broadcast_to(np.arange(60, 124, dtype=np.uint8), (64, 64))
    pixels = np.repeat(np.stack([ramp, ramp.T], axis=2)[None], 400, axis=0)
    result = augment(pixels, 64, Augmentation(angle_deg=30), rng()).numpy()
    middle = result[:, 0, 24:40, 24:40]
    x, y = np.gradient(middle, axis=2).mean((1, 2)), np.gradient(middle, axis=1).mean((1, 2))
    angles = np.degrees(np.arctan2(y, x))
    assert (angles.min(), angles.max()) == (pytest.approx(-30, abs=1.5), pytest.approx(30, abs=1.5))
    assert result.min() >= 60 / 255 - 1e-6  # corners are reflections, not black


def test_shrinking_does_not_alias() -> None:
    """Stripes of one pixel are grey from far away; sampled without averaging they would be stripes of another width."""
    stripes = np.broadcast_to((np.arange(64) % 2 * 255).astype(np.uint8)[:, None], (2, 64, 64))[..., None]
    result = augment(np.ascontiguousarray(stripes), 16, Augmentation(turns=True), rng())
    assert (result - 0.5).abs().max() < 0.01


def test_gain_multiplies_each_band() -> None:
    pixels = np.full((2000, 2, 2, 3), 100, np.uint8)
    result = augment(pixels, 2, Augmentation(gain=0.2), rng()).numpy()
    assert np.ptp(result, axis=(2, 3)).max() == 0
    factors = result[:, :, 0, 0] * 255 / 100
    assert (factors.min(), factors.max()) == (pytest.approx(0.8, abs=0.01), pytest.approx(1.2, abs=0.01))
    assert np.abs(np.corrcoef(factors.T) - np.eye(3)).max() < 0.1


def test_bias_is_added_to_each_band() -> None:
    pixels = np.full((2000, 2, 2, 3), 102, np.uint8)
    added = augment(pixels, 2, Augmentation(bias=0.1), rng()).numpy()[:, :, 0, 0] - 0.4
    assert (added.min(), added.max()) == (pytest.approx(-0.1, abs=0.005), pytest.approx(0.1, abs=0.005))
    assert np.abs(np.corrcoef(added.T) - np.eye(3)).max() < 0.1


AUGMENTATIONS = st.builds(
    Augmentation,
    crop=st.tuples(st.floats(0.01, 1), st.floats(0.01, 1)).map(lambda ends: (min(ends), max(ends))),
    aspect=st.floats(1, 4),
    turns=st.booleans(),
    angle_deg=st.floats(0, 180),
    gain=st.floats(0, 0.99),
    bias=st.floats(0, 1),
)


@settings(max_examples=40)
@given(augmentation=AUGMENTATIONS, size=st.integers(1, 40), bands=st.sampled_from([1, 3, 13]), seed=st.integers(0, 99))
def test_whatever_is_drawn_stays_in_range(augmentation: Augmentation, size: int, bands: int, seed: int) -> None:
    pixels = rng(seed).integers(0, 256, (3, 12, 9, bands), np.uint8)
    result = augment(pixels, size, augmentation, rng(seed))
    assert result.shape == (3, bands, size, size)
    assert torch.isfinite(result).all()
    assert result.min() >= 0
    assert result.max() <= 1
    assert torch.equal(result, augment(pixels, size, augmentation, rng(seed)))


def test_one_option_does_not_change_the_draws_of_another() -> None:
    turned = augment(PIXELS, 16, Augmentation(turns=True), rng())
    brighter = augment(PIXELS, 16, Augmentation(turns=True, bias=1e-6), rng())
    assert (turned - brighter).abs().max() < 1e-5


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"crop": (0.0, 1.0)}, "crop is a range of shares of an image's area, above 0 and up to 1, got 0.0..1.0"),
        ({"crop": (0.8, 0.5)}, "crop is a range"),
        ({"crop": (0.5, 1.1)}, "crop is a range"),
        ({"aspect": 0.5}, "aspect is the largest ratio of two sides, at least 1, got 0.5"),
        ({"aspect": math.inf}, "aspect is the largest ratio"),
        ({"angle_deg": -1.0}, r"angle_deg lies in 0\.\.180 degrees, got -1\.0"),
        ({"gain": 1.0}, "gain is at least 0 and below 1, got 1.0"),
        ({"bias": 1.5}, r"bias lies in 0\.\.1, got 1\.5"),
    ],
)
def test_options_out_of_range_are_told(options: dict, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        Augmentation(**options)
