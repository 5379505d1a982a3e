"""Houses: streets of detached houses, terraces or blocks of flats, with gardens, pools and parked cars."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from terrakin.datasets.generated.layout import Cell
from terrakin.datasets.generated.look import Look
from terrakin.datasets.generated.noise import smooth_noise
from terrakin.datasets.generated.shapes import cover, inside, rectangle, turn
from terrakin.datasets.generated.surface import Colour, Pen, Surface, tint, toned
from terrakin.datasets.generated.traffic import paint_car
from terrakin.datasets.generated.trees import plant

__all__ = ["paint_houses"]

_ROOFS: tuple[Colour, ...] = (
    (172, 96, 72, 128),
    (186, 112, 84, 138),
    (150, 84, 66, 118),
    (128, 118, 110, 116),
    (106, 104, 106, 98),
    (152, 140, 124, 136),
    (112, 84, 70, 100),
)
_FLAT_ROOFS: tuple[Colour, ...] = ((188, 184, 176, 170), (156, 154, 152, 140), (206, 200, 190, 186), (132, 130, 130, 116))
_STREET: Colour = (124, 121, 118, 108)
_PAVING: Colour = (176, 168, 156, 160)
_POOL: Colour = (92, 190, 206, 40)
_HEDGE: Colour = (62, 86, 46, 165)


@dataclass(frozen=True, slots=True)
class _Style:
    """Measures of one kind of settlement, in metres."""

    block: float
    """Between parallel streets."""
    plot: tuple[float, float]
    """Least and greatest width of a plot."""
    house: tuple[float, float]
    """Mean length along the street, and depth."""
    setback: float
    """From the middle of the street to the front of the houses."""
    walls: float
    """Height of the walls."""
    trees: float
    """Trees for each 20 m of a plot's width."""
    crowns: float
    """Largest radius of a crown."""


_STYLES = {
    "suburb": _Style(block=62, plot=(17, 23), house=(12.5, 10), setback=9, walls=5.5, trees=2.5, crowns=3.9),
    "terraces": _Style(block=52, plot=(34, 52), house=(0, 9.5), setback=8, walls=7, trees=4, crowns=3.4),
    "flats": _Style(block=86, plot=(30, 46), house=(24, 13), setback=14, walls=15, trees=8, crowns=4.8),
}


def paint_houses(surface: Surface, cell: Cell, look: Look, rng: np.random.Generator) -> None:
    """Build one kind of settlement in a cell."""
    name = str(rng.choice(list(_STYLES), p=[0.6, 0.22, 0.18]))
    style = _STYLES[name]
    box = surface.around(cell)
    whole = cover(cell.outline, box)
    ground = smooth_noise(whole.shape, 9, rng, octaves=3)
    surface.blend(box, whole, toned(look.grass, 0.95 + 0.06 * ground), 0.12 * ground)
    axes = turn(float(rng.uniform(0, np.pi)))
    angle = float(np.arctan2(axes[0, 1], axes[0, 0]))
    plots = list(_plots(cell, style, axes, rng))
    gardens = Pen(surface, box)
    for plot in plots:
        _garden(gardens, plot, style, angle, name, look, rng)
    gardens.lay(within=whole)
    _streets(surface, cell, style, axes, whole, rng)
    houses = Pen(surface, box)
    palette = _FLAT_ROOFS if name == "flats" else tuple(_ROOFS[i] for i in rng.permutation(len(_ROOFS))[:3])
    for plot in plots:
        _house(houses, plot, style, angle, palette, look, rng, flat=name == "flats")
    houses.lay(reserve=True)
    _trees(surface, cell, plots, axes, style, look, rng)


@dataclass(frozen=True, slots=True)
class _Plot:
    """One lot beside a street."""

    front: np.ndarray
    """(2,) middle of the side to the street."""
    back: np.ndarray
    """(2,) unit vector away from the street."""
    width: float
    """Along the street."""
    depth: float
    """Away from the street."""


def _plots(cell: Cell, style: _Style, axes: np.ndarray, rng: np.random.Generator) -> Iterator[_Plot]:
    along, across = axes
    for street in _street_offsets(style):
        for side in (-1.0, 1.0):
            at = -170.0
            while at < 170:
                width = float(rng.uniform(*style.plot))
                front = cell.centre + (at + width / 2) * along + (street + side * 4.5) * across
                middle = front + side * across * style.block / 5
                near_crossing = min(abs(at + width / 2 - crossing) for crossing in _CROSSINGS) < width / 2 + 5
                if not near_crossing and inside(middle[None], cell.outline)[0]:
                    yield _Plot(front=front, back=side * across, width=width, depth=style.block / 2 - 4.5)
                at += width


_CROSSINGS = (-128.0, 0.0, 128.0)


def _street_offsets(style: _Style) -> np.ndarray:
    return np.arange(-3, 4) * style.block + style.block * 0.35


def _streets(
    surface: Surface, cell: Cell, style: _Style, axes: np.ndarray, whole: np.ndarray, rng: np.random.Generator
) -> None:
    along, across = axes
    pen = Pen(surface, surface.around(cell))
    lines = [(cell.centre + offset * across, along) for offset in _street_offsets(style)]
    lines += [(cell.centre + offset * along, across) for offset in _CROSSINGS]
    for width, colour in ((9.4, _PAVING), (6.4, tint(_STREET, float(rng.uniform(0.85, 1.1))))):
        for middle, direction in lines:
            pen.line(np.stack([middle - 190 * direction, middle + 190 * direction]), colour, width)
    for middle, direction in lines[: -len(_CROSSINGS)]:
        aside = np.array([-direction[1], direction[0]])
        for at in np.arange(-170, 170, 7.5):
            if rng.random() < 0.22:
                point = middle + at * direction + 2.2 * aside * rng.choice([-1, 1])
                paint_car(pen, point, float(np.arctan2(direction[1], direction[0])), rng)
    pen.lay(within=whole, reserve=True)


def _garden(pen: Pen, plot: _Plot, style: _Style, angle: float, name: str, look: Look, rng: np.random.Generator) -> None:
    middle = plot.front + plot.back * plot.depth / 2
    pen.polygon(rectangle(middle, plot.width, plot.depth, angle), _HEDGE if name == "suburb" else tint(look.grass, 0.8))
    lawn = tint(look.grass, float(rng.uniform(0.82, 1.2)))
    pen.polygon(rectangle(middle, plot.width - 1.6, plot.depth - 1.4, angle), lawn)
    aside = np.array([plot.back[1], -plot.back[0]])
    if name == "flats":
        parking = plot.front + plot.back * 5
        pen.polygon(rectangle(parking, plot.width * 0.8, 9, angle), tint(_STREET, 1.05))
        for offset in np.arange(-plot.width * 0.36, plot.width * 0.36, 2.8):
            if rng.random() < 0.6:
                paint_car(pen, parking + offset * aside, angle + np.pi / 2, rng)
        return
    drive = plot.front + plot.back * style.setback / 2 + aside * plot.width * 0.32
    pen.polygon(rectangle(drive, 3.4, style.setback + 4, angle), tint(_PAVING, float(rng.uniform(0.85, 1.1))))
    if rng.random() < 0.45:
        paint_car(pen, drive, angle + np.pi / 2, rng)
    behind = plot.front + plot.back * (plot.depth - 5.5)
    if name == "suburb" and rng.random() < 0.16:
        spot = behind + aside * rng.uniform(-3, 3)
        pen.polygon(rectangle(spot, 9.5, 6, angle), tint(_PAVING, 1.15))
        pen.polygon(rectangle(spot, 7.5, 4, angle), _POOL)
    elif rng.random() < 0.35:
        shed = behind + aside * plot.width * rng.choice([-0.3, 0.3])
        pen.polygon(rectangle(shed, 3.4, 2.8, angle), _ROOFS[rng.integers(len(_ROOFS))], height_m=2.4)


def _house(
    pen: Pen,
    plot: _Plot,
    style: _Style,
    angle: float,
    palette: tuple[Colour, ...],
    look: Look,
    rng: np.random.Generator,
    *,
    flat: bool,
) -> None:
    length = style.house[0] * rng.uniform(0.85, 1.2) if style.house[0] else plot.width - 1.2
    depth = style.house[1] * rng.uniform(0.9, 1.15)
    middle = plot.front + plot.back * (style.setback - 4.5 + depth / 2 + rng.uniform(0, 1.5))
    colour = tint(palette[rng.integers(len(palette))], float(rng.uniform(0.88, 1.12)))
    if flat:
        _flat_roof(pen, middle, length, depth, angle, colour, style.walls * float(rng.uniform(0.7, 1.3)), rng)
        return
    turned = bool(rng.random() < 0.25) and style.house[0] > 0
    _gable(pen, middle, length, depth, angle + (np.pi / 2 if turned else 0), colour, style.walls, look)
    if style.house[0] and rng.random() < 0.45:
        aside = np.array([plot.back[1], -plot.back[0]])
        wing = middle + plot.back * depth * 0.45 + aside * length * rng.choice([-0.25, 0.25])
        _gable(pen, wing, depth, length * 0.45, angle + np.pi / 2, colour, style.walls - 1, look)


def _gable(
    pen: Pen, middle: np.ndarray, length: float, depth: float, angle: float, colour: Colour, height_m: float, look: Look
) -> None:
    """Two roof halves, each as bright as the sun sees it, and a ridge."""
    across = np.array([-np.sin(angle), np.cos(angle)])
    for side in (-1, 1):
        half = middle + side * across * depth / 4
        facing = side * float(across @ look.sun.towards)
        pen.polygon(rectangle(half, length, depth / 2 + 0.2, angle), tint(colour, 1 + 0.36 * facing), height_m=height_m)
    ridge = np.array([np.cos(angle), np.sin(angle)]) * length / 2
    pen.line(np.stack([middle - ridge, middle + ridge]), tint(colour, 1.22), 0.5, height_m=height_m + 1.5)


def _flat_roof(
    pen: Pen,
    middle: np.ndarray,
    length: float,
    depth: float,
    angle: float,
    colour: Colour,
    height_m: float,
    rng: np.random.Generator,
) -> None:
    pen.polygon(rectangle(middle, length, depth, angle), tint(colour, 1.18), height_m=height_m)
    pen.polygon(rectangle(middle, length - 1.4, depth - 1.4, angle), colour, height_m=height_m - 0.5)
    ahead = np.array([np.cos(angle), np.sin(angle)])
    for _ in range(int(rng.integers(2, 5))):
        box = middle + ahead * rng.uniform(-0.38, 0.38) * length
        pen.polygon(rectangle(box, 2.6, 2.2, angle), tint(colour, float(rng.uniform(0.6, 1.25))), height_m=height_m + 1.5)


def _trees(
    surface: Surface,
    cell: Cell,
    plots: list[_Plot],
    axes: np.ndarray,
    style: _Style,
    look: Look,
    rng: np.random.Generator,
) -> None:
    spots = [
        plot.front + plot.back * rng.uniform(0.1, 0.95) * plot.depth + axes[0] * rng.uniform(-0.5, 0.5) * plot.width
        for plot in plots
        for _ in range(int(rng.poisson(style.trees * plot.width / 20)))
    ]
    if not spots:
        return
    points = np.stack(spots)
    points = points[inside(points, cell.outline)]
    sizes = rng.uniform(1.4, style.crowns, len(points))
    plant(
        surface,
        points,
        radius=sizes,
        height_m=sizes * 1.8,
        colours=np.asarray(look.leaves)[rng.integers(len(look.leaves), size=len(points))],
    )
