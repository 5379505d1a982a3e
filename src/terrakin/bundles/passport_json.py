"""The passport as JSON, read strictly."""

import json
import math
from collections.abc import Callable, Collection
from dataclasses import asdict, fields
from typing import Any, TypeVar

from terrakin.bundles.conversions import Conversions, Part
from terrakin.bundles.passport import FORMAT, Hashing, MultiCoding, Passport, Reduction
from terrakin.chips.pixels import Upsampling
from terrakin.errors import BundleError
from terrakin.registry import nearest
from terrakin.spaces.space import Space

__all__ = ["from_json", "read", "to_json", "write"]

T = TypeVar("T")
Reader = Callable[[Any, str], Any]


def read(text: str, *, where: str = "passport.json") -> Passport:
    """The passport that a text holds.

    Args:
        text: a JSON object with every key of a passport and no other; `frontend`, `hasher`, `multi_code`, `scaling` and
            `upsampling` may be missing, and so may `missing` of the space.
        where: what is read, for messages.

    Raises:
        BundleError: if it is not JSON, if a key is unknown, missing, given twice or of the wrong type, or if its format number
            is newer than this program's.
    """
    try:
        value = json.loads(text, object_pairs_hook=_no_key_twice)
    except (ValueError, RecursionError) as exc:
        raise BundleError(f"{where} is not a passport: {_cause(exc)}") from exc
    return from_json(value, where=where)


def write(passport: Passport) -> str:
    """JSON text that `read` gives back, indented, with a final line break."""
    return json.dumps(to_json(passport), indent=2, allow_nan=False) + "\n"


def from_json(value: object, *, where: str = "passport") -> Passport:
    """The passport in a decoded JSON `value`; raises as `read` does."""
    number = value.get("format") if isinstance(value, dict) else None
    # Before anything else: a newer format may have keys that this program cannot know.
    if isinstance(number, int) and number > FORMAT:
        raise BundleError(f"{where} has format {number} and this terrakin reads up to {FORMAT}; update terrakin to open it")
    return _build(Passport, _PASSPORT, value, where, optional=_OPTIONAL)


def to_json(passport: Passport) -> dict[str, Any]:
    """What `from_json` reads: plain dictionaries, lists, texts and numbers; the format number first."""
    plain = asdict(passport)
    for key, usual in _OPTIONAL.items():
        if plain[key] == usual:
            # A program that does not know the key reads the passport all the same.
            del plain[key]
    if passport.space.missing == "half":
        del plain["space"]["missing"]
    return {"format": plain.pop("format")} | {key: _plain(value) for key, value in plain.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _build(
    kind: Callable[..., T], readers: dict[str, Reader], value: object, where: str, *, optional: Collection[str] = ()
) -> T:
    if not isinstance(value, dict):
        raise _wrong(where, "an object", value)
    for key in value:
        if key not in readers:
            raise BundleError(f"{where} has an unknown key {key!r};{nearest(key, readers)} Known: {', '.join(readers)}")
    if missing := [key for key in readers if key not in value and key not in optional]:
        raise BundleError(f"{where} lacks {', '.join(missing)}; every key of a passport must be there")
    try:
        return kind(**{key: reader(value[key], f"{where}: {key}") for key, reader in readers.items() if key in value})
    except ValueError as exc:
        raise BundleError(f"{where}: {exc}") from exc


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise _wrong(where, "a text", value)
    return value


def _text_or_none(value: Any, where: str) -> str | None:
    return None if value is None else _text(value, where)


def _integer(value: Any, where: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(where, "an integer", value)
    return value


def _number(value: Any, where: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise _wrong(where, "a number", value)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise BundleError(f"{where} must be a finite number")
    return number


def _tuple_of(reader: Reader) -> Reader:
    def read_items(value: Any, where: str) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise _wrong(where, "a list", value)
        return tuple(reader(item, f"{where}[{place}]") for place, item in enumerate(value))

    return read_items


def _space(value: Any, where: str) -> Space:
    readers: dict[str, Reader] = {"kind": _text, "size": _integer, "codes": _integer, "missing": _text}
    return _build(Space, readers, value, where, optional=("missing",))


def _reduction(value: Any, where: str) -> Reduction | None:
    return None if value is None else _build(Reduction, _REDUCTION, value, where)


def _hashing(value: Any, where: str) -> Hashing | None:
    return None if value is None else _build(Hashing, _HASHING, value, where)


def _conversions(value: Any, where: str) -> Conversions | None:
    return None if value is None else _build(Conversions, _CONVERSIONS, value, where)


def _part(value: Any, where: str) -> Part:
    return _build(Part, {"name": _text, "length": _integer}, value, where)


def _multi_coding(value: Any, where: str) -> MultiCoding | None:
    return None if value is None else _build(MultiCoding, _MULTI_CODING, value, where)


def _wrong(where: str, wanted: str, value: object) -> BundleError:
    found = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return BundleError(f"{where} must be {wanted}, got {found.get(type(value), 'a number')}")


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        raise ValueError(f"key {next(key for key in keys if keys.count(key) > 1)!r} is given twice")
    return dict(pairs)


def _cause(exc: Exception) -> str:
    return "it is nested too deeply" if isinstance(exc, RecursionError) else str(exc)


_REDUCTION: dict[str, Reader] = {"kind": _text, "size_in": _integer, "size": _integer, "fitted_on": _text, "digest": _text}
_HASHING: dict[str, Reader] = {field.name: {str: _text, int: _integer}[field.type] for field in fields(Hashing)}  # type: ignore[index]
_MULTI_CODING: dict[str, Reader] = {
    field.name: {str: _text, int: _integer}[field.type]  # type: ignore[index]
    for field in fields(MultiCoding)
}
_CONVERSIONS: dict[str, Reader] = {"name": _text, "parts": _tuple_of(_part), "order": _tuple_of(_text)}
_BY_TYPE: dict[Any, Reader] = {
    str: _text,
    int: _integer,
    tuple[str, ...]: _tuple_of(_text),
    tuple[float, ...]: _tuple_of(_number),
    Space: _space,
    Reduction | None: _reduction,
    Hashing | None: _hashing,
    MultiCoding | None: _multi_coding,
    Conversions | None: _conversions,
    str | None: _text_or_none,
    Upsampling: _text,
}
_OPTIONAL: dict[str, Any] = {"frontend": None, "hasher": None, "multi_code": None, "scaling": None, "upsampling": "bicubic"}
# What a passport that lacks the key means.
_PASSPORT: dict[str, Reader] = {field.name: _BY_TYPE[field.type] for field in fields(Passport)}
