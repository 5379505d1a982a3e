"""The manifest: what an archive says of itself in `archive.json`."""

import dataclasses
import datetime as dt
import errno
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from terrakin.archive.options import IndexOptions
from terrakin.errors import ArchiveError, ArchiveFullError, ArchiveNotFoundError

__all__ = ["FORMAT", "MIGRATIONS", "Manifest", "full_or_broken", "now", "read", "replace_file", "write"]

FORMAT = 1
"""Number of the archive format that this program writes."""

MIGRATIONS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""From each older format to the next: parsed `archive.json` in and out. Empty while the first format is the newest."""

NAME = "archive.json"
"""The manifest's file name inside an archive."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive says of itself."""

    model: str
    """Name and version of the bundle, for people."""
    bundle: str
    """Folder of the bundle, with passport and reducer, inside the archive."""
    options: IndexOptions
    """How scenes were cut and read."""
    sources: tuple[str, ...]
    """Absolute paths that were indexed, in order."""
    created: str
    """RFC 3339 time of creation."""
    updated: str
    """RFC 3339 time of the last checkpoint."""
    chips: int = 0
    """Chips at the last checkpoint."""
    scenes: int = 0
    """Complete scenes at the last checkpoint."""
    datasets: Mapping[str, str] = field(default_factory=dict)
    """Absolute paths that were read as copies of a benchmark, each with its name."""
    format: int = FORMAT
    """Number of the archive format."""


def read(archive: Path) -> Manifest:
    """The manifest of the archive at `archive`; an older format is migrated in memory (`write` makes it last).

    Raises:
        ArchiveNotFoundError: if there is none.
        ArchiveError: if it is broken, or of a newer format than this program writes.
    """
    try:
        text = (archive / NAME).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise ArchiveNotFoundError(str(archive)) from exc
    except (OSError, UnicodeDecodeError) as exc:
        raise ArchiveError(f"{archive / NAME} cannot be read: {exc}") from exc
    try:
        values = json.loads(text)
        number = values["format"]
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise TypeError(f"format {number!r} is not a number from 1")
    except (ValueError, KeyError, TypeError, RecursionError) as exc:
        raise ArchiveError(f"{archive / NAME} is broken ({exc}); restore it from a copy, or make the archive again") from exc
    if number > FORMAT:
        raise ArchiveError(
            f"archive {str(archive)!r} has format {number}, this program reads up to {FORMAT}; install a newer terrakin"
        )
    for step in range(number, FORMAT):
        values = MIGRATIONS[step](values)
    return _from_json(archive, values)


def write(archive: Path, manifest: Manifest) -> None:
    """Replace the manifest in one step: a reader sees the old one or the new one.

    Raises:
        ArchiveFullError: if the disk is full; the old one stays.
        ArchiveError: if the folder cannot be written.
    """
    values = {one.name: getattr(manifest, one.name) for one in dataclasses.fields(manifest)}
    values["options"] = manifest.options.to_json()
    replace_file(archive / NAME, json.dumps(values, indent=2) + "\n")


def replace_file(path: Path, text: str) -> None:
    """Write `text` beside `path` and move it there in one step.

    Raises:
        ArchiveFullError: if the disk is full.
        ArchiveError: if the folder cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as exc:
        beside.unlink(missing_ok=True)
        raise full_or_broken(path, exc) from exc


def full_or_broken(path: Path, exc: OSError) -> ArchiveError:
    """The error of our tree for a failed write to `path`."""
    if exc.errno in (errno.ENOSPC, errno.EDQUOT):
        return ArchiveFullError(f"the disk that holds {path} is full; make room and run the same command again")
    return ArchiveError(f"{path} cannot be written: {exc.strerror or exc}")


def now() -> str:
    """This second as RFC 3339."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def _from_json(archive: Path, values: dict[str, Any]) -> Manifest:
    try:
        # Archives from before benchmarks were remembered do not say.
        values = {"datasets": {}, **values}
        fields = {one.name: values[one.name] for one in dataclasses.fields(Manifest)}
        fields["options"] = IndexOptions.from_json(fields["options"])
        fields["sources"] = tuple(str(path) for path in fields["sources"])
        fields["datasets"] = {path: str(name) for path, name in fields["datasets"].items()}
        if Path(fields["bundle"]).name != fields["bundle"]:
            raise TypeError(f"bundle {fields['bundle']!r} is not a folder of the archive")
        return Manifest(**fields)
    except (KeyError, TypeError, AttributeError) as exc:
        raise ArchiveError(f"{archive / NAME} is broken ({exc!r}); restore it from a copy, or make the archive again") from exc
