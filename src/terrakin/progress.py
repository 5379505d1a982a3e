"""How long work reports that it goes on."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol, TextIO

__all__ = ["Bars", "Progress", "bar", "hidden", "silent"]


class Progress(Protocol):
    """What long work calls; the caller decides what is shown."""

    def __call__(self, done: int, total: int | None, note: str = "") -> None:
        """`done` of `total` units are finished; `total` is None while it is unknown. The note is shown beside them."""


def silent(done: int, total: int | None, note: str = "") -> None:
    """Show nothing."""


Bars = Callable[[str, str], AbstractContextManager[Progress]]
"""For work of several stages: words and unit of a stage to what shows its progress."""


@contextmanager
def hidden(words: str, unit: str) -> Iterator[Progress]:
    """Show nothing of a stage."""
    del words, unit
    yield silent


@contextmanager
def bar(words: str, *, unit: str, quiet: bool, stream: TextIO | None = None) -> Iterator[Progress]:
    """A progress bar with rate and time left on a terminal, and nothing where there is none.

    Args:
        words: what is going on, such as "Indexing".
        unit: what is counted, in the plural.
        quiet: show nothing even on a terminal.
        stream: where to draw; standard error by default.
    """
    stream = stream or sys.stderr
    if quiet or not stream.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(file=stream), transient=True) as display:
        task = display.add_task(words, total=None, rate="", note="")
        started: tuple[float, int] | None = None
        before, stages = 0, 0

        def show(done: int, total: int | None, note: str = "") -> None:
            nonlocal started, before, stages
            now = time.monotonic()
            # The first units carry start-up costs, or were done by an earlier run; the rate counts from after them. Where the
            # count falls, something else is counted, which the note names.
            if started is None or done < before:
                started, stages = (now, done), stages + 1
            since, first = started
            before = done
            each = "" if note and stages > 1 else f" {unit}"
            rate = f"{(done - first) / (now - since):,.0f}{each}/s" if now > since and done > first else ""
            display.update(task, completed=done, total=total, rate=rate, note=note)

        yield show
