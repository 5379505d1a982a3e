"""A run's log: JSON lines, one for a stretch of steps or a validation."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from terrakin.errors import TrainingError

__all__ = ["Journal", "read_journal"]


class Journal:
    """Appends lines to a file; lines of steps that are about to be done again are taken out first."""

    def __init__(self, path: Path, *, first: int) -> None:
        """Open the journal of a run that goes on at step `first`."""
        kept = [line for line in read_journal(path) if line["step"] <= first] if path.is_file() and first else []
        self._path = path
        beside = path.with_name(f"{path.name}.new")
        try:
            # In one move: a kill here must not cost the lines of a run of days.
            beside.write_text("".join(json.dumps(line) + "\n" for line in kept), encoding="utf-8")
            beside.replace(path)
        except OSError as exc:
            raise TrainingError(f"cannot write {path}: {exc.strerror or exc}") from exc

    def write(self, **line: Any) -> None:
        """Append one line; `step` is the number of steps that were done."""
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as exc:
            raise TrainingError(f"cannot write {self._path}: {exc.strerror or exc}") from exc


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a journal; a last line that was cut off by a kill is left out."""
    for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            yield json.loads(text)
        except json.JSONDecodeError:
            return
