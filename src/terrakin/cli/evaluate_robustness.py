"""`terrakin evaluate --robustness`: measured quality of distorted queries."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from terrakin.api.archive import Archive
    from terrakin.evaluation.robustness.report import Robustness

__all__ = ["measure_robustness"]


def measure_robustness(
    archive: "Archive",
    other: "Archive | None",
    *,
    distortions: Sequence[str] | None,
    queries: int | None,
    relevance: str | None,
    names: Sequence[str] | None,
    seed: int,
    quiet: bool,
) -> "Robustness":
    """Measure and print; arguments are the options of the command, and what the two are called."""
    from terrakin.progress import bar
    from terrakin.views.robustness_text import print_robustness

    with bar("Distorting", unit="images", quiet=quiet) as progress:
        report = archive.robustness(
            other,
            distortions=distortions,
            queries=queries,
            relevance=relevance,
            names=names,
            seed=seed,
            progress=progress,
        )
    print_robustness(report, sys.stdout)
    return report
