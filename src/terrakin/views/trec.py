"""Rankings and relevance in the plain text that information-retrieval tools read: TREC run and qrels files."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from terrakin.views.output import written

__all__ = ["qrels_lines", "run_lines", "trec_id", "write_qrels", "write_run"]

_KEPT = "!\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~"
"""ASCII that stands for itself: all that prints, except the blank and the percent sign."""


def write_run(path: Path, rankings: Iterable[tuple[str, Sequence[tuple[str, float]]]], *, name: str) -> None:
    """Write the run file of `run_lines`.

    Raises:
        OutputError: if `path` cannot be written.
    """
    _write(path, run_lines(rankings, name=name))


def write_qrels(path: Path, relevance: Iterable[tuple[str, Mapping[str, int]]]) -> None:
    """Write the qrels file of `qrels_lines`.

    Raises:
        OutputError: if `path` cannot be written.
    """
    _write(path, qrels_lines(relevance))


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


def _write(path: Path, lines: Iterable[str]) -> None:
    with written(path) as partial, partial.open("w", encoding="ascii", newline="\n") as file:
        file.writelines(line + "\n" for line in lines)
