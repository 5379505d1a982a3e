"""Where the texts of two recipes differ, by key."""

import json
import tomllib
from collections.abc import Iterator
from typing import Any

__all__ = ["differing"]

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
    first, second = (_keys(text) for text in (one, other))
    keys = [key for key in dict.fromkeys([*first, *second]) if first.get(key) != second.get(key)]
    told = [f"{key}: {first.get(key, 'nothing')} {sides[0]}, {second.get(key, 'nothing')} {sides[1]}" for key in keys[:_TOLD]]
    return "; ".join(told if len(keys) <= _TOLD else [*told, f"and {len(keys) - _TOLD} more"])


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
