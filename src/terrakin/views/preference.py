"""Which of two models is better, in words and in figures."""

from typing import Any

from terrakin.evaluation.compare import Comparison
from terrakin.evaluation.names import title
from terrakin.views.table import aligned
from terrakin.views.wording import printable

__all__ = ["preference_text", "preference_values"]

_TOLD = ("map", "p@10", "anmrr")
"""Measures that are put into words; all of them where none of these was measured."""


def preference_text(found: Comparison, first: str, second: str, *, protocol: str) -> str:
    """A row a measure with the means of both, the difference and its interval; then the main measures in words."""
    # Names come from a command line and from bundles of strangers.
    first, second = printable(first), printable(second)
    rows = [("measure", first, second, "difference", "interval")]
    for name, difference in found.differences.items():
        means = (f"{found.first[name]:.4f}", f"{found.second[name]:.4f}", f"{difference.value:+.4f}")
        rows.append((title(name), *means, f"{difference.low:+.4f} – {difference.high:+.4f}"))
    table = aligned(rows, right=(False, True, True, True, True))
    told = [name for name in found.differences if name in _TOLD] or list(found.differences)
    sentences = [_sentence(found, name, first, second) for name in told]
    circumstances = f"(protocol {protocol}, {found.queries:,} queries of each model, paired bootstrap, 95 %)"
    return "\n".join([table, *sentences, circumstances]) + "\n"


def preference_values(found: Comparison, first: str, second: str, *, protocol: str) -> dict[str, Any]:
    """The same as plain values for JSON."""
    return {
        "first": first,
        "second": second,
        "protocol": protocol,
        "queries": found.queries,
        "measures": {
            name: {
                "first": found.first[name],
                "second": found.second[name],
                "difference": difference.value,
                "ci95": [difference.low, difference.high],
                "better": _better(found, name, "first", "second"),
            }
            for name, difference in found.differences.items()
        },
    }


def _sentence(found: Comparison, name: str, first: str, second: str) -> str:
    difference = found.differences[name]
    better = _better(found, name, first, second)
    if better is None:
        return f"{title(name)}: no real difference between {first} and {second} ({difference.value:+.4f}, the interval holds 0)"
    ends = sorted((abs(difference.low), abs(difference.high)))
    return f"{title(name)}: {better} is better by {abs(difference.value):.4f} ({ends[0]:.4f} to {ends[1]:.4f})"


def _better(found: Comparison, name: str, first: str, second: str) -> str | None:
    """Who is better; None where the interval of the difference holds 0."""
    difference = found.differences[name]
    if difference.low <= 0 <= difference.high:
        return None
    # ANMRR counts how far down the answers lie: less is better.
    second_wins = (difference.value > 0) != name.startswith("anmrr")
    return second if second_wins else first
