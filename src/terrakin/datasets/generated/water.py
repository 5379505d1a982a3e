"""Water: depth, waves, glint, foam and a sandy shore."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from terrakin.datasets.generated.layout import Cell
from terrakin.datasets.generated.look import Look
from terrakin.datasets.generated.noise import smooth_noise
from terrakin.datasets.generated.surface import MARGIN, Box, Pen, Surface, tint, toned

__all__ = ["paint_boats", "paint_water"]


def paint_water(surface: Surface, outlines: list[np.ndarray], look: Look, rng: np.random.Generator) -> None:
    """Flood the polygons (P, 2) `outlines` at once, so that their common borders do not show; at least one."""
    box = _box(surface, np.concatenate(outlines))
    width, height = box[2] - box[0], box[3] - box[1]
    wet = Image.new("L", (width, height))
    drawer = ImageDraw.Draw(wet)
    for outline in outlines:
        drawer.polygon([(float(x), float(y)) for x, y in outline - box[:2]], fill=255)
    shore = smooth_noise((height, width), 26, rng, octaves=3)
    near = _blurred(wet, 9)
    far = _blurred(wet, 42)
    # A wandering threshold on the blurred mask makes a natural shore line out of the cells' borders.
    level = near + 0.055 * shore
    water = np.clip((level - 0.5) * 14 + 0.5, 0, 1)
    beach = np.clip((level - 0.16) * 9, 0, 1) * np.clip(1.4 + shore, 0.25, 1) * np.clip(near * 12, 0, 1)
    wet_sand = np.clip((level - 0.34) * 8, 0, 1)
    fine = smooth_noise((height, width), 2, rng)
    sand = toned(look.sand, 1 - 0.22 * wet_sand + 0.03 * fine + 0.03 * shore)
    surface.blend(box, beach, sand, 0.05 * fine)
    depth = np.clip((0.62 * near + 0.38 * far + 0.05 * shore - 0.60) * 3.4, 0, 1)
    swell, steepness = _waves(surface, box, look, rng)
    drift = smooth_noise((height, width), 150, rng, octaves=3)
    low, deep = np.asarray(look.shallow, np.float32), np.asarray(look.deep, np.float32)
    colour = low + depth[..., None] * (deep - low)
    colour *= (1 + 0.07 * drift + 0.10 * swell)[..., None]
    glint = np.clip(steepness + 0.8 * drift - 2.1, 0, 1) * 0.55
    foam = np.clip(1 - np.abs(level - 0.56 - 0.02 * fine) * 26, 0, 1) * np.clip(0.5 + shore, 0, 0.9)
    white = np.maximum(glint, foam)[..., None]
    colour += white * (np.array([226, 232, 232, 150], np.float32) - colour)
    surface.blend(box, water, colour, 0.16 * swell * depth)
    surface.reserved[surface.part(box)] |= level > 0.42


def paint_boats(surface: Surface, cell: Cell, look: Look, rng: np.random.Generator) -> None:
    """Now and then a boat with its wake, or a sail."""
    pen = Pen(surface, surface.around(cell))
    for _ in range(int(rng.choice([0, 0, 1, 2]))):
        at, angle = cell.centre + rng.uniform(-70, 70, 2), rng.uniform(0, 2 * np.pi)
        ahead = np.array([np.cos(angle), np.sin(angle)])
        aside = np.array([-ahead[1], ahead[0]])
        for side in (-1, 1):
            tail = at - ahead * 34 + side * aside * 7
            pen.polygon(np.stack([at, tail + 2 * ahead, tail - 2 * ahead]), tint(look.shallow, 1.1))
        stern = at - ahead * 4
        pen.polygon(np.stack([stern + aside, stern - aside, stern - ahead * 40]), (176, 194, 196, 90))
        hull = np.array([[5, 0], [2.5, 1.5], [-4, 1.4], [-4, -1.4], [2.5, -1.5]])
        pen.polygon(at + hull @ np.stack([ahead, aside]), (240, 240, 236, 210), height_m=1.5)
    pen.lay()


def _box(surface: Surface, points: np.ndarray) -> Box:
    """Around the points (N, 2) and their shore, within the surface, with sides that are multiples of four."""
    height, width = surface.relief.shape
    limits = np.array([width, height]) - MARGIN
    low = np.maximum(points.min(axis=0).astype(int) - 40, -MARGIN)
    high = low + (np.minimum(points.max(axis=0).astype(int) + 44, limits) - low) // 4 * 4
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])


def _blurred(mask: Image.Image, radius: float) -> np.ndarray:
    """(H, W) float32, 0 to 1; large radii at a quarter of the size, where they cost a sixteenth."""
    step = 4 if radius > 16 else 2
    small = mask.reduce(step).filter(ImageFilter.GaussianBlur(radius / step))
    return np.asarray(small.resize(mask.size, Image.Resampling.BICUBIC), np.float32) / 255


def _waves(surface: Surface, box: Box, look: Look, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Swell (H, W) about -1 to 1, and how steep (H, W) small waves are, about zero mean and unit variance."""
    x, y = surface.grid(box)
    shape = (box[3] - box[1], box[2] - box[0])
    warp = smooth_noise(shape, 40, rng, octaves=2)
    gusts = np.clip(0.6 + 0.5 * smooth_noise(shape, 90, rng), 0.1, 1.2)
    swell = np.zeros(shape, np.float32)
    for length, strength in ((13.0, 0.5), (8.3, 0.35), (5.1, 0.3)):
        angle = look.wind + rng.normal(0, 0.3)
        phase = (x * np.float32(np.cos(angle)) + y * np.float32(np.sin(angle))) * np.float32(2 * np.pi / length)
        swell += np.float32(strength) * np.sin(phase + warp * np.float32(22 / length))
    chop = smooth_noise(shape, 2.4, rng)
    return gusts * swell + 0.25 * chop, 0.8 * chop + 0.9 * swell * gusts
