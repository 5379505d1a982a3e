"""A ranking as a table for a terminal, or as plain aligned text where there is none."""

from collections.abc import Sequence
from typing import TextIO

from terrakin.search.ranking import Ranking
from terrakin.views import wording

__all__ = ["aligned", "plain_table", "print_table"]

_HEADS = ("rank", "distance", "id", "labels", "date")
_RIGHT = (True, True, False, False, False)


def print_table(ranking: Ranking, stream: TextIO) -> None:
    """Draw the hits on `stream`: coloured and fitted to the width of a terminal, else `plain_table`."""
    if not stream.isatty():
        stream.write(plain_table(ranking))
        return
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # Texts of strangers go in as Text: a string would be read as markup.
    table = Table(box=box.SIMPLE_HEAD, caption=Text(wording.headline(ranking)), caption_justify="left", pad_edge=False)
    for head, right in zip(_HEADS, _RIGHT, strict=True):
        table.add_column(
            head,
            justify="right" if right else "left",
            no_wrap=right or head == "date",
            overflow="fold",
            style="bold" if head == "id" else "",
        )
    for row in _rows(ranking):
        table.add_row(*(Text(cell) for cell in row))
    Console(file=stream, highlight=False).print(table)


def plain_table(ranking: Ranking) -> str:
    """The hits in columns two blanks apart, heads first, nothing cut; heads alone where there are no hits."""
    return aligned([_HEADS, *_rows(ranking)], right=_RIGHT)


def aligned(rows: Sequence[Sequence[str]], *, right: Sequence[bool]) -> str:
    """Cells padded to columns, without blanks at the ends of lines.

    Args:
        rows: cells, the same number in each row.
        right: for each column, whether it is flush right.

    >>> print(aligned([("k", "P"), ("10", "0.9")], right=(True, False)), end="")
     k  P
    10  0.9
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = (cell.rjust(w) if r else cell.ljust(w) for cell, w, r in zip(row, widths, right, strict=True))
        lines.append("  ".join(cells).rstrip() + "\n")
    return "".join(lines)


def _rows(ranking: Ranking) -> list[tuple[str, ...]]:
    return [
        (
            str(hit.rank),
            wording.distance(hit.distance, ranking.space),
            wording.printable(hit.id),
            wording.labels(hit.labels),
            wording.date(hit.datetime),
        )
        for hit in ranking.hits
    ]
