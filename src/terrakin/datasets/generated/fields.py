"""Fields: parcels of crops and bare soil with furrows, rows and wheel tracks."""

from collections.abc import Callable, Iterator

import numpy as np

from terrakin.datasets.generated.layout import Cell
from terrakin.datasets.generated.look import Look
from terrakin.datasets.generated.noise import smooth_noise
from terrakin.datasets.generated.shapes import cover, inside, rectangle, turn
from terrakin.datasets.generated.surface import Box, Colour, Pen, Surface, tint, toned
from terrakin.datasets.generated.trees import plant

__all__ = ["paint_fields"]

Painted = tuple[np.ndarray, np.ndarray]
"""Colour (H, W, 4) and relief (H, W) in metres."""

Texture = Callable[[np.ndarray, np.ndarray, Look, np.random.Generator], Painted]
"""From pixels across the rows and from noise, each (H, W)."""


def paint_fields(surface: Surface, cell: Cell, look: Look, rng: np.random.Generator) -> None:
    """Cover a cell with parcels of one style: patchwork, strips, large blocks, or circles of pivot irrigation."""
    box = surface.around(cell)
    whole = cover(cell.outline, box)
    noise = smooth_noise(whole.shape, 24, rng, octaves=3)
    verge = toned(look.grass, 0.86 + 0.07 * noise)
    surface.blend(box, whole, verge, 0.15 * smooth_noise(whole.shape, 3, rng))
    style = str(rng.choice(["patchwork", "strips", "blocks", "circles"], p=[0.42, 0.22, 0.2, 0.16]))
    if style == "circles":
        x, y = surface.grid(box)
        for centre, radius in _circles(cell, rng):
            dx, dy = x - centre[0], y - centre[1]
            distance = np.hypot(dx, dy)
            texture = _CROPS[_choose_crop(look, rng)]
            colour, relief = texture(distance, noise, look, rng)
            sector = np.clip(radius - distance, 0, 1) * whole
            surface.blend(box, sector, colour, relief)
        return
    angle = rng.uniform(0, np.pi)
    for centre, length, width in _parcels(cell, style, angle, rng):
        corners = rectangle(centre, length - 2.6, width - 2.6, angle)
        if (own := _overlap(box, corners)) is None:
            continue
        cut = slice(own[1] - box[1], own[3] - box[1]), slice(own[0] - box[0], own[2] - box[0])
        parcel = cover(corners, own) * whole[cut]
        x, y = surface.grid(own)
        direction = angle + (np.pi / 2 if rng.random() < 0.25 and style != "strips" else 0) + rng.normal(0, 0.02)
        v = (y - centre[1]) * np.cos(direction) - (x - centre[0]) * np.sin(direction)
        colour, relief = _CROPS[_choose_crop(look, rng)](v, noise[cut], look, rng)
        surface.blend(own, parcel, colour, relief)
        if style == "patchwork" and rng.random() < 0.35:
            _hedge(surface, cell, rectangle(centre, length, width, angle), look, rng)
    if style == "blocks":
        _bales(surface, cell, rng)


def _parcels(cell: Cell, style: str, angle: float, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, float, float]]:
    """Centre, length along `angle` and width of each parcel."""
    goal = {"patchwork": (110, 80), "strips": (400, 26), "blocks": (230, 170)}[style]

    def split(u0: float, v0: float, u1: float, v1: float) -> Iterator[tuple[np.ndarray, float, float]]:
        length, width = u1 - u0, v1 - v0
        if length / goal[0] > max(width / goal[1], 1):
            cut = u0 + length * rng.uniform(0.38, 0.62)
            yield from split(u0, v0, cut, v1)
            yield from split(cut, v0, u1, v1)
        elif width > goal[1]:
            cut = v0 + width * rng.uniform(0.38, 0.62)
            yield from split(u0, v0, u1, cut)
            yield from split(u0, cut, u1, v1)
        else:
            yield cell.centre + np.array([u0 + u1, v0 + v1]) / 2 @ turn(angle), length, width

    yield from split(-215, -215, 215, 215)


def _overlap(box: Box, points: np.ndarray) -> Box | None:
    """The part of a box around the points (N, 2), or none."""
    left, top = np.maximum(points.min(axis=0).astype(int) - 1, box[:2])
    right, bottom = np.minimum(points.max(axis=0).astype(int) + 2, box[2:])
    return (int(left), int(top), int(right), int(bottom)) if left < right and top < bottom else None


def _circles(cell: Cell, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, float]]:
    if rng.random() < 0.5:
        yield cell.centre + rng.uniform(-8, 8, 2), float(rng.uniform(108, 118))
        return
    for dx in (-62, 62):
        for dy in (-62, 62):
            yield cell.centre + np.array([dx, dy]), float(rng.uniform(54, 60))


def _hedge(surface: Surface, cell: Cell, corners: np.ndarray, look: Look, rng: np.random.Generator) -> None:
    start, end = corners[:2]
    count = int(np.hypot(*(end - start)) / 4)
    points = start + np.linspace(0, 1, max(count, 2))[:, None] * (end - start) + rng.normal(0, 0.8, (max(count, 2), 2))
    points = points[inside(points, cell.outline)]
    colours = np.asarray(look.leaves)[rng.integers(len(look.leaves), size=len(points))]
    plant(surface, points, radius=rng.uniform(1.5, 3.6, len(points)), height_m=rng.uniform(2, 6, len(points)), colours=colours)


def _bales(surface: Surface, cell: Cell, rng: np.random.Generator) -> None:
    pen = Pen(surface, surface.around(cell))
    points = cell.centre + rng.uniform(-120, 120, (int(rng.integers(0, 16)), 2))
    for point in points[inside(points, cell.outline)]:
        pen.disc(point, 1.3, (214, 192, 138, 180), height_m=1.6)
    pen.lay()


def _choose_crop(look: Look, rng: np.random.Generator) -> str:
    names = list(_CROPS)
    weights = np.array([_SEASON_CROPS[look.season][name] for name in names], float)
    return str(rng.choice(names, p=weights / weights.sum()))


def _stripes(across: np.ndarray, period: float, noise: np.ndarray) -> np.ndarray:
    """(H, W) from -1 to 1."""
    return np.sin(2 * np.pi * across / period + 0.35 * noise)


def _mix(share: np.ndarray, one: Colour, other: Colour) -> np.ndarray:
    low, high = np.asarray(other, np.float32), np.asarray(one, np.float32)
    return low + share.astype(np.float32)[..., None] * (high - low)


def _ploughed(v: np.ndarray, noise: np.ndarray, look: Look, rng: np.random.Generator) -> Painted:
    wave = _stripes(v, rng.uniform(4.5, 7.0), noise)
    fine = smooth_noise(v.shape, 2, rng)
    colour = toned(tint(look.soil, rng.uniform(0.8, 1.1)), 1 + 0.10 * wave + 0.06 * noise + 0.04 * fine)
    return colour, 0.45 * wave + 0.08 * fine


def _rows(v: np.ndarray, noise: np.ndarray, look: Look, rng: np.random.Generator) -> Painted:
    wave = _stripes(v, rng.uniform(4.2, 6.8), noise)
    crop: Colour = ((92, 120, 62, 200), (108, 130, 70, 205), (80, 106, 62, 190))[rng.integers(3)]
    share = np.clip(0.5 + 1.1 * wave + 0.35 * noise, 0, 1)
    colour = _mix(share, crop, tint(look.soil, 0.95)) * (1 + 0.04 * smooth_noise(v.shape, 2, rng))[..., None]
    return colour, 0.28 * share


def _cereal(v: np.ndarray, noise: np.ndarray, look: Look, rng: np.random.Generator) -> Painted:
    green: Colour = ((102, 130, 66, 205), (90, 116, 62, 200), (126, 146, 82, 200))[rng.integers(3)]
    ripe: Colour = ((198, 174, 112, 176), (184, 164, 104, 170), (210, 186, 122, 180))[rng.integers(3)]
    colour = ripe if look.season in ("summer", "dry") and rng.random() < 0.7 else green
    fine = smooth_noise(v.shape, 2, rng)
    drill = _stripes(v, 3.2, noise)
    body = toned(colour, 1 + 0.06 * noise + 0.03 * fine + 0.03 * drill)
    # Tramlines: two wheel tracks every width of the sprayer.
    place = np.mod(v, rng.uniform(20, 27))
    tracks = np.clip(1.1 - np.abs(place - 3.0), 0, 1) + np.clip(1.1 - np.abs(place - 6.2), 0, 1)
    share = np.clip(tracks, 0, 1) * 0.75
    return body + share[..., None] * (np.asarray(tint(look.soil, 0.85), np.float32) - body), 0.12 * fine - 0.4 * share


def _rapeseed(v: np.ndarray, noise: np.ndarray, look: Look, rng: np.random.Generator) -> Painted:
    colour, relief = _cereal(v, noise, look, rng)
    return 0.25 * colour + toned((160, 148, 44, 154), 1 + 0.05 * noise), relief


def _stubble(v: np.ndarray, noise: np.ndarray, look: Look, rng: np.random.Generator) -> Painted:
    wave = _stripes(v, rng.uniform(8, 12), noise)
    straw: Colour = ((196, 176, 128, 160), (182, 158, 114, 150))[rng.integers(2)]
    fine = smooth_noise(v.shape, 2, rng)
    return toned(straw, 1 + 0.11 * np.tanh(3 * wave) + 0.05 * noise + 0.04 * fine), 0.15 * wave + 0.1 * fine


def _meadow(v: np.ndarray, noise: np.ndarray, look: Look, rng: np.random.Generator) -> Painted:
    mown = 0.05 * np.tanh(4 * _stripes(v, rng.uniform(9, 16), noise)) * rng.integers(2)
    fine = smooth_noise(v.shape, 2.5, rng, octaves=2)
    return toned(tint(look.grass, rng.uniform(0.9, 1.12)), 1 + 0.09 * noise + 0.05 * fine + mown), 0.15 * fine


def _vineyard(v: np.ndarray, noise: np.ndarray, look: Look, rng: np.random.Generator) -> Painted:
    wave = _stripes(v, rng.uniform(5.5, 7.5), 0.3 * noise)
    gaps = smooth_noise(v.shape, 4, rng)
    share = np.clip(0.2 + 1.5 * wave + 0.4 * gaps, 0, 1)
    colour = _mix(share, look.leaves[rng.integers(len(look.leaves))], tint(look.soil, 1.12))
    return colour * (1 + 0.05 * noise)[..., None], 1.2 * share


_CROPS: dict[str, Texture] = {
    "ploughed": _ploughed,
    "rows": _rows,
    "cereal": _cereal,
    "rapeseed": _rapeseed,
    "stubble": _stubble,
    "meadow": _meadow,
    "vineyard": _vineyard,
}
_SEASON_CROPS = {
    "spring": dict(zip(_CROPS, (4, 3, 4, 3, 0, 1, 1), strict=True)),
    "summer": dict(zip(_CROPS, (2, 4, 5, 0, 2, 1, 2), strict=True)),
    "autumn": dict(zip(_CROPS, (6, 2, 2, 0, 3, 1, 1), strict=True)),
    "dry": dict(zip(_CROPS, (4, 3, 3, 0, 4, 1, 2), strict=True)),
}
"""How often a crop is seen in a season."""
