"""Bands of a scene, by name."""

from terrakin.errors import BandNotFoundError
from terrakin.scenes.scene import Band, Scene

__all__ = ["select"]

_COLOURS = ("red", "green", "blue")


def select(scene: Scene, wanted: tuple[str, ...]) -> tuple[Band, ...]:
    """The bands that were asked for, in that order.

    A word is a band's name, or else its common name, whatever its capitals. Where only red, green and blue are wanted, a scene
    of one band gives that band for each of them, and a scene whose bands have no common names gives its first three in order.

    Args:
        scene: whose bands.
        wanted: names such as `("red", "green", "blue")` or `("B08", "B04", "B03")`.

    Raises:
        BandNotFoundError: if there is no such band; it lists what there is.
    """
    words = [word.lower() for word in wanted]
    if set(words) <= set(_COLOURS):
        if len(scene.bands) == 1:
            return (scene.bands[0],) * len(words)
        if len(scene.bands) >= 3 and not any(band.common_name for band in scene.bands):
            return tuple(scene.bands[_COLOURS.index(word)] for word in words)
    by_word: dict[str, Band] = {}
    for band in scene.bands:
        by_word.setdefault(band.name.lower(), band)
    for band in scene.bands:
        if band.common_name:
            by_word.setdefault(band.common_name.lower(), band)
    missing = next((word for word, lower in zip(wanted, words, strict=True) if lower not in by_word), None)
    if missing is not None:
        available = tuple(f"{b.name} ({b.common_name})" if b.common_name not in {None, b.name} else b.name for b in scene.bands)
        raise BandNotFoundError(scene.key, missing, available)
    return tuple(by_word[word] for word in words)
