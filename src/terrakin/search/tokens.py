"""The words of a filter, with the place of each in the text."""

import re
from dataclasses import dataclass
from typing import Literal, cast

from terrakin.errors import FilterError

__all__ = ["Token", "TokenKind", "tokens"]

TokenKind = Literal["word", "number", "text", "name", "sign", "end"]
"""`word`: a keyword or bare name; `text`: in single quotes; `name`: in double quotes; `end`: after the last one."""

_KEYWORDS = frozenset(("and", "or", "not", "in", "between", "is", "null", "true", "false"))

_PATTERN = re.compile(
    r"""(?P<word>[^\W\d][\w:]*)
    |(?P<number>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    |(?P<text>'(?:[^']|'')*')
    |(?P<name>"(?:[^"]|"")*")
    |(?P<sign>!=|<=|>=|[=<>(),])""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word, literal or sign."""

    kind: TokenKind
    """What it is."""
    text: str
    """As it was written."""
    column: int
    """Where it begins, from 1."""

    @property
    def keyword(self) -> str | None:
        """The keyword that it is, in lower case, or None."""
        lower = self.text.lower()
        return lower if self.kind == "word" and lower in _KEYWORDS else None

    @property
    def content(self) -> str:
        """What stands between the quotes, or the text itself."""
        if self.kind not in ("text", "name"):
            return self.text
        quote = self.text[0]
        return self.text[1:-1].replace(quote * 2, quote)

    def __str__(self) -> str:
        return "nothing more" if self.kind == "end" else self.text


def tokens(text: str) -> list[Token]:
    """Split a filter.

    Raises:
        FilterError: for a character that has no meaning, or a quote that is not closed.

    >>> [token.text for token in tokens("cloud<.1 and label='l''île'")]
    ['cloud', '<', '.1', 'and', 'label', '=', "'l''île'", '']
    """
    found, at = [], 0
    while at < len(text):
        if text[at].isspace():
            at += 1
        elif match := _PATTERN.match(text, at):
            found.append(Token(cast(TokenKind, match.lastgroup), match[0], at + 1))
            at = match.end()
        elif text[at] in "'\"":
            raise FilterError(f"filter, column {at + 1}: the quote {text[at]} is not closed")
        else:
            raise FilterError(f"filter, column {at + 1}: {text[at]!r} has no meaning here; put text in single quotes")
    return [*found, Token("end", "", len(text) + 1)]
