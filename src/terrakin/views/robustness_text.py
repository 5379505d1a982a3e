"""A report on robustness on a terminal: the means, every strength of each distortion, and the protocol in one line."""

from typing import TextIO

from terrakin.evaluation.robustness import tables
from terrakin.evaluation.robustness.report import Robustness
from terrakin.evaluation.robustness.tables import Rows
from terrakin.views import wording
from terrakin.views.table import aligned

__all__ = ["plain_robustness", "print_robustness", "robustness_line"]


def print_robustness(report: Robustness, stream: TextIO) -> None:
    """Draw the report on `stream`: rules and colours on a terminal, else `plain_robustness`."""
    if not stream.isatty():
        stream.write(plain_robustness(report))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=stream, highlight=False)
    for words, (head, *rows) in _tables(report):
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=Text(words), title_justify="left", title_style="dim")
        for cell in head:
            table.add_column(Text(cell), justify="left" if cell == "model" or cell == head[0] else "right")
        for cells in rows:
            # Names of models are strangers' texts: a string would be read as markup.
            table.add_row(*(Text(wording.printable(cell)) for cell in cells))
        console.print(table)
    console.print(Text(robustness_line(report), style="dim"))
    for warning in report.warnings:
        console.print(Text(f"warning: {wording.printable(warning)}", style="yellow"))


def plain_robustness(report: Robustness) -> str:
    """The report as aligned text without colours."""
    parts = []
    for words, rows in _tables(report):
        printed = [tuple(map(wording.printable, cells)) for cells in rows]
        right = [number > 0 and cell != "model" for number, cell in enumerate(rows[0])]
        parts.append((f"{words}\n" if words else "") + aligned(printed, right=right))
    warnings = "".join(f"warning: {wording.printable(warning)}\n" for warning in report.warnings)
    return "\n".join([*parts, f"{robustness_line(report)}\n{warnings}"])


def robustness_line(report: Robustness) -> str:
    """What the figures depend on, on one line: a figure is never printed without it."""
    facts = report.protocol
    interval = facts["interval"]
    parts = [
        f"protocol {facts['name']}, queries distorted, gallery not",
        f"{facts['queries']} of {facts['available']} queries ({facts['chosen']}; {facts['excluded']} without relevant chips)",
        f"gallery {facts['gallery']}",
        f"relevance {facts['relevance']}",
        f"ties {facts['ties']}",
        f"{100 * interval['level']:g} % {interval['kind']} bootstrap, {interval['draws']} draws, seed {interval['seed']}",
        *dict.fromkeys(wording.space_words(bearing.space) for bearing in report.bearings),
    ]
    return " · ".join(wording.printable(part) for part in parts)


def _tables(report: Robustness) -> list[tuple[str, Rows]]:
    """Words and rows of the means, then of every strength of each distortion."""
    means = ("" if len(report.bearings) == 2 else report.bearings[0].name, tables.means(report))
    return [means, *((facts["words"], tables.strengths(report, name)) for name, facts in report.distortions.items())]
