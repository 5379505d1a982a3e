"""Type for pictures: a face that covers most alphabets, and text that fits a width."""

import importlib.util
from functools import cache
from pathlib import Path
from typing import Literal

from PIL import ImageFont

from terrakin.views.wording import shorten

__all__ = ["Font", "face", "fit", "wrapped"]

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
"""What Pillow draws with."""


@cache
def face(size: int, weight: Literal["regular", "bold"] = "regular") -> Font:
    """DejaVu Sans, which comes with matplotlib; Pillow's own face, which lacks accents, where it was taken out.

    Args:
        size: height of the em in pixels.
        weight: of the strokes.
    """
    # Finding a package does not import it: matplotlib costs a third of a second.
    found = importlib.util.find_spec("matplotlib")
    name = {"regular": "DejaVuSans.ttf", "bold": "DejaVuSans-Bold.ttf"}[weight]
    for place in (found.submodule_search_locations or []) if found else []:
        path = Path(place, "mpl-data", "fonts", "ttf", name)
        if path.is_file():
            return ImageFont.truetype(path, size)
    return ImageFont.load_default(size)


def fit(text: str, font: Font, width: int) -> str:
    """The longest form of `text`, its middle left out where it must be, that is at most `width` pixels wide.

    >>> fit("short", face(12), 100)
    'short'
    """
    if font.getlength(text) <= width:
        return text
    least, most = 1, len(text) - 1
    while least < most:
        middle = (least + most + 1) // 2
        if font.getlength(shorten(text, middle)) <= width:
            least = middle
        else:
            most = middle - 1
    return shorten(text, least)


def wrapped(text: str, font: Font, width: int) -> list[str]:
    """`text` in lines of at most `width` pixels, broken between words; a longer word is cut as by `fit`.

    >>> wrapped("a line of words", face(12), 10_000)
    ['a line of words']
    """
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(fit(word, font, width))
    return lines
