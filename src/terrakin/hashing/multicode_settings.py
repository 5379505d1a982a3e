"""How images become sets of codes, in words: `primitives=8,threshold=0.5,bits=32`."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, get_args

from terrakin.errors import HashingError
from terrakin.hashing.known import HASHERS
from terrakin.regions.known import DEFAULT, REGIONS
from terrakin.registry import nearest
from terrakin.spaces.space import Missing

__all__ = ["DEFAULTS", "MultiCodeSettings", "parse_multi_code"]

DEFAULTS = "default"
"""The words for every setting as it is."""


@dataclass(frozen=True, slots=True)
class MultiCodeSettings:
    """What a user chooses of multi-code hashing.

    >>> str(MultiCodeSettings(bits=64))
    'primitives=8,threshold=0.5,bits=64,regions=felzenszwalb,missing=half,hash=kulsh'
    """

    primitives: int = 8
    """Kinds of regions that are looked for."""
    threshold: float = 0.5
    """Posterior from which on a region is of a kind, 0 to 1."""
    bits: int = 32
    """Length of each code, a multiple of 8."""
    regions: str = DEFAULT
    """How images are cut; a name in the registry of regions."""
    missing: Missing = "half"
    """What a code counts that the query has and a chip lacks: `half` of its bits, its `full` bits, or by its `zero-code`."""
    hash: str = "kulsh"
    """What codes each kind of region; a name in the registry of hash functions. Some learn from the labels of the chips."""

    def __post_init__(self) -> None:
        if not 1 <= self.primitives <= 64:
            raise ValueError(f"primitives are 1 to 64, got {self.primitives}")
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"a threshold is from 0 to 1, got {self.threshold}")
        if self.bits < 8 or self.bits % 8:
            raise ValueError(f"codes have a multiple of 8 bits, at least 8, got {self.bits}")
        _must_be_known(self.regions, REGIONS, "way to cut images")
        _must_be_known(self.hash, HASHERS, "hash function")
        if self.missing not in get_args(Missing):
            raise ValueError(f"a missing code counts as one of {', '.join(get_args(Missing))}, got {self.missing!r}")

    def __str__(self) -> str:
        return ",".join(f"{field.name}={getattr(self, field.name)}" for field in fields(self))


def parse_multi_code(words: str) -> MultiCodeSettings:
    """The settings in words: `default`, or some of them as NAME=VALUE with commas between.

    Raises:
        HashingError: if a name is not known, or a value is none or out of range.

    >>> parse_multi_code("primitives=4,threshold=0.3").primitives
    4
    """
    kinds: dict[str, Any] = {"primitives": int, "threshold": float, "bits": int, "regions": str, "missing": str, "hash": str}
    given: dict[str, Any] = {}
    for part in words.split(",") if words != DEFAULTS else []:
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if name not in kinds or not equals:
            meant = nearest(name, [known for known in kinds if known != name])
            raise HashingError(
                f"{part!r} is no setting of multi-code hashing;{meant} write {DEFAULTS}, or NAME=VALUE with commas between, "
                f"of {', '.join(kinds)}"
            )
        try:
            given[name] = kinds[name](value)
        except ValueError as exc:
            raise HashingError(f"{name} of multi-code hashing is {value!r}, which is no number") from exc
    try:
        return MultiCodeSettings(**given)
    except ValueError as exc:
        raise HashingError(f"multi-code hashing: {exc}") from exc


def _must_be_known(name: str, known: Iterable[str], what: str) -> None:
    there = list(known)
    if name not in there:
        meant = nearest(name, there)
        raise ValueError(f"no {what} is named {name!r}{f';{meant}' if meant else '.'} There are: {', '.join(there)}")
