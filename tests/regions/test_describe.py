import numpy as np
import pytest
from skimage.feature import graycomatrix, graycoprops
from skimage.measure import regionprops

from terrakin.regions import intensity, shape, texture
from terrakin.regions.describe import describe, grey, size
from terrakin.regions.intensity import BINS
from terrakin.regions.segment import segment

ANGLES = (0, np.pi / 4, np.pi / 2, 3 * np.pi / 4)
RGB = ("red", "green", "blue")


@pytest.fixture
def labels(image):
    return segment(image, "felzenszwalb")


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turning_image_and_regions_changes_nothing(image, labels, turns) -> None:
    straight = describe(image, labels, bands=RGB)
    turned = describe(np.rot90(image, turns), np.rot90(labels, turns), bands=RGB)
    patterns = slice(shape.SIZE + 12, shape.SIZE + 22)
    assert np.array_equal(straight[:, patterns], turned[:, patterns])
    histograms = [shape.SIZE + 22 + 10 * band + 2 + i for band in range(3) for i in range(BINS)]
    assert np.array_equal(straight[:, histograms], turned[:, histograms])
    assert straight == pytest.approx(turned, abs=1e-6, rel=1e-6)
    assert shape.describe(labels) == pytest.approx(shape.describe(np.rot90(labels, turns)), abs=1e-9)
    levels = grey(image, RGB)
    assert texture.co_occurrence(levels, labels) == pytest.approx(
        texture.co_occurrence(np.rot90(levels, turns), np.rot90(labels, turns)), abs=1e-9
    )
    assert intensity.describe(image, labels) == pytest.approx(
        intensity.describe(np.rot90(image, turns), np.rot90(labels, turns)), rel=0, abs=1e-9
    )


def test_pairs_inside_a_rectangle_are_those_of_its_cut_out() -> None:
    levels = np.random.default_rng(0).random((30, 40))
    labels = np.zeros(levels.shape, dtype=int)
    labels[5:17, 8:31] = 1
    part = (levels[5:17, 8:31] * 8).astype(np.uint8)
    expected = graycomatrix(part, [1], ANGLES, levels=8, symmetric=True)[:, :, 0]
    assert np.array_equal(texture.pairs(levels, labels)[1], np.moveaxis(expected, 2, 0))


def test_pairs_of_any_region_are_those_of_a_masked_image(image, labels) -> None:
    levels = grey(image)
    for region in range(labels.max() + 1):
        # The published way: levels 1 to 8, 0 outside, and the row and column of 0 dropped.
        masked = np.where(labels == region, (levels * 8).astype(np.uint8) + 1, 0).astype(np.uint8)
        expected = graycomatrix(masked, [1], ANGLES, levels=9, symmetric=True)[1:, 1:, 0]
        assert np.array_equal(texture.pairs(levels, labels)[region], np.moveaxis(expected, 2, 0))


def test_features_of_texture_are_those_of_scikit_image() -> None:
    levels = np.random.default_rng(1).random((16, 16))
    matrix = graycomatrix((levels * 8).astype(np.uint8), [1], ANGLES, levels=8, symmetric=True, normed=True)
    found = texture.co_occurrence(levels, np.zeros((16, 16), dtype=int))[0]
    for i, name in enumerate(("contrast", "dissimilarity", "homogeneity", "ASM", "correlation", "entropy")):
        expected = graycoprops(matrix, name)[0]
        assert found[i] == pytest.approx(expected.mean(), abs=1e-12)
        assert found[6 + i] == pytest.approx(np.ptp(expected), abs=1e-12)


def test_a_region_without_a_pair_has_no_texture_and_one_of_equal_levels_correlates() -> None:
    labels = np.ones((3, 3), dtype=int)
    labels[0, 0] = 0
    alone, equal = texture.co_occurrence(np.full((3, 3), 0.3), labels)
    assert not alone.any()
    assert equal[4] == 1


def test_shapes_are_those_that_geometry_gives() -> None:
    labels = np.zeros((40, 60), dtype=int)
    labels[10:20, 10:50] = 1
    share, circularity, eccentricity, solidity, extent, axes, *hu = shape.describe(labels)[1]
    assert share == 400 / 2400
    assert solidity == extent == pytest.approx(1)
    assert axes == pytest.approx(np.sqrt((10**2 - 1) / (40**2 - 1)), abs=0.01)
    assert eccentricity == pytest.approx(np.sqrt(1 - axes**2))
    assert 0 < circularity < 1
    expected = regionprops(labels)[0].moments_hu
    assert hu == pytest.approx(np.sign(expected) * np.log10(1 + 1e7 * np.abs(expected)))


def test_intensity_is_that_of_the_pixels(image, labels) -> None:
    found = describe(image, labels)[:, -30:]
    for region in range(labels.max() + 1):
        for band in range(3):
            values = image[labels == region, band]
            mean, spread, *histogram = found[region, 10 * band : 10 * band + 10]
            assert (mean, spread) == pytest.approx((values.mean(), values.std()), abs=1e-6)
            expected = np.histogram(values, bins=8, range=(0, 1))[0] / len(values)
            assert histogram == pytest.approx(expected, abs=1e-7)


def test_shares_of_patterns_sum_to_one(image, labels) -> None:
    assert texture.patterns(grey(image), labels).sum(axis=1) == pytest.approx(1)


def test_named_bands_are_weighted_as_the_eye_does(image) -> None:
    assert grey(image, RGB) == pytest.approx(image @ [0.299, 0.587, 0.114])
    assert grey(image[..., ::-1], RGB[::-1]) == pytest.approx(grey(image, RGB))
    assert grey(image) == pytest.approx(image.mean(axis=2))
    assert grey(image, ("nir", "red", "green")) == pytest.approx(image.mean(axis=2))
    assert grey(np.ones((1, 1, 3)), RGB) <= 1


@pytest.mark.parametrize("bands", [1, 3, 12])
def test_descriptors_are_as_long_as_said_and_finite(bands) -> None:
    image = np.random.default_rng(0).random((12, 12, bands))
    found = describe(image, np.arange(12).repeat(12).reshape(12, 12) // 3)
    assert found.shape == (4, size(bands))
    assert np.isfinite(found).all()


def test_labels_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match=r"have the shape \(4, 4\), got \(3, 4\)"):
        describe(np.zeros((4, 4, 3)), np.zeros((3, 4), dtype=int))
    with pytest.raises(ValueError, match="each is there"):
        describe(np.zeros((4, 4, 3)), np.full((4, 4), 2))
