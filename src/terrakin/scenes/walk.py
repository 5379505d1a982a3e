"""The folders below a source, in sorted order, without what is hidden and without going round in circles."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from terrakin.scenes.scene import Skipped
from terrakin.scenes.stamp import Stat

__all__ = ["Folder", "stat_files", "walk"]

_IGNORED = frozenset({"__MACOSX", "@eaDir", "Thumbs.db", "desktop.ini", "QI_DATA"})
"""Names that operating systems make, and the folder of quality masks and previews in Sentinel-2 products."""

_RESOLUTION_FOLDERS = frozenset({"R10m", "R20m", "R60m"})
"""Folders of a Sentinel-2 product whose files together make one scene."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder as it was listed; nothing in it has been asked for its size yet."""

    path: str
    """Absolute path."""
    prefix: str
    """Path relative to the source, with `/`, ending in `/`; empty for the source itself."""
    names: tuple[str, ...]
    """Its files, sorted; those of resolution folders have the folder's name in front."""


def walk(root: str) -> Iterator[Folder | Skipped]:
    """Every folder in and below `root`, parents first, sorted by name; and what cannot be listed.

    Links to folders are followed, except to a folder that they lie in.

    Args:
        root: absolute path of a folder.
    """
    waiting: list[tuple[str, str, tuple[tuple[int, int], ...]]] = [(root, "", ())]
    while waiting:
        path, prefix, above = waiting.pop()
        try:
            status = os.stat(path)  # noqa: PTH116  # a Path costs more than the call
            identity = (status.st_dev, status.st_ino)
            if identity in above:
                yield Skipped(path, "is a link to a folder that it lies in")
                continue
            names, folders = _list(path)
        except OSError as exc:
            yield Skipped(path, f"cannot be listed: {exc.strerror}")
            continue
        for name in [name for name in folders if name in _RESOLUTION_FOLDERS]:
            try:
                names += [f"{name}/{inner}" for inner in _list(f"{path}/{name}")[0]]
            except OSError as exc:
                yield Skipped(f"{path}/{name}", f"cannot be listed: {exc.strerror}")
            folders.remove(name)
        unreadable = [name for name in (*names, *folders) if not _is_text(name)]
        for name in unreadable:
            yield Skipped(f"{path}/{name}".encode(errors="replace").decode(), "has a name that is not UTF-8; rename it")
            (names if name in names else folders).remove(name)
        yield Folder(path, prefix, tuple(sorted(names)))
        waiting += [(f"{path}/{name}", f"{prefix}{name}/", (*above, identity)) for name in sorted(folders, reverse=True)]


def stat_files(folder: str, names: tuple[str, ...]) -> tuple[dict[str, Stat], list[Skipped]]:
    """Size and time of files, and which of them are none.

    Args:
        folder: absolute path.
        names: of files in it.
    """
    stats: dict[str, Stat] = {}
    skipped = []
    for name in names:
        path = f"{folder}/{name}"
        try:
            status = os.stat(path)  # noqa: PTH116  # as above; this runs once a file
        except OSError as exc:
            link = Path(path).is_symlink()
            skipped.append(Skipped(path, "is a link that leads nowhere" if link else f"cannot be looked at: {exc.strerror}"))
            continue
        # Opening a pipe or a device would wait for ever.
        if status.st_mode & 0o170000 == 0o100000:
            stats[name] = (status.st_size, status.st_mtime_ns)
        else:
            skipped.append(Skipped(path, "is neither a file nor a folder"))
    return stats, skipped


def _list(path: str) -> tuple[list[str], list[str]]:
    """Names of files and of folders, without hidden ones."""
    names: list[str] = []
    folders: list[str] = []
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.name[0] != "." and entry.name not in _IGNORED:
                (folders if entry.is_dir() else names).append(entry.name)
    return names, folders


def _is_text(name: str) -> bool:
    if name.isascii():
        return True
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
