"""Where the texts of two recipes differ, by key."""

import json
import tomllib
from collections.abc import Iterator
from typing import Any

__all__ = ["differences", "differing"]

_TOLD = 3
# Keys that are named; a wholly other recipe has dozens.


def differing(one: str, other: str, *, sides: tuple[str, str]) -> str:
    r"""The keys by which two recipes differ, with both values; nothing where they are alike.

    Args:
        one: TOML; a text that is none has no keys.
        other: another.
        sides: what the two are called.

    >>> differing("[schedule]\nepochs = 3", "[schedule]\nepochs = 5\nwarmup = 1.0", sides=("there", "here"))
    'schedule.epochs: 3 there, 5 here; schedule.warmup: nothing there, 1.0 here'
    """
    found = differences(one, other)
    told = [f"{key}: {first} {sides[0]}, {second} {sides[1]}" for key, (first, second) in list(found.items())[:_TOLD]]
    return "; ".join(told if len(found) <= _TOLD else [*told, f"and {len(found) - _TOLD} more"])


def differences(one: str, other: str) -> dict[str, tuple[str, str]]:
    r"""Both values of every key by which two recipes differ, as JSON writes them; `nothing` where a recipe lacks the key.

    >>> differences("[schedule]\nepochs = 3", "[schedule]\nepochs = 5")
    {'schedule.epochs': ('3', '5')}
    """
    first, second = (_keys(text) for text in (one, other))
    keys = [key for key in dict.fromkeys([*first, *second]) if first.get(key) != second.get(key)]
    return {key: (first.get(key, "nothing"), second.get(key, "nothing")) for key in keys}


def _keys(text: str) -> dict[str, str]:
    try:
        return dict(_values(tomllib.loads(text)))
    except (tomllib.TOMLDecodeError, RecursionError):
        return {}


def _values(value: Any, way: str = "") -> Iterator[tuple[str, str]]:
    """Dotted keys and values as JSON writes them; numbers name the members of lists of tables, as `--set` does."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        value = {str(number): table for number, table in enumerate(value)}
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _values(inner, f"{way}.{key}" if way else key)
    else:
        yield way, json.dumps(value, ensure_ascii=False, default=str)
