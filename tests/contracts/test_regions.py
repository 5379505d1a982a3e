"""What every way to cut an image must do."""

import dataclasses

import numpy as np
import pytest
from scipy import ndimage

from terrakin.regions.known import REGIONS, segmenter
from terrakin.regions.segment import MIN_AREA, segment


@pytest.fixture(params=sorted(REGIONS))
def way(request: pytest.FixtureRequest) -> str:
    return request.param


def picture(bands: int, *, height: int = 60, width: int = 52, seed: int = 0):
    rng = np.random.default_rng(seed)
    coarse = rng.random((height // 10, width // 10 + 1, bands)).repeat(10, axis=0).repeat(10, axis=1)[:height, :width]
    return np.clip(coarse + rng.normal(scale=0.03, size=coarse.shape), 0, 1)


@pytest.mark.parametrize("bands", [1, 3, 4])
def test_regions_are_connected_large_enough_and_in_raster_order(way, bands) -> None:
    image = picture(bands)
    before = image.copy()
    labels = segment(image, way)
    assert labels.shape == image.shape[:2]
    assert labels.dtype == np.int64
    assert np.array_equal(image, before)
    _, first = np.unique(labels, return_index=True)
    assert (np.diff(first) > 0).all()
    assert np.array_equal(np.unique(labels), np.arange(labels.max() + 1))
    for region in range(labels.max() + 1):
        assert ndimage.label(labels == region)[1] == 1
        assert (labels == region).sum() >= MIN_AREA


def test_the_same_image_gives_the_same_regions(way) -> None:
    assert np.array_equal(segment(picture(3), way), segment(picture(3), way))


def test_an_image_of_one_colour_is_cut_all_the_same(way) -> None:
    labels = segment(np.full((20, 20, 3), 0.5), way)
    assert np.bincount(labels.ravel()).min() >= MIN_AREA


def test_an_image_smaller_than_a_region_is_one_region(way) -> None:
    assert not segment(picture(3, height=10, width=6)[:5], way).any()


def test_settings_are_named_by_the_repr(way) -> None:
    assert repr(REGIONS[way]()) == repr(REGIONS[way]())
    assert "=" in repr(REGIONS[way]())


def test_settings_out_of_range_are_refused(way) -> None:
    for field in dataclasses.fields(REGIONS[way]):
        with pytest.raises(ValueError, match=r" at least | above "):
            segmenter(way, {field.name: -1})
