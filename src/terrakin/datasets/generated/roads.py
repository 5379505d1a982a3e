"""Roads: junctions, roundabouts, overpasses with markings and cars, and the lanes that lead there."""

from collections.abc import Iterator

import numpy as np

from terrakin.datasets.generated.layout import Cell
from terrakin.datasets.generated.look import Look
from terrakin.datasets.generated.noise import smooth_noise
from terrakin.datasets.generated.shapes import along, beside, cover, inside, rectangle
from terrakin.datasets.generated.surface import Colour, Pen, Surface, tint, toned
from terrakin.datasets.generated.traffic import WHITE, paint_car, paint_markings, paint_motorway, paint_traffic, paint_zebra
from terrakin.datasets.generated.trees import plant

__all__ = ["paint_lanes", "paint_road"]

_ASPHALT: Colour = (96, 96, 99, 88)
_LANE: Colour = (150, 142, 128, 130)
_BANK: Colour = (132, 130, 96, 140)
_PAVEMENT: Colour = (166, 162, 150, 150)
_SHOP: Colour = (206, 204, 198, 180)


def paint_lanes(surface: Surface, cell: Cell, rng: np.random.Generator) -> None:
    """Lead narrow roads from gate to gate through a cell."""
    ends = list(cell.gates.values())
    if not ends:
        return
    pen = Pen(surface, surface.around(cell, by=0))
    middle = cell.centre + rng.uniform(-20, 20, 2)
    pairs = [(ends[0], ends[-1])] if len(ends) == 2 else [(end, middle) for end in ends]
    for start, end in pairs:
        line = _curve(start, middle, end)
        pen.line(line, _BANK, 8.5)
        pen.line(line, tint(_LANE, float(rng.uniform(0.85, 1.0))), 5.5)
    pen.lay(reserve=True)


def paint_road(surface: Surface, cell: Cell, look: Look, rng: np.random.Generator) -> None:
    """Draw one kind of junction in a cell."""
    box = surface.around(cell, by=0)
    whole = cover(cell.outline, box)
    ground = smooth_noise(whole.shape, 14, rng, octaves=3)
    surface.blend(box, whole, toned(look.grass, 0.96 + 0.05 * ground), 0.15 * ground)
    arms = [_curve(cell.centre, (2 * cell.centre + gate) / 3, gate) for gate in cell.gates.values()]
    opposite = [(a, b) for a, b in (("north", "south"), ("west", "east")) if a in cell.gates and b in cell.gates]
    kind = str(rng.choice(["junction", "roundabout", "overpass"], p=[0.45, 0.2, 0.35]))
    if kind == "overpass" and len(opposite) == 2:
        _overpass(surface, cell, opposite, rng)
    elif kind == "roundabout" and len(arms) > 2:
        _roundabout(surface, cell, arms, look, rng)
        _roadside(surface, cell, rng)
    else:
        _junction(surface, cell, arms, rng)
        _roadside(surface, cell, rng)
    _trees(surface, cell, look, rng)


def _junction(surface: Surface, cell: Cell, arms: list[np.ndarray], rng: np.random.Generator) -> None:
    width = float(rng.uniform(21, 27))
    tone = tint(_ASPHALT, float(rng.uniform(0.85, 1.15)))
    slips = list(_slips(cell, arms, width))
    pen = Pen(surface, surface.around(cell, by=0))
    for line, wide in [(arm, width) for arm in arms] + [(slip, 6.0) for slip in slips]:
        pen.line(line, _PAVEMENT, wide + 6)
    for slip in slips:
        pen.line(slip, tone, 6)
        pen.line(beside(slip, 2.4), WHITE, 0.5)
    for arm in arms:
        pen.line(arm, tone, width)
    pen.polygon(rectangle(cell.centre, width * 1.25, width * 1.25, _heading(arms[0])), tone)
    stop = width * 0.72
    for arm in arms:
        outer = _beyond(arm, stop + 7)
        paint_markings(pen, outer, width)
        paint_zebra(pen, _beyond(arm, stop), width)
        paint_traffic(pen, outer, width, rng)
    pen.lay(reserve=True)


def _roundabout(surface: Surface, cell: Cell, arms: list[np.ndarray], look: Look, rng: np.random.Generator) -> None:
    width, radius = float(rng.uniform(12, 15)), float(rng.uniform(28, 36))
    tone = tint(_ASPHALT, float(rng.uniform(0.9, 1.2)))
    pen = Pen(surface, surface.around(cell, by=0))
    for arm in arms:
        pen.line(arm, tint(_BANK, 1.08), width + 6)
    pen.disc(cell.centre, radius + 8, tint(_BANK, 1.08))
    for arm in arms:
        pen.line(arm, tone, width)
    pen.disc(cell.centre, radius + 5, tone)
    pen.disc(cell.centre, radius - 6.5, WHITE)
    pen.disc(cell.centre, radius - 7.3, tint(_LANE, 1.15))
    pen.disc(cell.centre, radius - 10, tint(look.grass, 1.05))
    for arm in arms:
        outer = _beyond(arm, radius + 14)
        paint_markings(pen, outer, width)
        paint_zebra(pen, _beyond(arm, radius + 8), width)
        # The island that parts the lanes.
        pen.line(
            arm[(np.hypot(*(arm - cell.centre).T) > radius + 5) & (np.hypot(*(arm - cell.centre).T) < radius + 26)], _BANK, 2.4
        )
        paint_traffic(pen, outer, width, rng)
    ring = cell.centre + (radius - 0.8) * _circle()
    for point, angle in zip(*along(ring, 37, start=float(rng.uniform(0, 20))), strict=True):
        paint_car(pen, point, float(angle), rng)
    pen.lay(reserve=True)
    box = surface.around(cell, by=0)
    surface.reserved[surface.part(box)] &= cover(cell.centre + (radius - 12) * _circle(), box) < 0.5
    angles = rng.uniform(0, 2 * np.pi, 5)
    points = cell.centre + (radius - 18) * rng.uniform(0, 1, (5, 1)) * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    _plant_few(surface, points, look, rng)


def _overpass(surface: Surface, cell: Cell, opposite: list[tuple[str, str]], rng: np.random.Generator) -> None:
    lower_sides, upper_sides = (opposite[i] for i in rng.permutation(2))
    tone = tint(_ASPHALT, float(rng.uniform(0.9, 1.2)))
    lower, upper = (_curve(cell.gates[a], cell.centre, cell.gates[b]) for a, b in (lower_sides, upper_sides))
    lower_width, upper_width = float(rng.uniform(26, 32)), float(rng.uniform(15, 20))
    pen = Pen(surface, surface.around(cell, by=0))
    for line, width in ((lower, lower_width), (upper, upper_width)):
        pen.line(line, tint(_BANK, 1.05), width + 9)
    # Ramps: loops in two opposite quarters, slip roads in the two others.
    ramps = list(_ramps(cell, lower, upper, lower_width / 2, upper_width / 2))
    for ramp in ramps:
        pen.line(ramp, tint(_BANK, 1.05), 11)
    for ramp in ramps:
        pen.line(ramp, tone, 7)
        for edge in (-2.8, 2.8):
            pen.line(beside(ramp, edge), WHITE, 0.5)
    pen.line(lower, tone, lower_width)
    paint_motorway(pen, lower, lower_width, rng)
    pen.lay(reserve=True)
    pen = Pen(surface, surface.around(cell, by=0))
    pen.line(upper, tone, upper_width)
    paint_markings(pen, upper, upper_width)
    pen.lay(reserve=True)
    bridge = Pen(surface, surface.around(cell, by=0))
    deck = upper[np.hypot(*(upper - cell.centre).T) < lower_width * 0.5 + 16]
    bridge.line(deck, tint(_LANE, 1.25), upper_width + 2.4, height_m=7)
    bridge.line(deck, tone, upper_width, height_m=7)
    paint_markings(bridge, deck, upper_width, height_m=7)
    bridge.lay(reserve=True)
    cars = Pen(surface, surface.around(cell, by=0))
    paint_traffic(cars, _beyond(upper, lower_width + 10, centre=cell.centre), upper_width, rng)
    cars.lay()


def _roadside(surface: Surface, cell: Cell, rng: np.random.Generator) -> None:
    """In some corners a shop with its car park."""
    pen = Pen(surface, surface.around(cell, by=0))
    for corner in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
        if rng.random() > 0.4:
            continue
        middle, angle = cell.centre + np.array(corner) * rng.uniform(68, 78, 2), float(rng.choice([0, np.pi / 2]))
        ahead, aside = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
        pen.polygon(rectangle(middle, 68, 52, angle), tint(_PAVEMENT, 0.95))
        pen.polygon(rectangle(middle, 66, 50, angle), tint(_ASPHALT, 1.25))
        shop = middle - 14 * aside
        pen.polygon(rectangle(shop, 48, 16, angle), tint(_SHOP, float(rng.uniform(0.75, 1.0))), height_m=6)
        pen.polygon(rectangle(shop, 45, 13, angle), tint(_SHOP, float(rng.uniform(0.7, 0.95))), height_m=5.5)
        for row in (4.0, 18.0):
            for place in np.arange(-29, 30, 2.9):
                spot = middle + row * aside + place * ahead
                pen.line(np.stack([spot - 1.45 * ahead - 2.4 * aside, spot - 1.45 * ahead + 2.4 * aside]), WHITE, 0.35)
                if rng.random() < 0.55:
                    paint_car(pen, spot, angle + np.pi / 2, rng)
    pen.lay(reserve=True)


def _ramps(cell: Cell, lower: np.ndarray, upper: np.ndarray, lower_half: float, upper_half: float) -> Iterator[np.ndarray]:
    """Lines (N, 2) of the ramps between two crossing roads."""
    to_lower, to_upper = _unit(lower[-1] - lower[0]), _unit(upper[-1] - upper[0])
    radius = 31.0
    for one, other in ((1, 1), (-1, -1)):
        middle = cell.centre + one * (radius + upper_half) * to_lower + other * (radius + lower_half) * to_upper
        yield middle + radius * _circle()
    for one, other in ((1, -1), (-1, 1)):
        start, end = cell.centre + 112 * one * to_lower, cell.centre + 112 * other * to_upper
        yield _curve(
            start + 9 * other * to_upper, cell.centre + 26 * (one * to_lower + other * to_upper), end + 6 * one * to_lower
        )


def _slips(cell: Cell, arms: list[np.ndarray], width: float) -> Iterator[np.ndarray]:
    """Lines (N, 2) of the turning lanes between neighbouring arms; islands stay free inside them."""
    order = sorted(arms, key=_heading)
    for one, other in zip(order, [*order[1:], order[0]], strict=True):
        turning = (_heading(other) - _heading(one)) % (2 * np.pi)
        if turning < 2.2:
            before, after = beside(one, width / 2 - 3), beside(other, 3 - width / 2)
            start, end = _beyond(before, width * 1.9)[0], _beyond(after, width * 1.9)[0]
            corner = (start + end) / 2 - 0.62 * ((start + end) / 2 - cell.centre)
            yield _curve(start, corner, end)


def _heading(arm: np.ndarray) -> float:
    return float(np.arctan2(*(arm[-1] - arm[0])[::-1]))


def _trees(surface: Surface, cell: Cell, look: Look, rng: np.random.Generator) -> None:
    clumps = cell.centre + rng.uniform(-125, 125, (9, 2))
    groups = [clump + rng.normal(0, 9, (int(rng.integers(1, 12)), 2)) for clump in clumps]
    if rng.random() < 0.6:
        # An avenue.
        groups += [
            along(beside(np.linspace(cell.centre, gate, 30), side * 24.0), 13, start=34)[0]
            for gate in cell.gates.values()
            for side in (-1, 1)
        ]
    points = np.concatenate(groups)
    _plant_few(surface, points[inside(points, cell.outline)], look, rng)


def _plant_few(surface: Surface, points: np.ndarray, look: Look, rng: np.random.Generator) -> None:
    sizes = rng.uniform(2.2, 4.6, len(points))
    plant(
        surface,
        points,
        radius=sizes,
        height_m=sizes * 1.7,
        colours=np.asarray(look.leaves)[rng.integers(len(look.leaves), size=len(points))],
    )


def _curve(start: np.ndarray, control: np.ndarray, end: np.ndarray) -> np.ndarray:
    """(41, 2) quadratic Bezier curve."""
    t = np.linspace(0, 1, 41)[:, None]
    return np.asarray((1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end)


def _circle() -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, 49)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _unit(vector: np.ndarray) -> np.ndarray:
    return np.asarray(vector / np.hypot(*vector))


def _beyond(line: np.ndarray, distance: float, *, centre: np.ndarray | None = None) -> np.ndarray:
    """The part of a line that lies farther than `distance` from its first point, or from `centre`."""
    start = line[0] if centre is None else centre
    return np.asarray(line[np.hypot(*(line - start).T) > distance])
