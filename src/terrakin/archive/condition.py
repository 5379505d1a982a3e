"""Conditions on chips: the closed set of questions that a filter can ask, whichever store answers them."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

__all__ = ["All", "Any", "Compare", "Condition", "Exactly", "Inside", "Literal_", "Missing", "Not", "OneOf"]

Literal_ = str | float | bool | dt.datetime
"""What a field is compared with."""


@dataclass(frozen=True, slots=True)
class Compare:
    """A field against a literal. A list field (`labels`) passes where one of its members does."""

    field: str
    """Column of the chips table (`labels`, `datetime`, `property:cloud`, ...)."""
    operator: Literal["=", "<", "<=", ">", ">="]
    """How they compare."""
    value: Literal_
    """The literal. A chip whose field is missing never passes."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """A field equals one of some literals."""

    field: str
    """As in `Compare`."""
    values: tuple[Literal_, ...]
    """At least one."""


@dataclass(frozen=True, slots=True)
class Exactly:
    """The members of a list field are these and no other, in any order."""

    field: str
    """A column of lists, such as `labels`."""
    values: tuple[str, ...]
    """At least one."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A field has no value; a list field is empty."""

    field: str
    """As in `Compare`."""


@dataclass(frozen=True, slots=True)
class Inside:
    """The chip's box touches a box on the ground; right across the antimeridian, where west > east."""

    west: float
    """Degrees."""
    south: float
    """Degrees."""
    east: float
    """Degrees."""
    north: float
    """Degrees."""


@dataclass(frozen=True, slots=True)
class Not:
    """The chip does not pass. Two-valued: a chip whose field is missing passes `Not(Compare(...))`."""

    condition: "Condition"
    """What must not hold."""


@dataclass(frozen=True, slots=True)
class All:
    """Every condition holds."""

    conditions: tuple["Condition", ...]
    """At least one."""


@dataclass(frozen=True, slots=True)
class Any:
    """At least one condition holds."""

    conditions: tuple["Condition", ...]
    """At least one."""


Condition = Compare | OneOf | Exactly | Missing | Inside | Not | All | Any
