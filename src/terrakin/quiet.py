"""Warnings of other packages that mean nothing here, ignored in one thread at a time."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["quiet"]

_lock = threading.Lock()


@contextmanager
def quiet(category: type[Warning], message: str = "") -> Iterator[None]:
    """Ignore warnings of a category whose text begins with `message`, a regular expression.

    Filters are global to the process. Of two threads that change them at once, one puts back for good what the other had only
    lent, so that warnings would stay ignored. Other threads wait outside: what is done inside should be short. Not to be
    nested.

    >>> with quiet(UserWarning, "Got"):
    ...     warnings.warn("Got an image", UserWarning)
    """
    with _lock, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message, category)
        yield
