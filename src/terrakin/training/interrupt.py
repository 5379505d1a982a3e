"""Ctrl-C between steps: work that is interrupted ends whole."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["interrupt_waits"]


@contextmanager
def interrupt_waits() -> Iterator[Callable[[], bool]]:
    """Keep the first Ctrl-C waiting until the block ends, where it is raised; a second one ends the work at once.

    Gives a function that says whether there was one: a loop asks it where it can stop. Only Python's own handling of SIGINT is
    replaced, and only in the main thread, which is where interrupts arrive; a program that handles them itself goes on to.

    Raises:
        KeyboardInterrupt: at the end of the block, or at the second interrupt.

    >>> with interrupt_waits() as interrupted:
    ...     interrupted()
    False
    """
    plain = signal.default_int_handler
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is not plain:
        yield lambda: False
        return
    asked = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        asked = True
        signal.signal(signal.SIGINT, plain)

    signal.signal(signal.SIGINT, note)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, plain)
    if asked:
        raise KeyboardInterrupt
