"""Writing a result so that its file is whole or not there at all."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from terrakin.errors import OutputError

__all__ = ["write_text", "written", "written_folder"]


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 `text` to `path` in one step.

    Raises:
        OutputError: if `path` cannot be written.
    """
    with written(path) as partial:
        # The bytes are ours: no platform may turn line ends into others.
        partial.write_bytes(text.encode("utf-8", errors="backslashreplace"))


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to; it becomes `path` when the block ends well, and vanishes when it does not.

    The folder is tried before the block begins, so that no long work is done for a file that cannot be written. A link is
    written through; what stood at `path` before stays until the new file is whole.

    Raises:
        OutputError: if the folder is missing or closed, if the disk is full, or if `path` is not a file.
    """
    target = Path(os.path.realpath(path))
    # Replacing would swap a device, a pipe or a folder for a file.
    if target.exists() and not target.is_file():
        raise OutputError(f"cannot write {path}: it is not a file; give another path")
    partial = target.with_name(f".{secrets.token_hex(6)}.partial")
    try:
        partial.open("xb").close()
        yield partial
        partial.replace(target)
    except OSError as exc:
        raise _refused(path, exc) from exc
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def written_folder(path: Path) -> Iterator[Path]:
    """A folder beside `path` to fill; it becomes `path` when the block ends well. What it holds is removed when it does not.

    Raises:
        OutputError: if `path` exists and is not an empty folder, or cannot be written.
    """
    target = Path(os.path.realpath(path))
    partial = target.with_name(f".{secrets.token_hex(6)}.partial")
    try:
        if target.exists() and not (target.is_dir() and not any(target.iterdir())):
            raise OutputError(f"cannot write {path}: it exists and is not an empty folder; give another path or remove it")
        partial.mkdir()
        yield partial
        if target.exists():
            # Only POSIX replaces an empty folder by renaming another onto it.
            target.rmdir()
        partial.rename(target)
    except OSError as exc:
        raise _refused(path, exc) from exc
    finally:
        _remove(partial)


def _refused(path: Path, exc: OSError) -> OutputError:
    folder = path.parent
    match exc.errno:
        case errno.ENOENT | errno.ENOTDIR if not folder.is_dir():
            return OutputError(f"cannot write {path}: there is no folder {folder}; make it first")
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return OutputError(f"cannot write {path}: the folder {folder} does not let you; give another path")
        case errno.ENOSPC | errno.EDQUOT:
            return OutputError(f"cannot write {path}: the disk is full; make room, or give a path on another disk")
        case _:
            return OutputError(f"cannot write {path}: {exc.strerror or exc}; give another path")


def _remove(folder: Path) -> None:
    for inner, folders, files in os.walk(folder, topdown=False):
        for name in files:
            Path(inner, name).unlink(missing_ok=True)
        for name in folders:
            Path(inner, name).rmdir()
    if folder.exists():
        folder.rmdir()
