"""Rankings and relevance in the plain text that information-retrieval tools read: TREC run and qrels files."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

from terrakin.views.output import written

__all__ = ["Judged", "qrels_lines", "run_lines", "trec_id", "write_files"]

Judged = tuple[str, Sequence[tuple[str, float]], Mapping[str, int]]
"""A query's id; (chip's id, distance) nearest first; relevance by chip's id."""

_KEPT = "!\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~"
"""ASCII that stands for itself: all that prints, except the blank and the percent sign."""


def write_files(folder: Path, queries: Iterable[Judged], *, name: str) -> int:
    """Write `run.txt` and `qrels.txt` in one pass, so that no query is ranked twice nor kept; returns how many queries.

    Args:
        folder: exists.
        queries: ranked and judged.
        name: what made the rankings.

    Raises:
        OutputError: if one of the files cannot be written.
    """
    count = 0
    with _lines(folder / "run.txt") as run, _lines(folder / "qrels.txt") as qrels:
        for query, hits, judged in queries:
            run.writelines(line + "\n" for line in run_lines([(query, hits)], name=name))
            qrels.writelines(line + "\n" for line in qrels_lines([(query, judged)]))
            count += 1
    return count


def run_lines(rankings: Iterable[tuple[str, Sequence[tuple[str, float]]]], *, name: str) -> Iterator[str]:
    """`query Q0 chip rank score name`, one hit a line, ranks from 1 and the score is the distance with its sign turned.

    Equal distances get equal scores, and their order stands in the rank alone: a tool that sorts by score breaks those ties by
    its own rule.

    Args:
        rankings: a query's id, then (chip's id, distance) nearest first.
        name: what made the ranking; the last column.

    >>> list(run_lines([("q 1", [("a.tif", 0.0), ("b.tif", 0.25)])], name="demo"))
    ['q%201 Q0 a.tif 1 0.0 demo', 'q%201 Q0 b.tif 2 -0.25 demo']
    """
    tag = trec_id(name)
    for query, hits in rankings:
        head = trec_id(query)
        for rank, (chip, distance) in enumerate(hits, start=1):
            # `-distance` would print a distance of zero as -0.0.
            yield f"{head} Q0 {trec_id(chip)} {rank} {0.0 - float(distance)!r} {tag}"


def qrels_lines(relevance: Iterable[tuple[str, Mapping[str, int]]]) -> Iterator[str]:
    """`query 0 chip relevance`, one judged pair a line; a pair that is not named counts as not relevant.

    >>> list(qrels_lines([("q", {"a.tif": 1, "b c.tif": 0})]))
    ['q 0 a.tif 1', 'q 0 b%20c.tif 0']
    """
    for query, judged in relevance:
        head = trec_id(query)
        for chip, grade in judged.items():
            yield f"{head} 0 {trec_id(chip)} {grade:d}"


def trec_id(text: str) -> str:
    """`text` as one word of printing ASCII: blanks, `%` and all else percent-encoded, so `urllib.parse.unquote` restores it.

    Raises:
        ValueError: if `text` is empty; a column cannot be.

    >>> trec_id("São Paulo/50%.tif")
    'S%C3%A3o%20Paulo/50%25.tif'
    """
    if not text:
        raise ValueError("an id in a TREC file needs at least one character")
    return quote(text, safe=_KEPT)


@contextmanager
def _lines(path: Path) -> Iterator[TextIO]:
    with written(path) as partial, partial.open("w", encoding="ascii", newline="\n") as file:
        yield file
