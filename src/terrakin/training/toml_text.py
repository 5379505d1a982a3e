"""TOML as text: `tomllib` reads it, and nothing that comes with Python writes it."""

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["write_toml"]


def write_toml(tables: Mapping[str, Any]) -> str:
    """TOML of what a recipe holds: values, then tables, then lists of tables.

    >>> print(write_toml({"name": "a", "data": {"size": 16}, "loss": [{"name": "triplet"}]}), end="")
    name = "a"
    <BLANKLINE>
    [data]
    size = 16
    <BLANKLINE>
    [[loss]]
    name = "triplet"
    """
    plain = {key: value for key, value in tables.items() if not _nests(value)}
    lines = [f"{key} = {_literal(value)}" for key, value in plain.items()]
    for key, value in tables.items():
        for table in (value if isinstance(value, list) else [value]) if _nests(value) else ():
            lines += ["", f"[[{key}]]" if isinstance(value, list) else f"[{key}]"]
            lines += [f"{name} = {_literal(inner)}" for name, inner in table.items()]
    return "\n".join(lines) + "\n"


def _nests(value: Any) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _literal(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {_literal(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    # JSON's text, numbers and booleans are TOML's, but for one control character that it leaves as it is.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
