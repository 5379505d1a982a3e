"""Keypoints of images."""

import numpy as np
import pytest
from skimage.feature import SIFT

from terrakin.regions.describe import grey
from terrakin.words.sift import sift

RGB = ("red", "green", "blue")


@pytest.fixture(scope="module")
def image():
    """(48, 56, 3): discs of several sizes, lighter and darker than the ground."""
    rng = np.random.default_rng(1)
    made = np.full((48, 56, 3), 0.5)
    rows, columns = np.mgrid[:48, :56]
    for row, column, radius, colour in zip(
        rng.integers(6, 42, 12), rng.integers(6, 50, 12), rng.uniform(2, 6, 12), rng.random((12, 3)), strict=True
    ):
        made[(rows - row) ** 2 + (columns - column) ** 2 < radius**2] = colour
    return made


def test_descriptors_are_those_of_scikit_image_on_grey(image) -> None:
    oracle = SIFT()
    oracle.detect_and_extract(grey(image, RGB))
    found = sift(image, bands=RGB)
    assert len(found) > 10
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, oracle.descriptors)
    assert np.linalg.norm(found.astype(float), axis=1) == pytest.approx(512, rel=0.05)


def test_other_bands_weigh_alike(image) -> None:
    mean = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2)
    np.testing.assert_array_equal(sift(image), sift(mean, bands=RGB))
    assert not np.array_equal(sift(image), sift(image, bands=RGB))


def test_most_of_a_turned_image_looks_the_same(image) -> None:
    straight, turned = (sift(pixels, bands=RGB).astype(float) for pixels in (image, np.rot90(image)))
    other = sift(image[:, ::-1], bands=RGB).astype(float)
    apart = [np.linalg.norm(straight[:, None] - found, axis=2).min(axis=1) for found in (turned, other)]
    assert np.median(apart[0]) < 60 < np.median(apart[1])  # a mirror changes the sense in which directions follow each other


@pytest.mark.parametrize("shape", [(40, 40, 1), (5, 40, 3), (1, 1, 2)])
def test_flat_and_tiny_images_have_no_keypoint(shape) -> None:
    assert sift(np.full(shape, 0.3)).shape == (0, 128)
    assert sift(np.random.default_rng(0).random(shape)).shape[1] == 128


def test_what_is_no_image_is_refused(image) -> None:
    with pytest.raises(ValueError, match=r"an image has values in \[0, 1\], got"):
        sift(image * 255)


def test_what_breaks_inside_is_not_taken_for_an_empty_image(image, monkeypatch) -> None:
    def broken(*_):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(SIFT, "detect_and_extract", broken)
    with pytest.raises(RuntimeError, match="out of memory"):
        sift(image)
