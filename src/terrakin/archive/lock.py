"""One writer an archive."""

import datetime as dt
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from terrakin.errors import ArchiveBusyError, ArchiveError

__all__ = ["HOLDER", "LOCK", "writer"]

LOCK = "writer.lock"
HOLDER = "writer.json"


@contextmanager
def writer(archive: Path) -> Iterator[None]:
    """Hold the right to write to `archive`.

    The operating system lets go of the lock when the process ends, however it ends; the file beside it only tells who holds it.

    Raises:
        ArchiveBusyError: at once, if another process holds it, with that process's id and start time.
        ArchiveError: if the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(archive / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as exc:
        raise ArchiveBusyError(_busy(archive)) from exc
    except OSError as exc:
        raise ArchiveError(f"archive {str(archive)!r} cannot be written: {exc.strerror or exc}") from exc
    try:
        holder = {"pid": os.getpid(), "started": dt.datetime.now(dt.UTC).isoformat(timespec="seconds")}
        (archive / HOLDER).write_text(json.dumps(holder), encoding="utf-8")
        yield
    finally:
        (archive / HOLDER).unlink(missing_ok=True)
        lock.release()


def _busy(archive: Path) -> str:
    try:
        holder = json.loads((archive / HOLDER).read_text(encoding="utf-8"))
        who = f"process {int(holder['pid'])}, which started at {holder['started']}"
    except (OSError, ValueError, KeyError, TypeError):
        # The holder was killed between taking the lock and writing its name, or is about to write it.
        who = "another process"
    return f"archive {str(archive)!r} is being written by {who}; wait for it to end, or end it"
