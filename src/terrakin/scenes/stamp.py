"""Whether a scene has changed: a cheap stamp from file sizes and times, and a fingerprint of its content."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any

from terrakin.errors import SceneError
from terrakin.scenes.options import SourceOptions

__all__ = ["Stat", "fingerprint", "stamp", "stat_file"]

Stat = tuple[int, int]
"""(size in bytes, modification time in nanoseconds since 1970)."""

_BLOCK = 1 << 20
"""Bytes read at once; scenes are larger than memory."""


def stamp(files: Iterable[Stat], options: SourceOptions, metadata: Mapping[str, Any] | None = None) -> str:
    """A hex digest that changes with a file's size or time, with the metadata that are known without opening, or the options.

    Args:
        files: of the scene, in reading order.
        options: how the scene is to be read.
        metadata: labels, datetime and properties from a table or item; plain values and dates.
    """
    digest = blake2b(f"{options.labels}\0{options.dates}\0{[*files]}".encode(), digest_size=16)
    if metadata:
        digest.update(_json(metadata))
    return digest.hexdigest()


def stat_file(path: str) -> Stat:
    """Size and modification time of a file.

    Raises:
        OSError: if there is none.
    """
    status = os.stat(path)  # noqa: PTH116  # a Path costs more than the call, for each of 100,000 files
    return (status.st_size, status.st_mtime_ns)


def fingerprint(files: Sequence[str], metadata: Mapping[str, Any]) -> str:
    """A hex digest of the content of files and of metadata; equal for equal content, wherever it lies.

    Args:
        files: absolute paths, in reading order.
        metadata: what else chips depend on; plain values and dates.

    Raises:
        SceneError: if a file cannot be read.
    """
    digest = blake2b(_json(metadata), digest_size=16)
    buffer = memoryview(bytearray(_BLOCK))
    for path in files:
        size = 0
        try:
            with Path(path).open("rb", buffering=0) as file:
                while count := file.readinto(buffer):
                    digest.update(buffer[:count])
                    size += count
        except OSError as exc:
            raise SceneError(f"{path} cannot be read: {exc.strerror}") from exc
        digest.update(size.to_bytes(8, "little"))  # keeps the border between two files
    return digest.hexdigest()


def _json(metadata: Mapping[str, Any]) -> bytes:
    return json.dumps(metadata, sort_keys=True, default=str).encode()
