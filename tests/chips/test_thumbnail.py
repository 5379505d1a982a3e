import io

import numpy as np
import pytest
from PIL import Image

from terrakin.chips.look import Look, shown_bands
from terrakin.chips.pixels import Pixels
from terrakin.chips.thumbnail import thumbnail


def opened(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))


def pixels(*shades: float, size: int = 224, mask: np.ndarray | None = None) -> Pixels:
    values = np.stack([np.full((size, size), shade, np.float32) for shade in shades])
    return Pixels(values, np.ones((size, size), np.bool_) if mask is None else mask)


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (("red", "green", "blue"), (0, 1, 2)),
        (("blue", "green", "red", "nir"), (2, 1, 0)),
        (("nir", "swir16", "red"), (0, 1, 2)),
        (("gray",), (0,)),
        (("vv", "vh"), (0,)),
    ],
)
def test_shown_bands(names, shown):
    assert shown_bands(names) == shown


def test_colours_are_those_of_the_bands_that_are_shown():
    image = opened(thumbnail(pixels(0.1, 0.4, 0.9, 0.5), Look((2, 1, 0))))
    assert image.shape == (112, 112, 3)
    np.testing.assert_allclose(image.mean(axis=(0, 1)), [230, 102, 26], atol=3)


def test_one_band_is_grey():
    image = opened(thumbnail(pixels(0.25, 0.75), Look((1,))))
    assert image.shape == (112, 112)
    np.testing.assert_allclose(image, 191, atol=2)


def test_what_was_not_measured_is_white():
    mask = np.ones((224, 224), np.bool_)
    mask[:112] = False
    image = opened(thumbnail(pixels(0.2, 0.2, 0.2, mask=mask), Look((0, 1, 2))))
    assert image[:48].mean() > 250
    assert image[64:].mean() < 60


def test_small_pixels_are_not_enlarged():
    assert opened(thumbnail(pixels(0.5, size=64), Look((0,)))).shape == (64, 64)


def test_a_look_can_brighten_and_cuts_what_leaves_the_range():
    image = opened(thumbnail(pixels(0.02, 0.03, 0.9), Look((0, 1, 2), (10.0, 10.0, 10.0), (-0.1, 0.0, 0.0))))
    np.testing.assert_allclose(image.mean(axis=(0, 1)), [26, 76, 255], atol=4)
