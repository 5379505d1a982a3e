"""Run the commands that a page shows in `console` blocks, and write below them what they print.

    python tools/write_console_output.py docs/tutorial.md

A line that begins with `$ ` is a command, the lines below it are what it prints. Output that says the same as before stays as
it is: times, rates and sizes count as equal, decimal numbers within `TOLERANCE`, and a line `...` stands for any lines. Blocks
of Python in between are run too. A test runs the same commands and compares in the
same way.
"""

import contextlib
import io
import os
import re
import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from terrakin.cli.app import run

__all__ = ["commands", "output_of", "refreshed", "same"]

TOLERANCE = 0.02
"""How far apart decimal numbers may lie: embeddings differ in the last digits between processors, and intervals follow."""

HOME = "/home/you"
"""What stands on the page for the folder in which commands run."""

_BLOCK = re.compile(r"^```(?P<language>console|python)\n(?P<content>.*?)^```$", re.MULTILINE | re.DOTALL)

_CHANGING = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00|Z)?"), "TIME"),
    (re.compile(r"[\d.,]+ s\b"), "SECONDS"),
    # Versions of Python and packages, as the doctor lists them.
    (re.compile(r"(?m)^(ok   [a-z-]+ +)\d+\.[\d.]+$"), r"\1VERSION"),
    (re.compile(r"\([\d,]+/s\)"), "(RATE)"),
    (re.compile(r"[\d.,]+ [kMG]B\b"), "SIZE"),
)

_DECIMAL = re.compile(r"-?\d+\.\d+")


def commands(block: str) -> Iterator[tuple[str, str]]:
    r"""Each command of a block with the output that is shown below it; a backslash at the end of a line continues it.

    >>> list(commands("$ terrakin info coast\nchips 96\n"))
    [('terrakin info coast', 'chips 96\n')]
    """
    command, shown = None, ""
    for line in block.splitlines():
        if command is not None and command.endswith("\\"):
            command = f"{command[:-1].rstrip()} {line.removeprefix('> ').strip()}"
        elif line.startswith("$ "):
            if command is not None:
                yield command, shown
            command, shown = line[2:], ""
        elif command is None:
            raise ValueError(f"a console block begins with a command, got {line!r}")
        else:
            shown += f"{line}\n"
    if command is not None:
        yield command, shown


def output_of(command: str) -> tuple[str, int]:
    """What `terrakin ...` prints on standard output and standard error, in order, and its exit status.

    It runs in this process and in the current folder, whose path reads `HOME` in the output.

    Raises:
        ValueError: if it is another program's command.
    """
    program, *arguments = shlex.split(command)
    if program != "terrakin":
        raise ValueError(f"only commands of terrakin are run, got {command!r}; show others in a block of sh")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        status = run(arguments)
    return printed.getvalue().replace(str(Path.cwd()), HOME), status


def same(shown: str, found: str) -> bool:
    r"""Whether a page's output says what was found.

    >>> same("P@5 0.973\n...\n", "P@5 0.974\nmore\nand more\n"), same("hits: 5\n", "hits: 6\n")
    (True, False)
    """
    wanted, got = _lines(shown), _lines(found)
    pieces, held = [[]], 0
    for line in wanted:
        if line == "...":
            pieces.append([])
        else:
            pieces[-1].append(line)
    if len(pieces) == 1:
        return _equal(wanted, got)
    for number, piece in enumerate(pieces):
        last = number == len(pieces) - 1
        starts = [0] if number == 0 else [len(got) - len(piece)] if last else range(held, len(got) - len(piece) + 1)
        start = next((at for at in starts if held <= at and _equal(piece, got[at : at + len(piece)])), None)
        if start is None:
            return False
        held = start + len(piece)
    return True


def refreshed(text: str) -> str:
    """A page with the outputs of its commands as they are now; runs them, in the current folder."""
    names: dict[str, Any] = {}

    def fresh(found: re.Match[str]) -> str:
        if found["language"] == "python":
            exec(compile(found["content"], "page", "exec"), names)  # noqa: S102  # the repository's own page
            return found[0]
        content = found["content"]
        for command, shown in commands(content):
            printed, _status = output_of(command)
            if not same(shown, printed):
                content = content.replace(_tail(content, command, shown), _tail(content, command, printed), 1)
        return f"```console\n{content}```"

    return _BLOCK.sub(fresh, text)


def _tail(content: str, command: str, output: str) -> str:
    """The last line of a command as it is written on the page, and some output below it."""
    written = next(
        line for line in content.splitlines() if not line.endswith("\\") and command.endswith(line.removeprefix("$ ").strip())
    )
    return f"{written}\n{output}"


def _lines(text: str) -> list[str]:
    for pattern, word in _CHANGING:
        text = pattern.sub(word, text)
    return [line.rstrip() for line in text.strip("\n").splitlines()]


def _equal(wanted: list[str], got: list[str]) -> bool:
    return len(wanted) == len(got) and all(_alike(*pair) for pair in zip(wanted, got, strict=True))


def _alike(wanted: str, got: str) -> bool:
    if [part.split() for part in _DECIMAL.split(wanted)] != [part.split() for part in _DECIMAL.split(got)]:
        return False
    numbers = zip(_DECIMAL.findall(wanted), _DECIMAL.findall(got), strict=True)
    return all(abs(float(one) - float(other)) <= TOLERANCE for one, other in numbers)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        page = Path(name).absolute()
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(Path(folder).resolve())
            page.write_text(refreshed(page.read_text(encoding="utf-8")), encoding="utf-8")
        os.chdir(page.parent)
