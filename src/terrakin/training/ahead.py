"""Work done ahead of who needs it, by threads, its results in order."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["ahead", "cores"]

T = TypeVar("T")
R = TypeVar("R")


def ahead(function: Callable[[T], R], items: Iterable[T], *, workers: int) -> Generator[R]:
    """`map(function, items)`, computed before it is asked for: at most 2 x `workers` results wait at a time.

    An exception of `function` is raised in its turn, and ends the iteration. Closing the iterator drops what has not begun
    and waits for what has, so no thread outlives it.

    Args:
        function: called in the threads, so it must be safe to call from several.
        items: iterated in the caller's thread, as far ahead as results may wait.
        workers: threads; with 0 the caller does the work when it asks.

    >>> list(ahead(str.upper, "abc", workers=2))
    ['A', 'B', 'C']
    """
    if workers < 0:
        raise ValueError(f"workers are threads, 0 or more, got {workers}")
    if workers == 0:
        yield from map(function, items)
        return
    pool = ThreadPoolExecutor(workers)
    waiting: deque[Future[R]] = deque()
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
