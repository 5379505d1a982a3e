import numpy as np

from terrakin.views.hilbert import NOWHERE, hilbert_index


def test_neighbours_on_the_curve_are_neighbours_on_the_ground():
    cells = np.arange(32)
    lon, lat = np.meshgrid((cells + 0.5) / 32 * 360 - 180, (cells + 0.5) / 32 * 180 - 90)
    place = hilbert_index(lon.ravel(), lat.ravel())
    order = np.argsort(place)
    column, row = np.tile(cells, 32)[order], np.repeat(cells, 32)[order]
    # 32 by 32 coarse cells: the curve visits each once and moves to a touching one.
    assert np.array_equal(place[order] >> np.uint64(2 * 11), np.arange(1024))
    assert np.all(np.abs(np.diff(column)) + np.abs(np.diff(row)) == 1)


def test_what_has_no_place_comes_last():
    place = hilbert_index(np.array([np.nan, 180.0, 7.0]), np.array([0.0, 90.0, np.nan]))
    assert place[0] == place[2] == NOWHERE
    assert place[1] < NOWHERE
