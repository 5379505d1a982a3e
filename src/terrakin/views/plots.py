"""Charts of a report: one measure for every class, and precision along the ranking."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from terrakin.evaluation.names import parse_name, title
from terrakin.evaluation.report import Report
from terrakin.views import wording
from terrakin.views.chart import BAND, INK, LINE, MAIN, QUIET, chart
from terrakin.views.report_text import protocol_line

__all__ = ["save_class_chart", "save_precision_curve"]


def save_class_chart(path: Path, report: Report, *, measure: str) -> None:
    """Bars of `measure` for every class, the largest first, with the mean of all queries and its interval behind them.

    Args:
        path: a PNG or SVG, by its ending.
        report: must have classes.
        measure: name of one of its measures.

    Raises:
        ValueError: if the report has no classes, or lacks the measure in every one.
        OutputError: if `path` cannot be written.
    """
    values = {label: means[measure] for label, means in report.per_class.items() if measure in means}
    if not values:
        raise ValueError(f"the report has no {measure} of any class")
    ranked = sorted(values.items(), key=lambda item: (-item[1], item[0]))
    names = [wording.shorten(wording.printable(label), 32) for label, _ in ranked]
    estimate = report.measures[measure]
    level = 100 * report.protocol["interval"]["level"]
    words = f"line: mean {estimate.value:.3f}, band: {level:g} % interval {estimate.low:.3f} to {estimate.high:.3f}"
    with _figure(path, report, f"{title(measure)} by class", words, size=(7.6, 2.1 + 0.27 * len(ranked))) as axes:
        axes.axvspan(estimate.low, estimate.high, color=BAND, linewidth=0, zorder=1)
        axes.axvline(estimate.value, color=INK, linewidth=1, zorder=3)
        places = range(len(ranked))
        axes.barh(places, [value for _, value in ranked], height=0.68, color=MAIN, zorder=2)
        for place, (_, value) in zip(places, ranked, strict=True):
            # On paper, so that the line of the mean does not cross the figure.
            paper = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}
            axes.text(value + 0.01, place, f"{value:.3f}", va="center", color=QUIET, fontsize=8.5, zorder=4, bbox=paper)
        axes.set_yticks(places, names, color=INK)
        axes.set_ylim(len(ranked) - 0.4, -0.6)
        axes.set_xlim(min(0.0, *(value for _, value in ranked)), max(1.0, ranked[0][1]) * 1.07)
        axes.set_xlabel(title(measure))
        axes.spines["left"].set_visible(False)


def save_precision_curve(path: Path, report: Report) -> None:
    """Mean precision after each of the first hits, with the intervals and ceilings of the `p@k` that were measured.

    A ceiling is the largest P@k that any ranking of this gallery can reach: classes of fewer than k chips keep it below 1.

    Args:
        path: a PNG or SVG, by its ending.
        report: what was measured.

    Raises:
        ValueError: if the report has no precision curve.
        OutputError: if `path` cannot be written.
    """
    if not report.precision_curve:
        raise ValueError("the report has no precision curve")
    cutoffs = sorted(report.precision_curve)
    measured = {}
    for name, estimate in report.measures.items():
        parsed = parse_name(name)
        if parsed.family == "p" and parsed.cutoff is not None and not parsed.options:
            measured[parsed.cutoff] = estimate
    ceilings = {int(name.removeprefix("p@")): value for name, value in report.ceilings.items()}
    words = f"mean over {report.protocol['queries']} queries"
    with _figure(path, report, "Precision along the ranking", words, size=(7.6, 4.6)) as axes:
        axes.plot(cutoffs, [report.precision_curve[k] for k in cutoffs], color=MAIN, linewidth=2, label="mean P@k", zorder=3)
        if measured:
            level = 100 * report.protocol["interval"]["level"]
            ks = sorted(measured)
            value, low, high = ([getattr(measured[k], end) for k in ks] for end in ("value", "low", "high"))
            reach = [[v - lo for v, lo in zip(value, low, strict=True)], [hi - v for v, hi in zip(value, high, strict=True)]]
            axes.errorbar(
                ks, value, yerr=reach, fmt="o", color=MAIN, markersize=4.5, capsize=4, label=f"{level:g} % interval", zorder=4
            )
        if ceilings:
            ks = sorted(ceilings)
            tops = [ceilings[k] for k in ks]
            axes.plot(ks, tops, color=QUIET, linestyle="--", linewidth=1, marker="_", markersize=12, label="ceiling", zorder=2)
        axes.set_xlabel("k, hits looked at")
        axes.set_ylabel("P@k")
        axes.set_xlim(0, cutoffs[-1] * 1.02)
        axes.set_ylim(0, 1.04)
        axes.grid(axis="y", color=LINE, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.legend(frameon=False, loc="lower left")


@contextmanager
def _figure(path: Path, report: Report, head: str, words: str, *, size: tuple[float, float]) -> Iterator[Any]:
    """Axes to draw on; what is drawn is written to `path`, with a title above and the protocol beneath."""
    with chart(path, head, protocol_line(report), size=size) as figure:
        axes = figure.subplots()
        yield axes
        axes.tick_params(length=0)
        axes.set_title(words, loc="left", fontsize=9, color=QUIET)
