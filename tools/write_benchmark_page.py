"""Put the measured figures into `docs/benchmarks.md`, between its marks; run it after `make bench`.

    python tools/write_benchmark_page.py

The figures are those of `benchmarks/results/README.md`. Where that file is not there, the page says how to make it.
"""

import re
from pathlib import Path

__all__ = ["PAGE", "RESULTS", "figures", "filled"]

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
RESULTS = ROOT / "benchmarks" / "results" / "README.md"

_PLACE = re.compile(r"(<!-- figures -->\n).*?(<!-- end -->)", re.DOTALL)


def filled(text: str, results: str | None) -> str:
    r"""The page with `results`, the text of a results file, or with a sentence where there is none.

    >>> filled("<!-- figures -->\nold\n<!-- end -->", "# Results\n\nWritten.\n\n## index\n\n| a |")
    '<!-- figures -->\n\nWritten.\n\n### index\n\n| a |\n\n<!-- end -->'
    """
    return _PLACE.sub(lambda place: f"{place[1]}\n{figures(results)}\n\n{place[2]}", text)


def figures(results: str | None) -> str:
    """A results file without its title, its headings one level further down."""
    if results is None:
        return "No figures were measured yet: run `make bench`, then `python tools/write_benchmark_page.py`."
    body = re.sub(r"\A# .*\n", "", results).strip()
    return re.sub(r"^#", "##", body, flags=re.MULTILINE)


if __name__ == "__main__":
    measured = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else None
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), measured), encoding="utf-8")
