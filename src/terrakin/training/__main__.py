"""A packed run, trained on a machine that has Python, torch and numpy: `python -m terrakin.training FILE --result RESULT`."""

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TextIO

from terrakin.errors import TerrakinError
from terrakin.progress import Progress
from terrakin.training.ahead import cores
from terrakin.training.away import compute
from terrakin.training.figures import in_words
from terrakin.training.loop import Tell

__all__ = ["main"]

DONE, FAILED, INTERRUPTED = 0, 1, 130

_EVERY_S = 10.0
# Between two lines, besides the first, those after a validation, and the last.


def main(arguments: Sequence[str] | None = None) -> int:
    """Train a packed run; lines on standard error say how far it is.

    Returns:
        0 done, 1 the work failed, 2 wrong use, 130 interrupted.
    """
    given = _parser().parse_args(arguments)
    work = given.work or given.file.with_name(f"{given.file.name}.work")
    try:
        done = compute(
            given.file,
            given.result,
            work,
            device=given.device,
            workers=cores(),
            progress=_unpacking(sys.stderr),
            tell=lines(sys.stderr),
        )
    except TerrakinError as exc:
        sys.stderr.write(f"Error: {exc}\n")
        return FAILED
    except KeyboardInterrupt:
        sys.stderr.write(f"interrupted; what was done is kept in {work}, and the same command goes on from there\n")
        return INTERRUPTED
    if done is not None:
        rounded = ", weights rounded to half precision (float16) so that it fits" if done.half else ""
        sys.stderr.write(f"{in_words(done.trained.figures)}\n")
        sys.stderr.write(f"wrote {given.result}: {given.result.stat().st_size:,} bytes{rounded}\n")
    return DONE


def lines(stream: TextIO, *, clock: Callable[[], float] = time.monotonic) -> Tell:
    """Plain lines about a run: step, rate, time left, loss, and retrieval where it was measured.

    Args:
        stream: where to.
        clock: seconds, from any start.
    """
    began: tuple[float, int] | None = None
    said_at, known = 0.0, (0.0, 0.0)

    def tell(done: int, total: int, figures: Mapping[str, float]) -> None:
        nonlocal began, said_at, known
        now, validation = clock(), (figures.get("map", 0.0), figures.get("left_out_map", 0.0))
        # The first step carries start-up costs, and an earlier call may have done those before it.
        first = began is None
        since, before = began = began or (now, done)
        if not (first or done == total or validation != known or now - said_at >= _EVERY_S):
            return
        said_at, known = now, validation
        rate = (done - before) / (now - since) if done > before and now > since else 0.0
        pace = f", {rate:.1f} steps/s, {_span((total - done) / rate)} left" if rate else ""
        stream.write(f"step {done:,} of {total:,}{pace}, {in_words(figures)}\n")
        stream.flush()

    return tell


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m terrakin.training",
        description="Train a run that `terrakin train --pack` packed. Needs Python, torch and numpy, "
        "and for some losses a package that is named where it is missing. Stopped at any moment, the same command goes on.",
        epilog="Then, at home: the same `terrakin train` with --result RESULT in place of --pack FILE.",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="The packed run.")
    parser.add_argument("--result", type=Path, required=True, metavar="RESULT", help="The file to write and carry home.")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="Where to compute. [default: auto]")
    parser.add_argument(
        "--work", type=Path, metavar="DIR", help="Folder for images, checkpoint and log. [default: FILE.work beside FILE]"
    )
    return parser


def _unpacking(stream: TextIO) -> Progress:
    def progress(done: int, total: int | None, note: str = "") -> None:
        if done == total:
            stream.write(f"unpacked {done:,} images\n")

    return progress


def _span(seconds: float) -> str:
    """Time in the two largest units.

    >>> _span(8), _span(200), _span(7384)
    ('8 s', '3 min', '2 h 3 min')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(int(seconds // 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


if __name__ == "__main__":
    sys.exit(main())
