"""The report of a run of indexing: what it did, and what was not taken in."""

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path

from terrakin.archive.manifest import now, replace_file
from terrakin.archive.recall import Recall
from terrakin.scenes.scene import Skipped

__all__ = ["NAME", "Summary", "write_report"]

NAME = "index-report.json"
"""The report's file name inside an archive."""


@dataclass(slots=True)
class Summary:
    """What one run of indexing did."""

    added: int = 0
    """Scenes that are new in the archive."""
    replaced: int = 0
    """Scenes whose content had changed."""
    unchanged: int = 0
    """Scenes that the archive held already."""
    removed: int = 0
    """Scenes that have vanished from their source and were dropped."""
    vanished: int = 0
    """Scenes that have vanished and are still held."""
    chips: int = 0
    """Chips that were added."""
    left_out: int = 0
    """Windows without enough valid pixels."""
    skipped: list[Skipped] = field(default_factory=list)
    """What was not taken in, in this run or, unchanged since, in an earlier one."""
    seconds: float = 0.0
    """Time of the whole run, with whatever was fitted."""
    recall: Recall | None = None
    """Measured share of true neighbours that the approximate index finds; None where search is exhaustive."""


def write_report(archive: Path, summary: Summary) -> None:
    """Write the report of a run, every skipped file with its reason."""
    replace_file(archive / NAME, json.dumps({"written": now(), **dataclasses.asdict(summary)}, indent=2) + "\n")
