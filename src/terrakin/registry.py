"""Registries: one table of names for everything that has variants."""

import difflib
import importlib
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any, Generic, TypeVar

from terrakin.errors import MissingExtraError, UnknownNameError

__all__ = ["Registry", "nearest", "require"]

T = TypeVar("T")


class Registry(Generic[T]):
    """Names and the objects behind them, imported when first asked for.

    Built-in entries are import paths, `"package.module:attribute"`. Third parties add theirs through the entry-point group
    `terrakin.<kind>`; a third-party name never replaces a built-in one.

    >>> shapes = Registry[type]("shapes", {"fraction": "fractions:Fraction"})
    >>> shapes["fraction"](1, 2)
    Fraction(1, 2)
    >>> shapes["fractoin"]
    Traceback (most recent call last):
    terrakin.errors.UnknownNameError: no shapes named 'fractoin'; did you mean 'fraction'? There are: fraction
    """

    def __init__(self, kind: str, built_in: Mapping[str, str]) -> None:
        self.kind = kind
        self._paths = dict(built_in)
        self._loaded: dict[str, T] = {}
        self._third_parties_read = False

    def __getitem__(self, name: str) -> T:
        if name not in self._loaded:
            if name not in self._paths:
                self._read_third_parties()
            if name not in self._paths:
                meant = nearest(name, self)
                known = ", ".join(self)
                raise UnknownNameError(f"no {self.kind} named {name!r}{f';{meant}' if meant else '.'} There are: {known}")
            module, _, attribute = self._paths[name].partition(":")
            self._loaded[name] = getattr(importlib.import_module(module), attribute)
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        """Names, sorted."""
        self._read_third_parties()
        return iter(sorted(self._paths))

    def __contains__(self, name: object) -> bool:
        return name in set(self)

    def __len__(self) -> int:
        return len(list(iter(self)))

    def _read_third_parties(self) -> None:
        # Reading entry points walks every installed package, so it waits until a name is unknown or all are listed.
        if not self._third_parties_read:
            self._third_parties_read = True
            for entry in entry_points(group=f"terrakin.{self.kind}"):
                self._paths.setdefault(entry.name, entry.value)


def nearest(name: str, known: Any) -> str:
    """The clause " did you mean 'x'?" for a mistaken name, or nothing where no known name is near.

    >>> nearest("harbour", ["harbor", "forest"])
    " did you mean 'harbor'?"
    """
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" did you mean {close[0]!r}?" if close else ""


def require(module: str, *, extra: str) -> ModuleType:
    """Import an optional `module`, or say which extra installs it.

    Raises:
        MissingExtraError: if its distribution is not installed. One that is installed and broken shows its own error.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as exc:
        if exc.name != module.partition(".")[0]:
            raise
        raise MissingExtraError(module, extra) from exc
