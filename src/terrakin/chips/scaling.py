"""How stored values of any type become [0, 1]: the rule a person chooses, and the range it gives for a scene."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from terrakin.chips.gaps import find_gaps
from terrakin.chips.window import Window
from terrakin.errors import SceneError
from terrakin.scenes.scene import Band, Scene
from terrakin.scenes.sensors import SENSORS, display_range
from terrakin.scenes.sound import LARGEST

if TYPE_CHECKING:
    from terrakin.chips.bandfile import BandFile

__all__ = ["ScalingRule", "ValueRange", "parse_scaling", "value_range"]

Kind = Literal["auto", "sensor", "range", "percentile"]

_SAMPLE = 1_000_000
"""Pixels that percentiles are computed from, at most."""


@dataclass(frozen=True, slots=True)
class ScalingRule:
    """What becomes 0 and 1; plain values, so that an archive can keep it as JSON.

    Numbers are physical values: stored value * scale + offset of the band, which is the stored value itself in a file that
    names neither.
    """

    kind: Kind = "auto"
    """`auto`: 0..255 for 8 bit imagery, else the sensor's table, else percentiles. `sensor`: the table. `range`: from `low` to
    `high` in every band. `percentile`: between two percentiles of the scene, by band."""
    low: float | None = None
    """Becomes 0; of `range` only."""
    high: float | None = None
    """Becomes 1; of `range` only."""
    percentiles: tuple[float, float] = (2.0, 98.0)
    """Percentiles of a scene's measured values that become 0 and 1."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"a scaling rule is one of {', '.join(get_args(Kind))}, got {self.kind!r}")
        if self.kind == "range":
            if self.low is None or self.high is None or not -math.inf < self.low < self.high < math.inf:
                raise ValueError(f"a range runs from a lower to a higher number, got {self.low}:{self.high}")
        elif (self.low, self.high) != (None, None):
            raise ValueError(f"low and high belong to the rule 'range', got them with {self.kind!r}")
        if not 0 <= self.percentiles[0] < self.percentiles[1] <= 100:
            raise ValueError(
                f"percentiles lie in 0..100, the lower one first, got {self.percentiles[0]}, {self.percentiles[1]}"
            )

    def __str__(self) -> str:
        """As `parse_scaling` reads it."""
        if self.kind == "range":
            return f"{self.low:g}:{self.high:g}"
        return "p{:g}:p{:g}".format(*self.percentiles) if self.kind == "percentile" else self.kind


@dataclass(frozen=True, slots=True)
class ValueRange:
    """The physical values of a scene that become 0 and 1, one pair for each band that is read."""

    low: tuple[float, ...]
    """Become 0."""
    high: tuple[float, ...]
    """Become 1; each above its `low`."""

    def __post_init__(self) -> None:
        pairs = list(zip(self.low, self.high, strict=True))
        if not all(_apart(low, high) for low, high in pairs):
            raise ValueError(f"a value range runs from lower to higher numbers, got {pairs}")


def parse_scaling(text: str) -> ScalingRule:
    """Read a rule as it is written on a command line.

    Raises:
        ValueError: if it is none.

    >>> parse_scaling("0:3000")
    ScalingRule(kind='range', low=0.0, high=3000.0, percentiles=(2.0, 98.0))
    >>> str(parse_scaling("p1:p99"))
    'p1:p99'
    """
    word = text.strip().lower()
    if word == "auto":
        return ScalingRule()
    if word == "sensor":
        return ScalingRule("sensor")
    first, _, second = word.partition(":")
    percentile = first.startswith("p") and second.startswith("p")
    try:
        low, high = (float(part.removeprefix("p") if percentile else part) for part in (first, second))
    except ValueError as exc:
        raise ValueError(f"{text!r} is no scaling rule; wanted auto, sensor, LOW:HIGH such as 0:3000, or p2:p98") from exc
    return ScalingRule("percentile", percentiles=(low, high)) if percentile else ScalingRule("range", low, high)


def value_range(scene: Scene, bands: Sequence[Band], rule: ScalingRule) -> ValueRange:
    """The range of a scene by a rule.

    Percentiles are of a reduced picture of the whole scene (from overviews where there are any), so they cost one read and are
    the same every time. A band without any contrast comes out as mid-grey, one without any measurement as 0..1.

    Args:
        scene: what is read.
        bands: of the scene, that the model reads.
        rule: chosen by a person.

    Raises:
        SceneError: if the rule is `sensor` and no table tells, if the scene cannot be read, if a band's scale is 0, or if the
            range is too narrow or too wide for the band's numbers.
    """
    unscaled = next((band.name for band in bands if band.scale == 0 or not math.isfinite(band.scale + band.offset)), None)
    if unscaled is not None:
        raise SceneError(f"band {unscaled} of {scene.uri} has a scale or an offset that makes all values one; mend its header")
    pairs = _pairs(scene, bands, rule)
    for band, (low, high) in zip(bands, pairs, strict=True):
        if not _maps(band, low, high):
            raise SceneError(
                f"band {band.name} of {scene.uri} has the scale {band.scale:g} and the offset {band.offset:g}; its values "
                f"cannot be told apart between {low:g} and {high:g}. Mend its header, or choose another --scaling"
            )
    return ValueRange(tuple(low for low, _ in pairs), tuple(high for _, high in pairs))


def _pairs(scene: Scene, bands: Sequence[Band], rule: ScalingRule) -> list[tuple[float, float]]:
    """Low and high of each band by a rule."""
    if rule.kind == "range" and rule.low is not None and rule.high is not None:
        return [(rule.low, rule.high)] * len(bands)
    if rule.kind == "percentile":
        return _percentiles(scene, bands, rule.percentiles)
    if rule.kind == "auto" and scene.dtype == "uint8":
        return [_physical(band, (0, 255)) for band in bands]
    tabled = [display_range(scene.sensor, band.name) for band in bands]
    pairs = [_physical(band, pair) for band, pair in zip(bands, tabled, strict=True) if pair is not None]
    if len(pairs) == len(bands):
        return pairs
    if rule.kind == "sensor":
        raise SceneError(_no_table(scene, [band.name for band, pair in zip(bands, tabled, strict=True) if pair is None]))
    return _percentiles(scene, bands, rule.percentiles)


def _apart(low: float, high: float) -> bool:
    """Whether there is a range from low to high that floating point numbers can be mapped by."""
    return low < high and math.isfinite(high - low) and math.isfinite(1 / (high - low))


def _maps(band: Band, low: float, high: float) -> bool:
    """Whether stored value * gain + bias maps low..high to 0..1 without an overflow in float32."""
    if not _apart(low, high):
        return False
    return abs(band.scale) <= LARGEST * (high - low) and abs(band.offset - low) <= LARGEST * (high - low)


def _physical(band: Band, stored: tuple[float, float]) -> tuple[float, float]:
    low, high = sorted(value * band.scale + band.offset for value in stored)
    return low, high


def _no_table(scene: Scene, without: list[str]) -> str:
    if scene.sensor in SENSORS:
        found = f"that of {scene.sensor} has no range for {', '.join(without)}"
    else:
        found = f"its sensor is not known; known are {', '.join(SENSORS)}"
    return f"no sensor table tells how to scale {scene.uri}: {found}. Choose --scaling auto, LOW:HIGH or p2:p98"


def _percentiles(scene: Scene, bands: Sequence[Band], percentiles: tuple[float, float]) -> list[tuple[float, float]]:
    from terrakin.chips.bandfile import open_band_files  # rasterio is slow to import, and every command reads a `ScalingRule`

    pairs = [(0.0, 1.0)] * len(bands)
    files = open_band_files(scene, bands)
    try:
        for file, positions in files:
            values, gaps = _sample(file, scene.nodata)
            for number, position in enumerate(positions):
                there = values[number] if gaps is None else values[number][~gaps[number]]
                if there.size:
                    # Clipped to where differences of values do not overflow; no measurement is that large.
                    stored = np.clip(there.astype(np.float64), -1e150, 1e150)
                    pairs[position] = _contrast(stored * bands[position].scale + bands[position].offset, percentiles)
    finally:
        for file, _ in files:
            file.close()
    return pairs


def _sample(file: "BandFile", nodata: float | None) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """A reduced picture (C, H, W) of a file, and its gaps."""
    reduction = math.ceil(math.sqrt(file.width * file.height / _SAMPLE))
    values, mask = file.read(Window(0, 0, file.width, file.height), reduction=reduction)
    if not file.reduces:
        values, mask = values[:, ::reduction, ::reduction], None if mask is None else mask[::reduction, ::reduction]
    return values, find_gaps(values, mask, nodata, shades=np.zeros(len(values), np.bool_))


def _contrast(values: NDArray[np.float64], percentiles: tuple[float, float]) -> tuple[float, float]:
    """Two percentiles; the extremes where these are equal; an interval around the value where those are, too."""
    for ends in (percentiles, (0, 100)):
        low, high = (float(value) for value in np.percentile(values, ends))
        if _apart(low, high):
            return low, high
    half = max(0.5, abs(low) / 2)
    return low - half, low + half
