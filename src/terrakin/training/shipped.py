"""The recipes that come with the program, and what a recipe takes over from one of them."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from terrakin.errors import RecipeError, UnknownNameError
from terrakin.registry import nearest

__all__ = ["RECIPES", "completed", "shipped", "shipped_tables"]

RECIPES = Path(__file__).with_name("recipes")
"""Their folder; a recipe's name is its file's without `.toml`."""

_OWN = ("name", "words")
# What no recipe takes over: it would be called what another one is.


def shipped(name: str) -> Path:
    """The file of a recipe.

    Raises:
        UnknownNameError: naming the nearest, if there is none of that name.
    """
    path = RECIPES / f"{name}.toml"
    if Path(name).name == name and path.is_file():
        return path
    known = sorted(file.stem for file in RECIPES.glob("*.toml"))
    meant = nearest(name, known)
    raise UnknownNameError(f"no recipes named {name!r}{f';{meant}' if meant else '.'} There are: {', '.join(known)}")


def shipped_tables(name: str) -> dict[str, Any]:
    """The tables of a recipe, with what it takes over from others. They are not held to what exists: that needs torch.

    Raises:
        UnknownNameError: if there is none of that name.

    >>> shipped_tables("resnet34.jsst")["optimizer"]["learning_rate"]
    0.001
    """
    return completed(tomllib.loads(shipped(name).read_text(encoding="utf-8")), where=f"{name}.toml")


def completed(tables: Mapping[str, Any], *, where: str) -> dict[str, Any]:
    """Tables as they are, or where they say `like = "NAME"`, those of that shipped recipe with their own keys over its.

    A table that names another member of its registry takes nothing over: the options of one are not those of the other.
    Neither does a list of tables. `name` and `words` are a recipe's own.

    Args:
        tables: as `tomllib` gives them; not changed.
        where: what messages call the recipe.

    Raises:
        RecipeError: if there is no such recipe.
    """
    tables = dict(tables)
    if "like" not in tables:
        return tables
    like = tables.pop("like")
    if not isinstance(like, str):
        raise RecipeError(f"{where}: like is the name of a recipe that comes with the program, got {like!r}")
    try:
        below = shipped_tables(like)
    except UnknownNameError as exc:
        raise RecipeError(f"{where}: like: {exc}") from exc
    return _over({key: value for key, value in below.items() if key not in _OWN}, tables)


def _over(below: Mapping[str, Any], tables: Mapping[str, Any]) -> dict[str, Any]:
    return {**below, **{key: _laid(key, below.get(key), value) for key, value in tables.items()}}


def _laid(key: str, below: Any, value: Any) -> Any:
    if not (isinstance(below, dict) and isinstance(value, dict)):
        return value
    # The name in [export] is the bundle's.
    another = key != "export" and value.get("name", below.get("name")) != below.get("name")
    return value if another else _over(below, value)
