"""Names of measures: how they are written, and how they are printed for people.

A name is `family[@cutoff][:option]...`: `map`, `p@10`, `map@10:found`, `ndcg@5:shared:exp`, `anmrr:2ng`.
"""

import re
from dataclasses import dataclass

from terrakin.errors import UnknownNameError

__all__ = ["MeasureName", "parse_name", "title"]

_GRAMMAR = re.compile(r"(?P<family>[a-z][a-z0-9-]*)(@(?P<cutoff>[0-9]{1,9}))?(?P<options>(:[a-z0-9-]+)*)")

_TITLES = {
    "acg": "ACG",
    "anmrr": "ANMRR",
    "ap11": "AP (11 points)",
    "hitrate": "HitRate",
    "label-accuracy": "Label accuracy",
    "label-f1": "Label F1",
    "label-hamming": "Label Hamming loss",
    "label-precision": "Label precision",
    "label-recall": "Label recall",
    "map": "mAP",
    "mrr": "MRR",
    "ndcg": "nDCG",
    "np": "nP",
    "p": "P",
    "r-precision": "R-precision",
    "recall": "Recall",
    "wap": "WAP",
}


@dataclass(frozen=True, slots=True)
class MeasureName:
    """A name taken apart; that the family exists and takes these parameters is not yet checked."""

    family: str
    """Name in the registry of measures."""
    cutoff: int | None
    """How many positions of the ranking count, at least 1; None where the name gives no number."""
    options: tuple[str, ...]
    """Words after the colons, in order."""


def parse_name(name: str) -> MeasureName:
    """Take a name apart.

    Raises:
        UnknownNameError: if `name` does not follow the grammar.

    >>> parse_name("map@10:found")
    MeasureName(family='map', cutoff=10, options=('found',))
    """
    match = _GRAMMAR.fullmatch(name)
    if match is None or match["cutoff"] == "0" * len(match["cutoff"] or ""):
        raise UnknownNameError(
            f"{name!r} is not a name of a measure; one is written family@cutoff:option, such as map, p@10 or map@10:found"
        )
    options = tuple(match["options"].split(":")[1:])
    return MeasureName(match["family"], int(match["cutoff"]) if match["cutoff"] else None, options)


def title(name: str) -> str:
    """The name as tables for people print it.

    >>> [title(name) for name in ("map", "p@10", "map@10:found", "anmrr")]
    ['mAP', 'P@10', 'mAP@10(found)', 'ANMRR']
    """
    parsed = parse_name(name)
    words = _TITLES.get(parsed.family, parsed.family)
    if parsed.cutoff is not None:
        words += f"@{parsed.cutoff}"
    return words + (f"({', '.join(parsed.options)})" if parsed.options else "")
