"""The language of filters: a small allow-listed grammar, parsed into conditions."""

from collections.abc import Callable
from typing import Literal, TypeVar, cast

import pyarrow as pa

from terrakin.archive.condition import All, Any, Compare, Condition, Literal_, Missing, Not, OneOf
from terrakin.archive.condition_types import MAX_DEPTH, FieldKind, check, check_value, field_kind
from terrakin.archive.schema import PROPERTY, property_column
from terrakin.errors import FilterError
from terrakin.registry import nearest
from terrakin.search.period import Period, period
from terrakin.search.tokens import Token, tokens

__all__ = ["MAX_LENGTH", "parse"]

MAX_LENGTH = 4096
"""Characters of a filter."""

Operator = Literal["=", "<", "<=", ">", ">="]

T = TypeVar("T")

_FIELDS = {
    "label": "labels",
    **{name: name for name in ("id", "scene", "datetime", "valid_share", "col", "row", "width", "height")},
}
# Names with a column of their own; any other is the name of a property.


def parse(text: str, *, schema: pa.Schema) -> Condition:
    """The condition that a filter states.

    A filter compares fields with literals by `=`, `!=`, `<`, `<=`, `>`, `>=`, `[NOT] IN (...)`, `[NOT] BETWEEN a AND b` and
    `IS [NOT] NULL`, joined by `AND`, `OR`, `NOT` and parentheses. Fields are `label` (any of the chip's labels), `id`, `scene`,
    `datetime`, `valid_share`, `col`, `row`, `width`, `height`, and properties, bare or in double quotes. Literals are 'text'
    (with '' for a quote in it), numbers, TRUE and FALSE; a time is text, `'2020-06-01T10:30Z'`, and a year, month or day stands
    for all of it. A chip whose field is missing passes no comparison, and so it passes `!=`, `NOT IN` and `NOT`.

    Args:
        text: the filter, at most `MAX_LENGTH` characters.
        schema: columns of the archive's chips.

    Raises:
        FilterError: if the text does not follow the grammar, names a field that is not there, or compares a field with a
            literal of another type; it names the column in the text and what was expected.

    >>> schema = pa.schema({"labels": pa.list_(pa.string()), "property:cloud": pa.float64()})
    >>> parse("label = 'harbor'", schema=schema)
    Compare(field='labels', operator='=', value='harbor')
    >>> parse("label = 'harbor' and clod < 0.1", schema=schema)
    Traceback (most recent call last):
    terrakin.errors.FilterError: filter, column 22: no field named 'clod'; did you mean 'cloud'? There are: cloud, label
    """
    if len(text) > MAX_LENGTH:
        raise FilterError(f"the filter has {len(text)} characters; {MAX_LENGTH} are the most")
    condition = _Parser(tokens(text), schema).whole()
    check(condition, schema)
    return condition


class _Parser:
    """Recursive descent: a method a rule, each leaving the cursor behind what it read."""

    def __init__(self, read: list[Token], schema: pa.Schema) -> None:
        self._tokens = read
        self._at = 0
        self._depth = 0
        self._schema = schema

    def whole(self) -> Condition:
        condition = self._either()
        if self._next.kind != "end":
            raise self._expected("AND, OR or the end")
        return condition

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._accept("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Any(tuple(parts))

    def _both(self) -> Condition:
        parts = [self._negation()]
        while self._accept("and"):
            parts.append(self._negation())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _negation(self) -> Condition:
        if self._accept("not"):
            return Not(self._deeper(self._negation))
        if self._accept("("):
            inner = self._deeper(self._either)
            self._require(")")
            return inner
        return self._comparison()

    def _comparison(self) -> Condition:
        name, column, kind = self._field()
        if self._next.text in ("=", "<", "<=", ">", ">=") and self._next.kind == "sign":
            operator = cast(Operator, self._take().text)
            return self._compare(column, kind, operator, self._literal(name, kind, operator))
        if self._accept("!="):
            return Not(self._compare(column, kind, "=", self._literal(name, kind, "=")))
        if self._accept("is"):
            negated = self._accept("not")
            self._require("null")
            return Not(Missing(column)) if negated else Missing(column)
        negated = self._accept("not")
        if self._accept("in"):
            inner = self._one_of(name, column, kind)
        elif self._accept("between"):
            low = self._literal(name, kind, ">=")
            self._require("and")
            high = self._literal(name, kind, "<=")
            inner = All((self._compare(column, kind, ">=", low), self._compare(column, kind, "<=", high)))
        else:
            raise self._expected("IN or BETWEEN" if negated else "=, !=, <, <=, >, >=, IN, BETWEEN or IS")
        return Not(inner) if negated else inner

    def _one_of(self, name: str, column: str, kind: FieldKind) -> Condition:
        self._require("(")
        values = [self._literal(name, kind, "=")]
        while self._accept(","):
            values.append(self._literal(name, kind, "="))
        self._require(")")
        plain = [value for value in values if not isinstance(value, Period)]
        if len(plain) == len(values):
            return OneOf(column, tuple(plain))
        return Any(tuple(self._compare(column, kind, "=", value) for value in values))

    def _compare(self, column: str, kind: FieldKind, operator: Operator, value: Literal_ | Period) -> Condition:
        if not isinstance(value, Period):
            return Compare(column, operator, value)
        if value.end is None:
            return Compare(column, operator, value.start)
        # A whole day: before it ends, or after it has ended.
        match operator:
            case "=":
                return All((Compare(column, ">=", value.start), Compare(column, "<", value.end)))
            case "<=":
                return Compare(column, "<", value.end)
            case ">":
                return Compare(column, ">=", value.end)
            case "<" | ">=":
                return Compare(column, operator, value.start)

    def _field(self) -> tuple[str, str, FieldKind]:
        """Its name, column and kind."""
        token = self._next
        if token.kind not in ("word", "name") or token.keyword:
            raise self._expected("the name of a field")
        self._take()
        choices = [_FIELDS.get(token.content, ""), property_column(token.content)]
        # Double quotes reach a property that is named like a field.
        held = [column for column in (reversed(choices) if token.kind == "name" else choices) if column in self._schema.names]
        if held:
            return token.content, held[0], self._at_column(token, lambda: field_kind(held[0], self._schema))
        known = sorted(
            [name for name, column in _FIELDS.items() if column in self._schema.names]
            + [name.removeprefix(PROPERTY) for name in self._schema.names if name.startswith(PROPERTY)]
        )
        near = nearest(token.content, known)
        raise self._error(token, f"no field named {token.content!r};{near} There are: {', '.join(known)}")

    def _literal(self, name: str, kind: FieldKind, operator: Operator) -> Literal_ | Period:
        token = self._next
        if not (token.kind in ("text", "number") or token.keyword in ("true", "false")):
            raise self._expected("a literal: 'text' in single quotes, a number, TRUE or FALSE")
        self._take()
        if kind == "time" and token.kind == "text":
            return self._at_column(token, lambda: period(token.content))
        value: Literal_ = token.content if token.kind == "text" else token.keyword == "true"
        if token.kind == "number":
            value = float(token.text)
        self._at_column(token, lambda: check_value(name, kind, operator, value))
        return value

    def _deeper(self, rule: Callable[[], Condition]) -> Condition:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error(self._next, f"more than {MAX_DEPTH} levels of NOT and parentheses; write it flatter")
        condition = rule()
        self._depth -= 1
        return condition

    @property
    def _next(self) -> Token:
        return self._tokens[self._at]

    def _take(self) -> Token:
        self._at += 1
        return self._tokens[self._at - 1]

    def _accept(self, word: str) -> bool:
        token = self._next
        found = token.keyword == word or (token.kind == "sign" and token.text == word)
        self._at += found
        return found

    def _require(self, word: str) -> None:
        if not self._accept(word):
            raise self._expected(word.upper())

    def _expected(self, what: str) -> FilterError:
        return self._error(self._next, f"expected {what}, found {self._next}")

    def _at_column(self, token: Token, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except FilterError as exc:
            raise FilterError(f"filter, column {token.column}: {exc}") from exc

    def _error(self, token: Token, what: str) -> FilterError:
        return FilterError(f"filter, column {token.column}: {what}")
