"""Run benchmarks and write `benchmarks/results/<name>.json` and `benchmarks/results/README.md`.

python -m benchmarks                 # all, at full size
python -m benchmarks index search    # some; results of the others stay as they are
python -m benchmarks --small         # at a size that takes a minute, into benchmarks/results/small/
"""

import argparse
from pathlib import Path

from benchmarks import codes, codesets, indexing, searching, starting, training
from benchmarks.record import page, write_record
from benchmarks.result import table

RESULTS = Path(__file__).parent / "results"

SUITES = {
    "index": indexing.measure,
    "search": searching.measure,
    "codes": codes.measure,
    "codesets": codesets.measure,
    "start": starting.measure,
    "train": training.measure,
}


def main() -> None:
    """Run what was asked for."""
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
        write_record(folder, name, rows)
        print(table(name, rows), flush=True)
    (folder / "README.md").write_text(page(folder, list(SUITES)), encoding="utf-8")


if __name__ == "__main__":
    main()
