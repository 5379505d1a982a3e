"""Results on disk: a JSON file a suite, and all of them as one page."""

import json
import platform
from collections.abc import Sequence
from pathlib import Path

from benchmarks.machine import machine
from benchmarks.result import Row, table


def write_record(folder: Path, name: str, rows: Sequence[Row]) -> None:
    """Write a suite's rows, with the machine that they were measured on, in place of those of an earlier run."""
    record = {"machine": machine(), "python": platform.python_version(), "rows": [row.to_json() for row in rows]}
    (folder / f"{name}.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def page(folder: Path, names: Sequence[str]) -> str:
    """The results in a folder in Markdown, suite by suite; a suite that was never run is left out."""
    parts = [
        "# Results\n\nWritten by `make bench`. Both figures of a ratio are of one run, taken in turns on the machine named.\n"
    ]
    for name in names:
        path = folder / f"{name}.json"
        if path.exists():
            record = json.loads(path.read_text(encoding="utf-8"))
            rows = [Row.from_json(values) for values in record["rows"]]
            parts.append(f"{table(name, rows)}\n{record['machine']}, Python {record['python']}\n")
    return "\n".join(parts)
