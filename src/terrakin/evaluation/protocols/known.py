"""The protocols there are."""

from dataclasses import fields
from typing import Any

from terrakin.errors import EvaluationError
from terrakin.evaluation.protocols.plan import Planner
from terrakin.registry import Registry, nearest

__all__ = ["PROTOCOLS", "protocol"]

_HERE = "terrakin.evaluation.protocols"

PROTOCOLS = Registry[type[Planner]](
    "protocols",
    {
        "gcnn-nwpu": f"{_HERE}.gcnn:GcnnNwpu",
        "gesk": f"{_HERE}.gesk:Gesk",
        "jsst20": f"{_HERE}.jsst:Jsst20",
        "keyregion": f"{_HERE}.keyregion:KeyRegion",
        "keyregion-weighted": f"{_HERE}.keyregion:KeyRegionWeighted",
        "loo": f"{_HERE}.loo:LeaveOneOut",
        "mhcln": f"{_HERE}.mhcln:Mhcln",
        "multicode": f"{_HERE}.multicode:MultiCode",
        "split": f"{_HERE}.split:Split",
    },
)
"""Protocols by name."""


def protocol(text: str) -> Planner:
    """The protocol of a name, with options after colons: `loo`, `jsst20:size=64:seeds=3`, `split:query=0.2`.

    Raises:
        UnknownNameError: if there is no protocol of that name.
        EvaluationError: if it has no such option, or the value is of the wrong type or out of range.

    >>> protocol("jsst20:size=64")
    Jsst20(size=64, seeds=5, queries=0.2)
    """
    name, *words = text.split(":")
    factory: Any = PROTOCOLS[name]
    types: dict[str, Any] = {field.name: type(field.default) for field in fields(factory)}
    options: dict[str, Any] = {}
    for word in words:
        key, _, value = word.partition("=")
        if key not in types:
            known = f"it has {', '.join(types)}" if types else "it has none"
            raise EvaluationError(f"protocol {name} has no option {key!r};{nearest(key, types)} {known}")
        try:
            options[key] = types[key](value)
        except ValueError as exc:
            raise EvaluationError(f"option {key} of protocol {name} is a {types[key].__name__}, got {value!r}") from exc
    try:
        planner: Planner = factory(**options)
    except ValueError as exc:
        raise EvaluationError(f"protocol {text}: {exc}") from exc
    return planner
