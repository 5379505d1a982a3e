"""The report file of an archive: what the last run of indexing did, and what was not taken in."""

import dataclasses
import json
from pathlib import Path

from terrakin.archive.index import Summary
from terrakin.archive.manifest import now, replace_file

__all__ = ["NAME", "write_report"]

NAME = "index-report.json"
"""The report's file name inside an archive."""


def write_report(archive: Path, summary: Summary) -> None:
    """Write the report of a run, every skipped file with its reason."""
    replace_file(archive / NAME, json.dumps({"written": now(), **dataclasses.asdict(summary)}, indent=2) + "\n")
