"""Lance's errors in terrakin's words."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from terrakin.errors import ArchiveError, ArchiveFullError, ArchiveNotFoundError

__all__ = ["translated"]


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise what Lance raises in this block as an error of the archive whose table is at `path`."""
    try:
        yield
    except (OSError, ValueError, RuntimeError) as exc:
        # Lance has no error types of its own: everything is an OSError, ValueError or RuntimeError with a text.
        text = str(exc)
        if "No space left" in text or "quota exceeded" in text:
            raise ArchiveFullError(
                f"the disk that holds {str(path)!r} is full; free some space and run the same again"
            ) from exc
        if not path.exists():
            raise ArchiveNotFoundError(str(path.parent)) from exc
        first = text.partition(", /")[0].partition("\n")[0]
        raise ArchiveError(f"the table at {str(path)!r} cannot be read or written: {first}") from exc
