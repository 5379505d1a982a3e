"""A published table beside figures of ours: for a terminal, as Markdown, as plain values for JSON."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from terrakin.evaluation.measures.known import measure
from terrakin.evaluation.names import title
from terrakin.papers.reproduction import Entry, Ours, Reproduction, Spread
from terrakin.papers.table import Unit
from terrakin.views import wording
from terrakin.views.table import aligned

__all__ = ["markdown_reproduction", "plain_reproduction", "reproduction_values"]

_NONE = "-"
# Where there is no figure.


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of figures."""

    head: str
    printed: str | None
    """Its name in the paper; None for a measure that the paper lacks."""
    measure: str | None
    """Name of the measure of ours; None where there is none."""
    unit: Unit
    """What the paper prints it in."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """What both forms print."""

    heads: list[str]
    blocks: list[tuple[str, list[list[str]]]] = field(default_factory=list)
    """Name of a test set, and its lines."""
    protocols: dict[str, str] = field(default_factory=dict)
    """Sign by words."""
    missing: dict[str, str] = field(default_factory=dict)
    """Sign by words."""
    warnings: dict[str, None] = field(default_factory=dict)


def plain_reproduction(found: Reproduction) -> str:
    """Aligned text: a block a test set, three lines a row; below, what figures depend on, what is doubtful, what is missing."""
    table, layout = found.table, _layout(found)
    parts = [f"{table.name}: {table.words}\n{table.title}\n"]
    right = (False, False, *[True] * (len(layout.heads) - 3), False)
    parts += [f"{test}\n{aligned([layout.heads, *lines], right=right)}" for test, lines in layout.blocks]
    for head, signed in _below(found, layout):
        parts.append(f"{head}\n{aligned(signed, right=(False, False))}")
    return _printable("\n".join(parts))


def markdown_reproduction(found: Reproduction) -> str:
    """The same as Markdown tables and lists."""
    table, layout = found.table, _layout(found)
    parts = [f"# {_escaped(f'{table.name}: {table.words}')}\n", f"{_escaped(table.title)}\n"]
    for test, lines in layout.blocks:
        rule = ["---", "---", *["---:"] * (len(layout.heads) - 3), "---"]
        rows = [layout.heads, rule, *[list(map(_escaped, line)) for line in lines]]
        parts.append(f"## {_escaped(test)}\n\n" + "".join(f"| {' | '.join(row)} |\n" for row in rows))
    for head, signed in _below(found, layout):
        parts.append(f"## {head}\n\n" + "".join(f"- **{_escaped(sign)}** {_escaped(words)}\n" for sign, words in signed))
    return _printable("\n".join(parts))


def reproduction_values(found: Reproduction) -> dict[str, Any]:
    """Plain values for JSON: each row as printed and as measured here, each figure with what it depends on."""
    table = found.table
    return {
        "table": table.name,
        "title": table.title,
        "words": table.words,
        "protocol": table.protocol,
        "measures": dict(table.measures),
        "units": dict(table.units),
        "notes": {note.id: note.words for note in table.notes},
        "general_notes": list(table.general),
        "rows": [_entry_values(entry) for entry in found.entries],
    }


def _entry_values(entry: Entry) -> dict[str, Any]:
    row = entry.row
    return {
        "row": row.name,
        "keys": dict(row.keys),
        "test": row.test,
        "data": row.data,
        "printed": dict(row.printed) or None,
        "notes": list(row.notes),
        "recipe": row.way.recipe,
        "ours": [_ours_values(one) for one in entry.ours],
        "states": list(entry.states),
    }


def _ours_values(ours: Ours) -> dict[str, Any]:
    return {
        "recipe": ours.recipe,
        "seeds": list(ours.seeds),
        "paper_protocol": {name: _spread_values(name, spread) for name, spread in ours.paper.items()},
        "standard_protocol": {name: _spread_values(name, spread) for name, spread in ours.standard.items()},
        "depends_on": dict(ours.facts),
        "warnings": list(ours.warnings),
    }


def _spread_values(name: str, spread: Spread) -> dict[str, Any]:
    """Never in percent, whatever a column is printed in."""
    return {
        "mean": spread.mean,
        "deviation": spread.deviation,
        "n": len(spread.values),
        "values": list(spread.values),
        "unit": "fraction" if math.isfinite(measure(name).best) else "gain",
    }


def _layout(found: Reproduction) -> _Layout:
    columns = list(_columns(found))
    layout = _Layout(["row", "whose", *(column.head for column in columns), "protocol"])
    layout.protocols[f"the paper: {found.table.protocol}"] = "P"
    for test in dict.fromkeys(entry.row.test for entry in found.entries):
        lines = [line for entry in found.entries if entry.row.test == test for line in _lines(entry, columns, layout)]
        layout.blocks.append((test, lines))
    return layout


def _columns(found: Reproduction) -> Iterator[_Column]:
    """The paper's, and those of ours that it lacks."""
    table = found.table
    measures = list(table.measures.values())
    for printed, name in table.measures.items():
        # Two printed columns can be one measure, and some are none of ours.
        head = title(name) if name and measures.count(name) == 1 else printed
        unit = table.units.get(printed, "fraction")
        yield _Column(f"{head} (%)" if unit == "percent" else head, printed, name, unit)
    for name in found.measures:
        if name not in measures:
            yield _Column(title(name), None, name, "fraction")


def _lines(entry: Entry, columns: Sequence[_Column], layout: _Layout) -> Iterator[list[str]]:
    row = entry.row
    name = f"{row.name} ({', '.join(row.notes)})" if row.notes else row.name
    if row.printed:
        yield [name, "paper", *(row.printed.get(column.printed or "", _NONE) for column in columns), "P"]
        name = ""
    for ours in entry.ours:
        layout.warnings.update(dict.fromkeys(ours.warnings))
        trained = _sign(layout.protocols, ours.training, "T")
        for whose, figures, words, letter in (
            ("ours", ours.paper, ours.evaluation, "E"),
            ("ours, leave-one-out", ours.standard, ours.leave_one_out, "L"),
        ):
            cells = [
                _figure(figures[one.measure], one.unit) if one.measure and one.measure in figures else _NONE for one in columns
            ]
            yield [name, whose, *cells, f"{trained} {_sign(layout.protocols, words, letter)}"]
            name = ""
    if entry.states:
        signs = [layout.missing.setdefault(words, f"({len(layout.missing) + 1})") for words in entry.states]
        yield [name, "ours", *[_NONE] * len(columns), " ".join(signs)]


def _sign(signs: dict[str, str], words: str, letter: str) -> str:
    return signs.setdefault(words, f"{letter}{1 + sum(sign[0] == letter for sign in signs.values())}")


def _figure(spread: Spread, unit: Unit) -> str:
    """As many digits in both units."""
    times, digits = (100, 2) if unit == "percent" else (1, 4)
    deviation = "" if spread.deviation is None else f" ± {times * spread.deviation:.{digits}f}"
    return f"{times * spread.mean:.{digits}f}{deviation}"


def _below(found: Reproduction, layout: _Layout) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """What stands below the tables: heads, and lines of a sign and words."""
    words = {note.id: note.words for note in found.table.notes}
    if any(len(ours.seeds) > 1 for entry in found.entries for ours in entry.ours):
        layout.protocols["over runs: mean ± standard deviation"] = "±"
    order = "PTEL±"
    protocols = sorted(layout.protocols.items(), key=lambda one: (order.index(one[1][0]), len(one[1]), one[1]))
    yield "Protocols", [(sign, said) for said, sign in protocols]
    shown = {*found.table.general, *(note for entry in found.entries for note in entry.row.notes)}
    if notes := [(sign, said) for sign, said in words.items() if sign in shown]:
        yield "Doubtful", notes
    if layout.warnings:
        yield "Warnings", [("!", warning) for warning in layout.warnings]
    if layout.missing:
        yield "Without figures", [(sign, said) for said, sign in layout.missing.items()]


def _escaped(text: str) -> str:
    for sign in ("\\", "|", "*", "_", "[", "<"):
        text = text.replace(sign, f"\\{sign}")
    return text


def _printable(text: str) -> str:
    """Every line of a text without what a terminal would obey: names of files and rows come from strangers."""
    return "".join(f"{wording.printable(line)}\n" for line in text.rstrip("\n").split("\n"))
