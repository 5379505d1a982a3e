"""The decisions about grids; reading through layers is tested with the reader."""

import dataclasses
from types import SimpleNamespace

import pytest

from terrakin.chips.layer import Grid, _cover, _place, _reduction, grid_of
from terrakin.chips.window import Window
from terrakin.errors import SceneError


def file(width, height, transform):
    return SimpleNamespace(width=width, height=height, transform=transform)


@pytest.mark.parametrize(
    ("width", "height", "transform", "expected"),
    [
        # The scene has 600 x 500 pixels of 10 m.
        (600, 500, (10.0, 0, 300000, 0, -10.0, 5200000), Grid(600, 500, 1, 1, 0, 0)),
        (300, 250, (20.0, 0, 300000, 0, -20.0, 5200000), Grid(300, 250, 0.5, 0.5, 0, 0)),
        # A panchromatic band of 5 m whose corner lies half a 10 m pixel up and left, as Landsat's.
        (1201, 1001, (5.0, 0, 299995, 0, -5.0, 5200005), Grid(1201, 1001, 2, 2, 1, 1)),
        # No georeference of its own: over all of the scene.
        (100, 50, None, Grid(100, 50, 1 / 6, 0.1, 0, 0)),
    ],
)
def test_where_a_files_pixels_lie(grid_scene, width, height, transform, expected):
    found = grid_of(grid_scene(), file(width, height, transform))
    assert dataclasses.astuple(found) == pytest.approx(dataclasses.astuple(expected), abs=1e-8)


@pytest.mark.parametrize("transform", [(10.0, 1.0, 300000, 0, -10.0, 5200000), (10.0, 0, 300000, 0, 10.0, 5200000)])
def test_turned_and_flipped_files_are_refused(grid_scene, transform):
    with pytest.raises(SceneError, match="turned against each other; warp them to one"):
        grid_of(grid_scene(), file(600, 500, transform))


@pytest.mark.parametrize(
    ("edges", "rect"),
    [
        ((10, 20, 42, 52), Window(10, 20, 32, 32)),
        ((10.5, 20.25, 26.5, 36.25), Window(10, 20, 17, 17)),
        ((9.9999999, 20, 42.0000001, 52), Window(10, 20, 32, 32)),  # what a change of grids leaves of whole numbers
        ((3.2, 3.2, 3.4, 3.4), Window(3, 3, 1, 1)),
    ],
)
def test_the_pixels_around_edges(edges, rect):
    assert _cover(*edges) == rect


@pytest.mark.parametrize(("side", "reduction"), [(256, 1), (447, 1), (448, 1), (895, 1), (896, 2), (4480, 10), (100, 1)])
def test_two_pixels_are_kept_for_each_of_the_result(side, reduction):
    assert _reduction(Window(0, 0, side, side + 500), 224) == reduction


@pytest.mark.parametrize(
    ("offset", "length", "expected"), [(0, 8, slice(0, 8)), (20, 3, slice(5, 8)), (30, 3, slice(5, 8)), (11, 4, slice(3, 7))]
)
def test_a_reduced_part_stays_on_its_canvas(offset, length, expected):
    assert _place(offset, 4, length, 8) == expected
