"""How values read for people: on one line, short, and harmless wherever the text came from."""

import datetime as dt
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from terrakin.archive.recall import Recall
from terrakin.search.ranking import Hit, Ranking
from terrakin.spaces.space import Space

__all__ = [
    "Verdict",
    "circumstances",
    "codes_words",
    "date",
    "distance",
    "headline",
    "labels",
    "printable",
    "recall_words",
    "short_id",
    "shorten",
    "space_words",
    "verdict",
]

Verdict = Literal["same", "other", "unknown"]
"""Whether a hit shares a label with its query; `unknown` where either has none."""

_WINDOW_SIZE = re.compile(r"(?<=#)(-?[0-9]+,-?[0-9]+),[0-9]+,[0-9]+$")

_NAMES = {"cosine": "cosine", "pearson": "Pearson", "l2": "L2", "hamming": "Hamming", "codeset": "code set"}


def printable(text: str) -> str:
    r"""`text` on one line, with whatever could steer a terminal or turn the writing direction shown as an escape.

    >>> printable("two\nlines \x1b[31mred")
    'two\\nlines \\x1b[31mred'
    """
    return "".join(c if c == " " or not _steers(c) else c.encode("unicode_escape").decode("ascii") for c in text)


def _steers(character: str) -> bool:
    # Cc: control; Cf: format, among them the marks that turn the direction; Zl, Zp: line ends; Cs: halves of a character.
    return unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp", "Cs")


def shorten(text: str, width: int) -> str:
    """`text` in at most `width` characters; the middle goes, because ids differ at both ends.

    >>> shorten("S2A_MSIL2A_20240501.tif#256,0,256,256", 24)
    'S2A_MSIL2A…256,0,256,256'
    """
    if len(text) <= width:
        return text
    tail = (width - 1) * 3 // 5
    head = width - 1 - tail
    return f"{text[:head]}…{text[len(text) - tail :]}"


def distance(value: float, space: Space) -> str:
    """A distance in `space`: four decimals, or a whole number of bits; infinite where nothing could be compared.

    >>> distance(0.12345, Space("cosine", 8)), distance(17.0, Space("hamming", 64))
    ('0.1235', '17')
    """
    if math.isinf(value):
        return "∞"
    return f"{value:.0f}" if space.is_binary and value == round(value) else f"{value:.4f}"


def date(moment: dt.datetime | None) -> str:
    """The UTC day of an aware `moment`, or nothing.

    >>> date(dt.datetime(2024, 5, 1, 23, tzinfo=dt.UTC))
    '2024-05-01'
    """
    return "" if moment is None else moment.astimezone(dt.UTC).strftime("%Y-%m-%d")


def labels(names: Sequence[str]) -> str:
    """Labels on one line; between names that hold commas stand semicolons.

    >>> labels(("field", "road"))
    'field, road'
    >>> labels(("Beaches, dunes, sands", "Pastures"))
    'Beaches, dunes, sands; Pastures'
    """
    between = "; " if any("," in name for name in names) else ", "
    return between.join(printable(name) for name in names)


def space_words(space: Space) -> str:
    """A space in words.

    >>> space_words(Space("cosine", 128)), space_words(Space("codeset", 32, codes=8))
    ('cosine, 128 dimensions', 'code set, 8 x 32 bits')
    """
    size = f"{space.codes} x {space.size} bits" if space.codes > 1 else f"{space.size} bits"
    return f"{_NAMES[space.kind]}, {size if space.is_binary else f'{space.size} dimensions'}"


def codes_words(codes: Mapping[str, Any]) -> str:
    """The codes of an archive in words, from what its `info` says of them.

    >>> codes_words({"hash": "itq", "bits": 32, "bytes_per_image": 4, "vector_bytes_per_image": 1024})
    'itq, 32 bits, 4 bytes an image beside 1,024 of its vector'
    """
    size, beside = codes["bytes_per_image"], codes["vector_bytes_per_image"]
    unit = "byte" if size == 1 else "bytes"
    return f"{printable(codes['hash'])}, {codes['bits']} bits, {size:,} {unit} an image beside {beside:,} of its vector"


def recall_words(recall: Recall) -> str:
    """A measured recall on a line.

    >>> recall_words(Recall(0.9831, 10, 100, 5000))
    'recall@10 0.983 of the ranking by vectors, measured with 100 chips of this archive as queries'
    """
    asked = f"{recall.queries:,} chips of this archive as queries"
    return f"recall@{recall.k} {recall.value:.3f} of the ranking by vectors, measured with {asked}"


def short_id(identity: str) -> str:
    """A chip's id without its folders and without its window's size, for where there is little room.

    >>> short_id("2024/S2A_T32TMT.tif#512,0,256,256"), short_id("harbor/harbor01.tif")
    ('S2A_T32TMT.tif#512,0', 'harbor01.tif')
    """
    name = identity.rstrip("/").rpartition("/")[2] or identity
    return printable(_WINDOW_SIZE.sub(r"\1", name))


def headline(ranking: Ranking) -> str:
    """What a ranking was made of: archive, then `circumstances`."""
    return f"{printable(ranking.archive)} · {circumstances(ranking)}"


def circumstances(ranking: Ranking) -> str:
    """The space, codes where they chose, the filter, and the recall where the search was not exact."""
    parts = [space_words(ranking.space)]
    if ranking.codes is not None and ranking.shortlist is not None:
        parts.append(f"shortlist of {ranking.shortlist} x {ranking.k} by {ranking.codes.size}-bit codes")
    if ranking.filter:
        parts.append(f"where {printable(ranking.filter)}")
    if ranking.recall is not None:
        parts.append(f"approximate, measured recall {ranking.recall.value:.3f}")
    return " · ".join(parts)


def verdict(query_labels: Sequence[str], hit: Hit) -> Verdict:
    """Whether `hit` shares a label with its query."""
    if not query_labels or not hit.labels:
        return "unknown"
    return "other" if set(query_labels).isdisjoint(hit.labels) else "same"
