"""A report on a terminal: the measures with their intervals, each class, and the protocol in one line."""

from collections.abc import Mapping, Sequence
from typing import TextIO

from terrakin.evaluation.names import title
from terrakin.evaluation.report import Report
from terrakin.views import wording
from terrakin.views.table import aligned

__all__ = ["plain_report", "print_report", "protocol_line"]


def print_report(report: Report, stream: TextIO) -> None:
    """Draw the report on `stream`: rules and colours on a terminal, else `plain_report`."""
    if not stream.isatty():
        stream.write(plain_report(report))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=stream, highlight=False)
    for head, *rows in _tables(report):
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for number, cell in enumerate(head):
            table.add_column(Text(cell), justify="right" if number else "left", no_wrap=number > 0, overflow="fold")
        for name, *values in rows:
            # Texts of strangers go in as Text: a string would be read as markup.
            table.add_row(Text(name, style="bold"), *(Text(value) for value in values))
        console.print(table)
    console.print(Text(protocol_line(report), style="dim"))
    for warning in report.warnings:
        console.print(Text(f"warning: {wording.printable(warning)}", style="yellow"))


def plain_report(report: Report) -> str:
    """The report as aligned text without colours."""
    tables = [aligned(rows, right=(False, *[True] * (len(rows[0]) - 1))) for rows in _tables(report)]
    warnings = "".join(f"warning: {wording.printable(warning)}\n" for warning in report.warnings)
    return "\n".join([*tables, f"{protocol_line(report)}\n{warnings}"])


def protocol_line(report: Report) -> str:
    """What the figures depend on, on one line: a figure is never printed without it."""
    facts = report.protocol
    interval = facts["interval"]
    parts = [
        f"protocol {facts['name']}",
        f"{facts['queries']} queries ({facts['excluded']} without relevant chips left out)",
        f"gallery {facts['gallery']}",
        f"relevance {facts['relevance']}",
        f"ties {facts['ties']}",
        f"mean over {facts['mean']}",
        f"{100 * interval['level']:g} % {interval['kind']} bootstrap, {interval['draws']} draws, seed {interval['seed']}",
        wording.space_words(report.space),
    ]
    return " · ".join(wording.printable(part) for part in parts)


def _tables(report: Report) -> list[list[tuple[str, ...]]]:
    """Measures, then classes where there are any; the head of each first."""
    decimals = 3 if report.protocol["queries"] < 1000 else 4
    columns: list[tuple[str, Mapping[str, Sequence[float]]]] = [
        ("value", {name: (estimate.value,) for name, estimate in report.measures.items()}),
        ("interval", {name: (estimate.low, estimate.high) for name, estimate in report.measures.items()}),
        ("interval over classes", report.class_intervals),
        ("ceiling", {name: (value,) for name, value in report.ceilings.items()}),
        ("expected over ties", {name: (value,) for name, value in report.expected.items()}),
        ("spread over seeds", {name: (value,) for name, value in report.spread.items()}),
    ]
    shown = [(head, values) for head, values in columns if values]
    measures = [("measure", *(head for head, _ in shown))]
    measures += [(title(name), *(_numbers(values.get(name, ()), decimals) for _, values in shown)) for name in report.measures]
    if not report.per_class:
        return [measures]
    classes = [("class", *map(title, report.measures))]
    for label, values in report.per_class.items():
        cells = (_numbers((values[name],) if name in values else (), decimals) for name in report.measures)
        classes.append((wording.printable(label), *cells))
    return [measures, classes]


def _numbers(values: Sequence[float], decimals: int) -> str:
    return " – ".join(f"{value:.{decimals}f}" for value in values)
