"""What lies on asphalt: lane markings, crossings and traffic."""

import numpy as np

from terrakin.datasets.generated.shapes import along, beside, dashes, rectangle
from terrakin.datasets.generated.surface import Colour, Pen, tint

__all__ = ["WHITE", "paint_car", "paint_markings", "paint_motorway", "paint_traffic", "paint_zebra"]

WHITE: Colour = (226, 226, 222, 200)
"""Road paint."""
_YELLOW: Colour = (214, 180, 70, 190)
_MEDIAN: Colour = (132, 130, 96, 140)
_CARS: tuple[Colour, ...] = (
    (235, 235, 235, 200),
    (40, 42, 48, 40),
    (130, 134, 140, 120),
    (168, 40, 38, 120),
    (44, 70, 128, 90),
    (196, 198, 200, 180),
)


def paint_car(pen: Pen, centre: np.ndarray, angle: float, rng: np.random.Generator, *, lorries: float = 0.0) -> None:
    """One car, or with the chance `lorries` a lorry."""
    long = rng.random() < lorries
    length, width = (rng.uniform(9, 13), 2.6) if long else (rng.uniform(4.2, 5.0), 2.1)
    colour = _CARS[rng.integers(len(_CARS))]
    pen.polygon(rectangle(centre, length, width, angle), colour, height_m=3.2 if long else 1.5)
    if not long:
        ahead = np.array([np.cos(angle), np.sin(angle)])
        pen.polygon(rectangle(centre - 0.3 * ahead, 1.8, 1.7, angle), tint(colour, 0.55), height_m=1.5)


def paint_markings(pen: Pen, line: np.ndarray, width: float, *, height_m: float = 0.0) -> None:
    """Lines along both edges, and between lanes: two from 16 pixels of width on, one below."""
    if len(line) < 2:
        return
    for edge in (-1, 1):
        pen.line(beside(line, edge * (width / 2 - 1)), WHITE, 0.6, height_m=height_m)
    if width > 16:
        for side in (-0.5, 0.5):
            pen.line(beside(line, side), _YELLOW, 0.45, height_m=height_m)
    for lane in (-width / 4, width / 4) if width > 16 else (0,):
        for dash in dashes(beside(line, lane), on=3.5, off=5):
            pen.line(dash, WHITE, 0.5, height_m=height_m)


def paint_zebra(pen: Pen, line: np.ndarray, width: float) -> None:
    """A crossing at the start of a line, and the stop line of the lane that comes towards it."""
    if len(line) < 2:
        return
    start, ahead = line[0], (line[1] - line[0]) / np.hypot(*(line[1] - line[0]))
    aside = np.array([-ahead[1], ahead[0]])
    for offset in np.arange(-width / 2 + 1.4, width / 2 - 0.6, 1.7):
        base = start + offset * aside
        pen.line(np.stack([base + ahead, base + 4.6 * ahead]), WHITE, 0.9)
    pen.line(np.stack([start + 6.4 * ahead - aside * (width / 2 - 1), start + 6.4 * ahead]), WHITE, 0.8)


def paint_traffic(pen: Pen, line: np.ndarray, width: float, rng: np.random.Generator) -> None:
    """Cars in every lane of a road."""
    if len(line) < 3:
        return
    for lane in (-3 * width / 8, -width / 8, width / 8, 3 * width / 8) if width > 16 else (-width / 4, width / 4):
        points, angles = along(beside(line, lane), 22, start=float(rng.uniform(0, 22)))
        for point, angle in zip(points, angles, strict=True):
            if rng.random() < 0.4:
                paint_car(pen, point, float(angle), rng, lorries=0.08)


def paint_motorway(pen: Pen, line: np.ndarray, width: float, rng: np.random.Generator) -> None:
    """A barrier, markings and traffic of a road of two times three lanes."""
    pen.line(line, _MEDIAN, 3.2)
    pen.line(line, tint(WHITE, 0.85), 0.7, height_m=0.8)
    carriageway = (width - 3.2) / 2
    for side in (-1, 1):
        for edge in (2.3, width / 2 - 1.6):
            pen.line(beside(line, side * edge), WHITE, 0.6)
        for lane in (1 / 3, 2 / 3):
            for dash in dashes(beside(line, side * (2.4 + lane * (carriageway - 2.6))), on=4, off=7):
                pen.line(dash, WHITE, 0.5)
        for lane in (1 / 6, 1 / 2, 5 / 6):
            track = beside(line, side * (2.4 + lane * (carriageway - 2.6)))
            points, angles = along(track, 30, start=float(rng.uniform(0, 30)))
            for point, angle in zip(points, angles, strict=True):
                if rng.random() < 0.55:
                    paint_car(pen, point, float(angle), rng, lorries=0.3 if lane > 0.8 else 0.03)
