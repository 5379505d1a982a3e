"""Run benchmarks and write `benchmarks/results/<name>.json` and `benchmarks/results/README.md`.

python -m benchmarks                 # all, at full size
python -m benchmarks index search    # some
python -m benchmarks --small         # all, at a size that takes a minute, into benchmarks/results/small/
"""

import argparse
import json
import platform
from pathlib import Path

from benchmarks import indexing, searching, starting
from benchmarks.machine import machine
from benchmarks.result import Row, table

RESULTS = Path(__file__).parent / "results"

SUITES = {"index": indexing.measure, "search": searching.measure, "start": starting.measure}


def main() -> None:
    """Run what was asked for; results of the others stay as they are."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(SUITES)}; all where none is named")
    parser.add_argument("--small", action="store_true", help="a size that takes a minute, for trying the benchmarks out")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(SUITES)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(SUITES)}")
    folder = RESULTS / "small" if arguments.small else RESULTS
    folder.mkdir(parents=True, exist_ok=True)
    for name in arguments.names or SUITES:
        rows = SUITES[name](small=arguments.small)
        record = {"machine": machine(), "python": platform.python_version(), "rows": [row.to_json() for row in rows]}
        (folder / f"{name}.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        print(table(name, rows), flush=True)
    (folder / "README.md").write_text(page(folder), encoding="utf-8")


def page(folder: Path) -> str:
    """The results in a folder as one Markdown page."""
    parts = [
        "# Results\n\nWritten by `make bench`. Both figures of a ratio are of one run, taken in turns on the machine named.\n"
    ]
    for name in SUITES:
        path = folder / f"{name}.json"
        if path.exists():
            record = json.loads(path.read_text(encoding="utf-8"))
            rows = [Row.from_json(values) for values in record["rows"]]
            parts.append(f"{table(name, rows)}\n{record['machine']}, Python {record['python']}\n")
    return "\n".join(parts)


if __name__ == "__main__":
    main()
