"""Pictures with captions in rows, as HTML that stands alone: no script, nothing fetched, every text escaped."""

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from terrakin.views.wording import printable

__all__ = ["STYLE", "Card", "cards_html"]

STYLE = """
.terrakin { color: inherit; font: 13px/1.45 system-ui, sans-serif; }
.terrakin .tk-row { display: flex; flex-wrap: wrap; gap: 14px; margin: 10px 0 18px; padding: 0; }
.terrakin figure { width: 148px; margin: 0; }
.terrakin .tk-picture { display: block; box-sizing: border-box; width: 148px; height: 148px; object-fit: contain;
  border: 3px solid #8c96a3; border-radius: 3px; background: rgba(128, 128, 128, .14); color: #8c96a3;
  line-height: 142px; text-align: center; }
.terrakin .tk-query .tk-picture { border-color: currentColor; color: inherit; }
.terrakin .tk-query { margin-right: 18px; }
.terrakin .tk-same .tk-picture { border-color: #1f9d55; }
.terrakin .tk-other .tk-picture { border-color: #d64545; }
.terrakin figcaption { margin-top: 5px; }
.terrakin figcaption span { display: block; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; }
.terrakin figcaption .tk-quiet { opacity: .68; }
.terrakin figcaption .tk-first { font-weight: 600; }
"""
"""Rules for everything inside an element of class `terrakin`; colours follow the page around it, light or dark."""


@dataclass(frozen=True, slots=True)
class Card:
    """A picture with its caption."""

    thumbnail: bytes | None
    """JPEG; None where there is none."""
    role: Literal["query", "same", "other", "unknown"]
    """What the frame tells: the query itself, or whether the hit is right."""
    name: str
    """The chip's id or the query in words: shown in full when pointed at, and read out."""
    lines: Sequence[str]
    """Lines of the caption, the first in bold."""


def cards_html(cards: Iterable[Card]) -> str:
    """One row of cards that wraps.

    >>> cards_html([Card(None, "same", "a.tif", ["1 <b>"])]).count("&lt;b&gt;")
    1
    """
    return '<div class="tk-row">' + "".join(map(_figure, cards)) + "</div>"


_MARKS = {"same": "✓ ", "other": "✗ "}
"""For eyes that do not tell green from red."""


def _figure(card: Card) -> str:
    name = escape(printable(card.name))
    if card.thumbnail is None:
        picture = '<span class="tk-picture">no thumbnail</span>'
    else:
        data = base64.b64encode(card.thumbnail).decode("ascii")
        picture = f'<img class="tk-picture" alt="{name}" src="data:image/jpeg;base64,{data}">'
    first, *others = card.lines
    caption = f'<span class="tk-first">{_MARKS.get(card.role, "")}{escape(printable(first))}</span>'
    caption += "".join(f'<span class="tk-quiet">{escape(printable(line))}</span>' for line in others if line)
    return f'<figure class="tk-{card.role}" title="{name}">{picture}<figcaption>{caption}</figcaption></figure>'
