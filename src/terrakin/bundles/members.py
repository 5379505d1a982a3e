"""The files of a bundle: read from a folder or a zip that a stranger made, written whole or not at all."""

import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

from terrakin.errors import BundleError

__all__ = ["CARD", "HASHER", "MODEL", "MULTICODE", "PASSPORT", "REDUCER", "read_members", "unzip", "write_members"]

PASSPORT = "passport.json"
MODEL = "model.onnx"
REDUCER = "reducer.npz"
HASHER = "hasher.npz"
MULTICODE = "multicode.npz"
CARD = "card.md"

_LARGEST = MappingProxyType(
    {PASSPORT: 1 << 16, MODEL: 1 << 29, REDUCER: 1 << 28, HASHER: 1 << 28, MULTICODE: 1 << 28, CARD: 1 << 20}
)
# Bytes. Everything is read into memory, so what a stranger can make us read has a limit; 512 MB is a network of 130 million
# float32 weights, more than a laptop's CPU is asked to run.

_OPTIONAL = (REDUCER, HASHER, MULTICODE)

_UNREADABLE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, RuntimeError, ValueError, MemoryError)
# What zipfile raises on hostile or broken input: encrypted members and unknown flags are a RuntimeError.


def read_members(path: Path) -> dict[str, bytes]:
    """Contents of a bundle's files by name; only what the passport need not name may be missing.

    Nothing is unpacked to disk. A folder may hold other files, which are not read; a zip may not.

    Raises:
        BundleError: if there is nothing at `path`, a file is missing, too large or unreadable, or a zip holds anything else.
    """
    if path.is_dir():
        members = {name: _read_file(path / name, limit) for name, limit in _LARGEST.items() if (path / name).exists()}
    elif path.is_file():
        members = _read_zip(path)
    else:
        raise BundleError(f"there is no bundle at {str(path)!r}; give a folder or .zip of {', '.join(_LARGEST)}")
    if missing := [name for name in _LARGEST if name not in members and name not in _OPTIONAL]:
        raise BundleError(f"{str(path)!r} is not a bundle: it lacks {', '.join(missing)}")
    return members


def unzip(file: BinaryIO, largest: Mapping[str, int], where: str) -> dict[str, bytes]:
    """Contents of a zip's members by name, if it holds only the names and sizes that are expected.

    Args:
        file: the zip, open.
        largest: names that it may hold, and the most bytes of each, unpacked.
        where: what is read, for messages.

    Raises:
        BundleError: naming the member that is too much, too large, given twice or broken.
    """
    members: dict[str, bytes] = {}
    try:
        with zipfile.ZipFile(file) as archive:
            for info in archive.infolist():
                if info.filename not in largest:
                    raise BundleError(f"{where} holds {info.filename!r}; expected at its top only {', '.join(largest)}")
                if info.filename in members:
                    raise BundleError(f"{where} holds {info.filename!r} twice")
                if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise BundleError(f"{info.filename} in {where} is packed by method {info.compress_type}; use deflate")
                with archive.open(info) as member:
                    # The size that a zip declares may be a lie; one byte more than the limit is enough to know.
                    content = member.read(largest[info.filename] + 1)
                members[info.filename] = _within(content, largest[info.filename], f"{info.filename} in {where}")
    except _UNREADABLE as exc:
        raise BundleError(f"{where} is not a readable zip: {exc}") from exc
    return members


def write_members(path: Path, members: Mapping[str, bytes]) -> None:
    """Write a bundle to `path`: a zip where it ends in `.zip`, else a folder. It appears whole or not at all.

    Raises:
        BundleError: if there is something at `path` already, or it cannot be written.
    """
    if path.exists():
        raise BundleError(f"{str(path)!r} exists; give a new name or remove it first")
    try:
        with _appearing_at(path) as partial:
            if path.suffix.lower() == ".zip":
                _write_zip(partial, members)
            else:
                partial.mkdir()
                for name, content in members.items():
                    (partial / name).write_bytes(content)
    except OSError as exc:
        raise BundleError(f"cannot write {str(path)!r}: {exc.strerror or exc}") from exc


@contextmanager
def _appearing_at(path: Path) -> Iterator[Path]:
    """A path to write to, moved to `path` when all went well and removed when not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # In the same folder: a move within one file system is one step.
    nursery = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        yield nursery / path.name
        (nursery / path.name).rename(path)
    finally:
        shutil.rmtree(nursery)


def _write_zip(path: Path, members: Mapping[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            # A ZipInfo of its own dates every member to 1980, so equal bundles are equal files.
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def _read_zip(path: Path) -> dict[str, bytes]:
    try:
        with path.open("rb") as file:
            # A zip of a billion empty members is all table of contents, which zipfile reads before it can be asked anything.
            if path.stat().st_size > sum(_LARGEST.values()):
                raise BundleError(f"{str(path)!r} is larger than a bundle can be")
            return unzip(file, _LARGEST, str(path))
    except OSError as exc:
        raise BundleError(f"cannot read {str(path)!r}: {exc.strerror or exc}") from exc


def _read_file(path: Path, limit: int) -> bytes:
    if not path.is_file():
        raise BundleError(f"{str(path)!r} is not a file")
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as exc:
        raise BundleError(f"cannot read {str(path)!r}: {exc.strerror or exc}") from exc
    return _within(content, limit, str(path))


def _within(content: bytes, limit: int, where: str) -> bytes:
    if len(content) > limit:
        raise BundleError(f"{where} is larger than the {limit:,} bytes that it may have")
    return content
