"""Drawing on the ground."""

import numpy as np
import pytest

from terrakin.datasets.generated.surface import MARGIN, Pen, Surface, tint, toned

RED = (200.0, 10.0, 20.0, 90.0)
SQUARE = np.array([[10.0, 10], [20, 10], [20, 20], [10, 20]])
BOX = (0, 0, 32, 32)


@pytest.fixture
def ground() -> Surface:
    surface = Surface(32, 32)
    surface.colour[:] = 100
    surface.relief[:] = 1
    return surface


def at(surface: Surface, x: int, y: int) -> tuple[int, int]:
    return y + MARGIN, x + MARGIN


def test_a_polygon_colours_flattens_and_raises_what_it_covers(ground: Surface) -> None:
    pen = Pen(ground, BOX)
    pen.polygon(SQUARE, RED, height_m=7.5)
    pen.lay(reserve=True)
    within, outside = at(ground, 15, 15), at(ground, 25, 25)
    assert ground.colour[within].tolist() == list(RED)
    assert (ground.relief[within], ground.walls[within], ground.reserved[within]) == (0, 7.5, True)
    assert ground.colour[outside].tolist() == [100] * 4
    assert (ground.relief[outside], ground.walls[outside], ground.reserved[outside]) == (1, 0, False)


def test_an_edge_across_a_pixel_mixes_the_colours(ground: Surface) -> None:
    pen = Pen(ground, BOX)
    pen.polygon(SQUARE + np.array([1 / 3, 0]), RED)
    pen.lay()
    mixed = ground.colour[at(ground, 10, 15)]
    assert mixed == pytest.approx(100 + 2 / 3 * (np.array(RED) - 100), abs=1.5)


def test_a_mask_keeps_the_drawing_off(ground: Surface) -> None:
    pen = Pen(ground, BOX)
    pen.polygon(SQUARE, RED, height_m=5)
    half = np.ones((32, 32), np.float32)
    half[:, 15:] = 0
    pen.lay(within=half)
    assert ground.colour[at(ground, 12, 15)].tolist() == list(RED)
    assert ground.colour[at(ground, 18, 15)].tolist() == [100] * 4
    assert ground.walls[at(ground, 18, 15)] == 0


def test_a_line_has_its_width(ground: Surface) -> None:
    pen = Pen(ground, BOX)
    pen.line(np.array([[0.0, 16], [32, 16]]), RED, 6)
    pen.lay()
    covered = (ground.colour[MARGIN : MARGIN + 32, MARGIN + 16, 0] - 100) / 100
    assert covered.sum() == pytest.approx(6, abs=0.5)


def test_a_disc_has_its_area(ground: Surface) -> None:
    pen = Pen(ground, BOX)
    pen.disc(np.array([16.0, 16.0]), 8, RED)
    pen.lay()
    covered = (ground.colour[MARGIN : MARGIN + 32, MARGIN : MARGIN + 32, 0] - 100) / 100
    assert covered.sum() == pytest.approx(np.pi * 64, rel=0.08)


def test_blend_lays_by_share(ground: Surface) -> None:
    ground.blend((4, 4, 6, 6), np.full((2, 2), 0.25, np.float32), RED, 3.0)
    assert ground.colour[at(ground, 4, 4)] == pytest.approx(100 + 0.25 * (np.array(RED) - 100))
    assert ground.relief[at(ground, 5, 5)] == 1.5
    assert ground.relief[at(ground, 6, 6)] == 1


def test_points_on_reserved_ground_or_beyond_the_margin_are_not_free(ground: Surface) -> None:
    ground.reserved[at(ground, 5, 6)] = True
    points = np.array([[5.0, 6], [6, 5], [-MARGIN - 2, 0], [-MARGIN + 2, 0]])
    assert ground.free(points).tolist() == [False, True, False, True]


def test_tones() -> None:
    assert tint((100, 200, 10, 255), 2) == (200, 255, 20, 255)
    assert toned((10, 20, 30, 40), np.array([[0.5]])).tolist() == [[[5, 10, 15, 20]]]
    assert toned((10, 20, 30, 40), np.array([[0.5]])).dtype == np.float32
