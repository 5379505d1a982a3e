"""Timing: medians, taken in turns, of calls and of processes."""

import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence

Work = Callable[[], object]


def alternating(works: Mapping[str, Work], *, repeat: int, discard: int = 1) -> dict[str, float]:
    """Median seconds of each, taken in turns, so that what else the machine does falls on all alike.

    Args:
        works: what to time, by name.
        repeat: turns that count.
        discard: turns before them, which warm the caches up.
    """
    times: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(discard + repeat):
        for name, work in works.items():
            taken = seconds(work)
            if turn >= discard:
                times[name].append(taken)
    return {name: statistics.median(taken) for name, taken in times.items()}


def seconds(work: Work) -> float:
    """Time of one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def process(*command: object) -> Work:
    """Work that runs a program to its end and fails where the program fails."""
    words: Sequence[str] = [str(word) for word in command]

    def run() -> None:
        subprocess.run(words, check=True, capture_output=True)

    return run
