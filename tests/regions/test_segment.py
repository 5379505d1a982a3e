import numpy as np
import pytest

from terrakin.errors import UnknownNameError
from terrakin.regions.felzenszwalb import Felzenszwalb
from terrakin.regions.graph import RegionGraph, borders
from terrakin.regions.segment import segment, tidied
from terrakin.regions.slic_rag import SlicRag
from terrakin.regions.squares import Squares


def test_parts_of_a_label_that_do_not_touch_are_regions_of_their_own() -> None:
    labels = np.array([[5, 5, 2, 5, 5]] * 4)
    assert np.array_equal(tidied(labels, np.zeros((4, 5, 1)), min_area=1), [[0, 0, 1, 2, 2]] * 4)


def test_corners_do_not_connect() -> None:
    labels = np.array([[0, 1], [1, 0]])
    assert tidied(labels, np.zeros((2, 2, 1)), min_area=1).max() == 3


def test_a_small_region_joins_the_neighbour_of_the_nearest_mean() -> None:
    labels = np.array([[0] * 4 + [1] + [2] * 4] * 3)
    values = np.array([[0.0] * 4 + [0.9] + [1.0] * 4] * 3)[:, :, None]
    assert np.array_equal(tidied(labels, values, min_area=4), [[0] * 4 + [1] * 5] * 3)


def test_regions_that_are_all_too_small_join_until_they_are_not() -> None:
    labels = np.arange(36).reshape(6, 6)
    joined = tidied(labels, np.random.default_rng(0).random((6, 6, 2)), min_area=9)
    assert np.bincount(joined.ravel()).min() >= 9


def test_merging_keeps_areas_means_and_neighbours() -> None:
    labels = np.array([[0, 0, 1], [2, 3, 3]])
    values = np.arange(6.0).reshape(2, 3, 1) / 5
    graph = RegionGraph(labels, values)
    graph.merge(0, 3)
    after = graph.labels_of()[labels]
    fresh = RegionGraph(np.searchsorted(np.unique(after), after), values)
    assert graph.areas[3] == 4
    assert graph.means[3] == pytest.approx(values[after == 3].mean(axis=0))
    assert graph.neighbours[3] == {1, 2}
    assert len(fresh.areas) == 3


def test_borders_are_as_long_as_counted_by_hand() -> None:
    pairs, lengths = borders(np.array([[0, 0, 1], [2, 2, 1]]))
    assert pairs.tolist() == [[0, 1], [0, 2], [1, 2]]
    assert lengths.tolist() == [1, 2, 1]


@pytest.mark.parametrize("bad", [np.zeros((4, 4)), np.zeros((0, 4, 3))])
def test_what_is_no_image_is_refused(bad) -> None:
    with pytest.raises(ValueError, match=r"an image has the shape \(H, W, B\)"):
        segment(bad)


@pytest.mark.parametrize("value", [-0.1, 1.1, np.nan])
def test_values_beyond_the_range_are_refused(value) -> None:
    with pytest.raises(ValueError, match=r"values in \[0, 1\]"):
        segment(np.full((4, 4, 3), value))


def test_an_unknown_way_is_told_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'grid'"):
        segment(np.zeros((4, 4, 3)), "grids")


def test_settings_change_what_comes_out(image) -> None:
    count = {way: segment(image, way, min_area=4).max() + 1 for way in (Squares(2), Squares(4))}
    assert list(count.values()) == [4, 16]
    assert segment(image, Felzenszwalb(min_size=40), min_area=4).max() > segment(image, Felzenszwalb(min_size=40000)).max()
    assert segment(image, Felzenszwalb(scale=1, min_size=40)).max() > segment(image, Felzenszwalb(scale=900, min_size=40)).max()
    assert segment(image, SlicRag(difference=200)).max() < segment(image, SlicRag(difference=1), min_area=4).max()
    assert segment(image, min_area=1000).max() < segment(image, Felzenszwalb(min_size=40), min_area=4).max()


def test_the_grounds_of_an_image_are_found(image) -> None:
    truth = np.zeros(image.shape[:2], dtype=int)
    truth[:20, 30:], truth[20:, 30:] = 1, 2
    assert np.array_equal(segment(image, Felzenszwalb(sigma=0, min_size=6000)), truth)


def test_a_grid_of_no_part_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 part"):
        Squares(0)
