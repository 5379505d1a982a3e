"""How long commands take from nothing to the prompt."""

import sys
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.archives import chip_id, make_archive
from benchmarks.result import Row
from benchmarks.timing import alternating, process
from terrakin.spaces.space import Space

_WIDTHS = {256: " (the default model's)", 1280: " (imagenet-mobilenetv2's)"}


def measure(*, small: bool) -> list[Row]:
    """`--help`, and one-shot searches of two archives, beside what Python and the engines take by themselves."""
    count = 2_000 if small else 10_000
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory(prefix="terrakin-bench-") as scratch:
        archives = {width: Path(scratch) / str(width) for width in _WIDTHS}
        for width, path in archives.items():
            make_archive(path, Space("cosine", width), count, rng=rng, thumbnails=True)
        python, query = sys.executable, chip_id(count // 2)
        works = {
            "nothing": process(python, "-c", "pass"),
            "engines": process(python, "-c", "import lance, faiss"),
            "help": process(python, "-m", "terrakin", "--help"),
            **{str(width): process(python, "-m", "terrakin", "search", path, query) for width, path in archives.items()},
        }
        taken = alternating(works, repeat=5)
    aim = "figure < 1.2 s"
    return [
        Row("`terrakin --help`", taken["help"], "s", "`python -c pass`", taken["nothing"], "figure < 0.3 s"),
        *(
            Row(
                f"`terrakin search`, {count:,} x {width}{note}",
                taken[str(width)],
                "s",
                "importing Lance and FAISS",
                taken["engines"],
                aim,
            )
            for width, note in _WIDTHS.items()
        ),
    ]
