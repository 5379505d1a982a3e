"""Which of the bands that a model reads a person sees, and how bright."""

from collections.abc import Sequence
from dataclasses import dataclass

from terrakin.chips.scaling import ScalingRule, ValueRange, value_range
from terrakin.scenes.scene import Band, Scene

__all__ = ["Look", "look", "shown_bands"]

_COLOURS = ("red", "green", "blue")


@dataclass(frozen=True, slots=True)
class Look:
    """Bands to show, and what makes their values in [0, 1] shades."""

    bands: tuple[int, ...]
    """Positions of the bands to show as red, green and blue, or of the one to show in grey."""
    gain: tuple[float, ...] | None = None
    """Of each band shown: shade = value * gain + bias, cut to [0, 1]; None where values are shades as they are."""
    bias: tuple[float, ...] | None = None
    """See `gain`."""


def look(scene: Scene, bands: Sequence[Band], read: ValueRange, *, names: tuple[str, ...], stretched: bool) -> Look:
    """The look of a scene's chips.

    Args:
        scene: what is read.
        bands: of the scene, that the model reads, in its order.
        read: what becomes 0 and 1 of each.
        names: common names of the bands that the model reads, in its order.
        stretched: whether `read` is the range that a model wants, which may be much wider than what is in a scene: shades are
            then those of the rule `auto`.

    Raises:
        SceneError: as `value_range`.
    """
    shown = shown_bands(names)
    if not stretched:
        return Look(shown)
    # A model that wants a range of its own may name bands as its sensor does.
    shown = shown_bands(tuple(band.common_name or band.name for band in bands))
    seen = value_range(scene, [bands[place] for place in shown], ScalingRule())
    wide = [(read.low[place], read.high[place]) for place in shown]
    pairs = list(zip(wide, zip(seen.low, seen.high, strict=True), strict=True))
    return Look(
        shown,
        tuple((high - low) / (bright - dark) for (low, high), (dark, bright) in pairs),
        tuple((low - dark) / (bright - dark) for (low, _), (dark, bright) in pairs),
    )


def shown_bands(names: tuple[str, ...]) -> tuple[int, ...]:
    """Positions of the bands to show as red, green and blue, or of the one to show in grey.

    Args:
        names: common names of the bands that a model reads, in its order.

    >>> shown_bands(("nir", "red", "green", "blue"))
    (1, 2, 3)
    >>> shown_bands(("B08", "B11", "B04", "B03"))
    (0, 1, 2)
    >>> shown_bands(("vv", "vh"))
    (0,)
    """
    if set(_COLOURS) <= set(names):
        return tuple(names.index(colour) for colour in _COLOURS)
    return (0, 1, 2) if len(names) >= 3 else (0,)
