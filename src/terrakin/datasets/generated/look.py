"""What all of a scene shares: season, sun and the colours of its land and water."""

from dataclasses import dataclass

import numpy as np

from terrakin.datasets.generated.light import Sun
from terrakin.datasets.generated.surface import Colour

__all__ = ["SEASONS", "Look", "choose_look"]

SEASONS = {"spring": 4, "summer": 7, "autumn": 10, "dry": 8}
"""Season to the month of its scenes."""


@dataclass(frozen=True, slots=True)
class Look:
    """Conditions of one acquisition."""

    season: str
    """One of `SEASONS`."""
    sun: Sun
    """Where the light comes from."""
    wind: float
    """Direction of the waves, radians."""
    grass: Colour
    """Meadows, lawns, verges."""
    soil: Colour
    """Bare fields."""
    sand: Colour
    """Beaches."""
    deep: Colour
    """Open water."""
    shallow: Colour
    """Water over its shore."""
    leaves: tuple[Colour, ...]
    """Crowns of broad-leaved trees."""


_GRASS: dict[str, Colour] = {
    "spring": (104, 134, 66, 190),
    "summer": (106, 124, 70, 170),
    "autumn": (122, 122, 74, 140),
    "dry": (160, 144, 98, 132),
}
_LEAVES: dict[str, tuple[Colour, ...]] = {
    "spring": ((94, 124, 58, 200), (80, 112, 54, 190), (108, 132, 66, 205)),
    "summer": ((80, 108, 58, 190), (92, 118, 64, 195), (72, 98, 60, 180)),
    "autumn": ((132, 104, 50, 150), (150, 112, 48, 150), (96, 100, 50, 150), (126, 78, 48, 140)),
    "dry": ((86, 100, 62, 140), (98, 106, 68, 140), (76, 92, 58, 135)),
}
_SOILS: tuple[Colour, ...] = ((150, 122, 92, 120), (124, 100, 78, 100), (168, 138, 108, 136), (146, 108, 82, 118))
_WATERS: tuple[tuple[Colour, Colour], ...] = (
    ((30, 62, 84, 14), (66, 118, 122, 26)),
    ((36, 72, 82, 16), (92, 124, 104, 34)),
    ((44, 70, 72, 18), (112, 118, 88, 40)),
    ((22, 54, 88, 12), (70, 138, 142, 26)),
)


def choose_look(season: str, rng: np.random.Generator) -> Look:
    """A look of `season`."""
    deep, shallow = _WATERS[rng.integers(len(_WATERS))]
    return Look(
        season=season,
        sun=Sun(azimuth=float(np.radians(rng.uniform(115, 245))), elevation=float(np.radians(rng.uniform(38, 52)))),
        wind=float(rng.uniform(0, np.pi)),
        grass=_GRASS[season],
        soil=_SOILS[rng.integers(len(_SOILS))],
        sand=(206, 190, 156, 190),
        deep=deep,
        shallow=shallow,
        leaves=_LEAVES[season],
    )
