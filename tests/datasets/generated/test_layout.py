"""Arranging cells."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from terrakin.datasets.generated.layout import CELL, CLASSES, SIDES, Cell, arrange, share_out

SEEDS = st.integers(0, 10**6)


def arranged(rows: int, cols: int, seed: int) -> list[Cell]:
    rng = np.random.default_rng(seed)
    return arrange(rows, cols, share_out(rows * cols, rng), rng)


@given(st.integers(1, 60), SEEDS)
def test_shares_add_up_and_six_cells_hold_every_class(cells: int, seed: int) -> None:
    counts = share_out(cells, np.random.default_rng(seed))
    assert list(counts) == list(CLASSES)
    assert sum(counts.values()) == cells
    if cells >= 6:
        assert min(counts.values()) >= 1


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5), st.integers(1, 5), SEEDS)
def test_cells_tile_the_scene(rows: int, cols: int, seed: int) -> None:
    scene = shapely.box(0, 0, cols * CELL, rows * CELL)
    polygons = [shapely.Polygon(cell.outline) for cell in arranged(rows, cols, seed)]
    assert all(polygon.is_valid for polygon in polygons)
    parts = [polygon.intersection(scene) for polygon in polygons]
    assert {part.geom_type for part in parts} == {"Polygon"}
    assert sum(part.area for part in parts) == pytest.approx(scene.area)
    assert shapely.union_all(parts).area == pytest.approx(scene.area)


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_cells_are_in_row_order_with_the_shares_asked_for(seed: int) -> None:
    cells = arranged(4, 3, seed)
    assert [(cell.row, cell.col) for cell in cells] == [(row, col) for row in range(4) for col in range(3)]
    labels = [cell.label for cell in cells]
    assert {label: labels.count(label) for label in CLASSES} == dict.fromkeys(CLASSES, 2)
    for cell in cells:
        assert shapely.Polygon(cell.outline).contains(shapely.Point(cell.centre))


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_roads_meet_at_the_gates_of_neighbours(seed: int) -> None:
    cells = {(cell.row, cell.col): cell for cell in arranged(4, 4, seed)}
    opposite = {"north": "south", "south": "north", "east": "west", "west": "east"}
    for (row, col), cell in cells.items():
        assert cell.label == "roads" or "roads" in {other.label for other in cells.values()} or not cell.gates
        for side, gate in cell.gates.items():
            across = cells.get((row + SIDES[side][0], col + SIDES[side][1]))
            if across is not None:
                assert np.array_equal(across.gates[opposite[side]], gate)
                assert across.label != "water"


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_a_harbour_beside_water_opens_to_it(seed: int) -> None:
    cells = {(cell.row, cell.col): cell for cell in arranged(4, 4, seed)}
    for (row, col), cell in cells.items():
        around = {side: cells.get((row + step[0], col + step[1])) for side, step in SIDES.items()}
        wet = {side for side, other in around.items() if other is not None and other.label == "water"}
        if cell.label == "harbours" and wet:
            assert cell.sea in wet
