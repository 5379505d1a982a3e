"""Harbours: quays with warehouses, containers and cranes, or marinas full of boats."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from terrakin.datasets.generated.layout import SIDES, Cell
from terrakin.datasets.generated.noise import smooth_noise
from terrakin.datasets.generated.shapes import cover, rectangle
from terrakin.datasets.generated.surface import Colour, Pen, Surface, tint, toned
from terrakin.datasets.generated.traffic import paint_car

__all__ = ["paint_harbour", "sea_part"]

_QUAY = -14.0
_CONCRETE: Colour = (176, 172, 162, 160)
_HULLS: tuple[Colour, ...] = ((132, 52, 44, 70), (44, 56, 78, 40), (50, 60, 56, 46), (96, 40, 36, 60), (70, 74, 80, 60))
_DECKS: tuple[Colour, ...] = ((150, 84, 66, 100), (96, 126, 104, 100), (152, 148, 138, 130), (120, 112, 100, 100))
_CONTAINERS: tuple[Colour, ...] = (
    (176, 58, 44, 110),
    (48, 92, 150, 90),
    (214, 140, 46, 150),
    (70, 128, 96, 110),
    (190, 190, 188, 170),
    (120, 68, 54, 90),
)
_WAREHOUSES: tuple[Colour, ...] = ((206, 206, 202, 180), (150, 164, 178, 140), (182, 176, 164, 160), (160, 108, 92, 124))
_STEEL: tuple[Colour, ...] = ((222, 178, 58, 170), (60, 110, 170, 100), (200, 84, 60, 130))


def sea_part(cell: Cell) -> np.ndarray:
    """(P, 2) the part of a harbour's outline on the sea's side of its quay."""
    seaward, _ = _frame(cell)
    depth = (cell.outline - cell.centre) @ seaward
    # Points inland are drawn to the quay; the outline runs around the cell, so its order stays right.
    return np.asarray(cell.outline + np.maximum(_QUAY - 8 - depth, 0)[:, None] * seaward)


def paint_harbour(surface: Surface, cell: Cell, rng: np.random.Generator) -> None:
    """Build a port or a marina in a cell."""
    box = surface.around(cell)
    whole = cover(cell.outline, box)
    place = _placer(cell)
    apron = cover(place(np.array([[-170, -170], [170, -170], [170, _QUAY], [-170, _QUAY]])), box) * whole
    noise = smooth_noise(whole.shape, 20, rng, octaves=4)
    fine = smooth_noise(whole.shape, 2, rng)
    concrete = tint(_CONCRETE, float(rng.uniform(0.85, 1.08)))
    surface.blend(box, apron, toned(concrete, 1 + 0.05 * noise + 0.02 * fine), 0)
    surface.reserved[surface.part(box)] |= apron > 0.5
    marina = rng.random() < 0.38
    (_marina if marina else _port)(surface, cell, place, concrete, rng)
    _land(surface, cell, place, rng, sheds=not marina)


Place = Callable[[np.ndarray], np.ndarray]
"""From (N, 2) along the quay and towards the sea, from the cell's centre, to x and y."""


def _frame(cell: Cell) -> tuple[np.ndarray, np.ndarray]:
    row, col = SIDES[cell.sea]
    seaward = np.array([col, row], float)
    return seaward, np.array([-seaward[1], seaward[0]])


def _placer(cell: Cell) -> Place:
    seaward, along = _frame(cell)
    axes = np.stack([along, seaward])

    def place(local: np.ndarray) -> np.ndarray:
        return np.asarray(cell.centre + local @ axes)

    return place


def _bar(a: float, s: float, length: float, width: float, *, seaward: bool) -> np.ndarray:
    """Corners in the quay's frame of a bar that points to the sea or lies along the quay."""
    return rectangle(np.array([a, s]), length, width, np.pi / 2 if seaward else 0.0)


def _port(surface: Surface, cell: Cell, place: Place, concrete: Colour, rng: np.random.Generator) -> None:
    pen = Pen(surface, surface.around(cell, by=30))
    piers = [float(rng.uniform(-12, 12))] if rng.random() < 0.45 else [float(rng.uniform(-66, -50)), float(rng.uniform(50, 66))]
    reach = float(rng.uniform(84, 104))
    # The quay's edge stands two metres above the water.
    pen.polygon(place(_bar(0, _QUAY - 1, 264, 3.5, seaward=False)), tint(concrete, 0.72), height_m=2.5)
    for pier in piers:
        pen.polygon(place(_bar(pier, _QUAY + reach / 2 - 2, reach + 4, 23, seaward=True)), tint(concrete, 0.72), height_m=2.5)
        pen.polygon(place(_bar(pier, _QUAY + reach / 2 - 3, reach + 2, 20.5, seaward=True)), tint(concrete, 0.98), height_m=2.5)
        if rng.random() < 0.6:
            shed = _WAREHOUSES[rng.integers(len(_WAREHOUSES))]
            _shed(pen, place, pier, _QUAY + reach * 0.5, reach * 0.6, 10, shed, seaward=True)
        else:
            _stacks(pen, place, pier, _QUAY + reach * 0.5, 12, reach * 0.7, rng)
        for side in (-1, 1):
            if rng.random() < 0.85:
                length = float(rng.uniform(58, min(reach, 92)))
                beam = float(rng.uniform(11, 15))
                _ship(pen, place, pier + side * (12.6 + beam / 2), _QUAY + 6 + length / 2, length, beam, np.pi / 2, rng)
            _crane(pen, place, pier + side * 8, _QUAY + float(rng.uniform(25, reach - 12)), side, rng)
    for berth in (-104, 0, 104):
        if all(abs(berth - pier) > 46 for pier in piers) and rng.random() < 0.8:
            length, beam = float(rng.uniform(54, 70)), float(rng.uniform(11, 14))
            _ship(pen, place, berth, _QUAY + 2.5 + beam / 2, length, beam, 0.0, rng)
    pen.lay()


def _land(surface: Surface, cell: Cell, place: Place, rng: np.random.Generator, *, sheds: bool) -> None:
    box = surface.around(cell)
    pen = Pen(surface, box)
    for a in np.arange(-110, 111, 74) + rng.uniform(-8, 8):
        colour = tint(_WAREHOUSES[rng.integers(len(_WAREHOUSES))], float(rng.uniform(0.9, 1.1)))
        if sheds or rng.random() < 0.5:
            _shed(pen, place, float(a), -96, float(rng.uniform(52, 64)), float(rng.uniform(24, 34)), colour, seaward=False)
    pen.polygon(place(_bar(0, -66, 300, 8, seaward=False)), (112, 112, 114, 100))
    for a in np.arange(-130, 130, 9.0):
        if rng.random() < 0.35:
            paint_car(
                pen, place(np.array([[a, -66 + rng.choice([-2, 2])]]))[0], _quay_angle(cell), rng, lorries=0.4 if sheds else 0
            )
    for a in np.arange(-108, 109, 54):
        if sheds and rng.random() < 0.85:
            _stacks(pen, place, float(a), -40, 44, 26, rng)
        elif not sheds:
            for offset in np.arange(-22, 22, 3.0):
                if rng.random() < 0.6:
                    spot = place(np.array([[a + offset, -44 + 7 * rng.integers(0, 2)]]))[0]
                    paint_car(pen, spot, _quay_angle(cell) + np.pi / 2, rng)
    pen.lay(within=cover(cell.outline, box))


def _quay_angle(cell: Cell) -> float:
    _, along = _frame(cell)
    return float(np.arctan2(along[1], along[0]))


def _shed(pen: Pen, place: Place, a: float, s: float, length: float, width: float, colour: Colour, *, seaward: bool) -> None:
    for half, light in ((-0.25, 1.06), (0.25, 0.88)):
        offset = (half * width, 0.0) if seaward else (0.0, half * width)
        corners = _bar(a + offset[0], s + offset[1], length, width / 2, seaward=seaward)
        pen.polygon(place(corners), tint(colour, light), height_m=9)
    for at in np.arange(-length / 2 + 5, length / 2 - 3, 9.0):
        spot = (a, s + at) if seaward else (a + at, s)
        pen.polygon(place(_bar(*spot, 1.6, width * 0.7, seaward=seaward)), tint(colour, 1.2), height_m=9)


def _stacks(pen: Pen, place: Place, a: float, s: float, width: float, depth: float, rng: np.random.Generator) -> None:
    """Containers in rows, 12 x 2.5 m each, along the quay."""
    for column in np.arange(-width / 2 + 6, width / 2, 13.0):
        for row in np.arange(-depth / 2 + 1.5, depth / 2, 2.9):
            if rng.random() < 0.86:
                colour = tint(_CONTAINERS[rng.integers(len(_CONTAINERS))], float(rng.uniform(0.85, 1.1)))
                stack = place(_bar(a + column, s + row, 12, 2.5, seaward=False))
                pen.polygon(stack, colour, height_m=2.6 * float(rng.integers(1, 4)))


def _crane(pen: Pen, place: Place, a: float, s: float, side: int, rng: np.random.Generator) -> None:
    colour = _STEEL[rng.integers(len(_STEEL))]
    for leg in (-4, 4):
        pen.polygon(place(_bar(a, s + leg, 1.6, 8, seaward=True)), tint(colour, 0.8), height_m=10)
    pen.polygon(place(_bar(a + side * 8, s, 2.2, 34, seaward=True)), colour, height_m=20)
    pen.polygon(place(_bar(a - side * 4, s, 4, 4, seaward=True)), tint(colour, 0.7), height_m=18)


def _ship(
    pen: Pen, place: Place, a: float, s: float, length: float, beam: float, angle: float, rng: np.random.Generator
) -> None:
    """A freighter with its bow towards `angle`, laden with containers or with hatches."""
    ahead, aside = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    if rng.random() < 0.4:
        ahead = -ahead
    middle = np.array([a, s])

    def hull(shrink: float) -> np.ndarray:
        half, wide = length / 2 - shrink, beam / 2 - shrink
        outline = np.array([[1, 0], [0.93, 0.5], [0.8, 0.88], [0.68, 1], [-0.93, 1], [-1, 0.75]])
        mirrored = outline[::-1][:-1] * (1, -1)
        return place(middle + np.concatenate([outline, mirrored]) * (half, wide) @ np.stack([ahead, aside]))

    pen.polygon(hull(0), _HULLS[rng.integers(len(_HULLS))], height_m=6)
    deck = _DECKS[rng.integers(len(_DECKS))]
    pen.polygon(hull(0.9), deck, height_m=5.5)
    laden = rng.random() < 0.55
    spacing = 6.6 if laden else 11.0
    for at in np.arange(-0.26 * length, 0.36 * length, spacing):
        if laden:
            for offset in np.arange(-beam / 2 + 2.4, beam / 2 - 1.6, 2.5):
                stack = middle + at * ahead + offset * aside
                corners = stack + _local_box(5.9, 2.3) @ np.stack([ahead, aside])
                pen.polygon(
                    place(corners), _CONTAINERS[rng.integers(len(_CONTAINERS))], height_m=7 + 2 * float(rng.integers(0, 3))
                )
        else:
            corners = middle + at * ahead + _local_box(8, beam * 0.62) @ np.stack([ahead, aside])
            pen.polygon(place(corners), tint(deck, 1.25), height_m=7)
    bridge = middle - 0.38 * length * ahead + _local_box(length * 0.1, beam * 0.8) @ np.stack([ahead, aside])
    pen.polygon(place(bridge), (236, 236, 232, 210), height_m=14)
    funnel = middle - 0.42 * length * ahead + _local_box(2.6, 2.6) @ np.stack([ahead, aside])
    pen.polygon(place(funnel), _STEEL[rng.integers(len(_STEEL))], height_m=17)


def _local_box(length: float, width: float) -> np.ndarray:
    return np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]) * (length, width)


def _marina(surface: Surface, cell: Cell, place: Place, concrete: Colour, rng: np.random.Generator) -> None:
    pen = Pen(surface, surface.around(cell, by=30))
    pen.polygon(place(_bar(0, _QUAY - 1, 264, 3.5, seaward=False)), tint(concrete, 0.72), height_m=2)
    reach = float(rng.uniform(74, 92))
    spacing = float(rng.uniform(34, 42))
    wood = tint((196, 182, 158, 150), float(rng.uniform(0.85, 1.1)))
    for spine in np.arange(-2.5, 3) * spacing + rng.uniform(-6, 6):
        pen.polygon(place(_bar(float(spine), _QUAY + reach / 2, reach, 2.4, seaward=True)), wood, height_m=0.8)
        for s in np.arange(_QUAY + 8, _QUAY + reach, 5.2):
            for side in (-1, 1):
                pen.polygon(place(_bar(spine + side * 4.5, s, 7, 0.6, seaward=False)), wood, height_m=0.6)
                if rng.random() < 0.82:
                    _boat(pen, place, spine + side * 6.5, s + 2.6, side, rng)
    _mole(pen, place, reach, rng)
    pen.lay()


def _boat(pen: Pen, place: Place, a: float, s: float, side: int, rng: np.random.Generator) -> None:
    length, beam = float(rng.uniform(7.5, 11.5)), float(rng.uniform(2.8, 3.6))
    outline = np.array([[0.5, 0], [0.2, 0.46], [-0.5, 0.42], [-0.5, -0.42], [0.2, -0.46]]) * (side * length, beam)
    colour: Colour = tint((240, 240, 238, 205), float(rng.uniform(0.86, 1.05)))
    pen.polygon(place(outline + np.array([a, s])), colour, height_m=1.6)
    cover_colour = ((60, 92, 150, 90), (170, 150, 120, 120), (120, 124, 130, 100), (200, 204, 206, 180))[rng.integers(4)]
    pen.polygon(place(_bar(a - side * length * 0.12, s, length * 0.42, beam * 0.5, seaward=False)), cover_colour, height_m=2)


def _mole(pen: Pen, place: Place, reach: float, rng: np.random.Generator) -> None:
    """A breakwater of rocks with a gap for the boats."""
    turn = float(rng.choice([-1, 1]))
    at = _QUAY + reach + 22
    line = np.array([[-128 * turn, _QUAY], [-124 * turn, at - 18], [-108 * turn, at], [74 * turn, at + 4]])
    steps = np.concatenate([np.linspace(a, b, 46) for a, b in pairwise(line)])
    for point in steps:
        for _ in range(3):
            rock = place((point + rng.normal(0, 2.0, 2))[None])[0]
            grey = float(rng.uniform(90, 170))
            pen.disc(rock, float(rng.uniform(1.2, 2.6)), (grey, grey * 0.98, grey * 0.93, grey * 0.9), height_m=3)
