"""Charts of robustness: a panel for each distortion, what is left over its strength."""

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from terrakin.evaluation.report import Estimate
from terrakin.evaluation.robustness.report import Bearing, Robustness, Step
from terrakin.views import wording
from terrakin.views.chart import INK, LINE, MAIN, OTHER, QUIET, chart
from terrakin.views.robustness_text import robustness_line

__all__ = ["save_original_chart", "save_robustness_chart"]

_COLUMNS = 3
"""Panels side by side."""
_COLOURS = (MAIN, OTHER)
"""Of the first and the second model."""
_MANY = 9
"""Strengths beyond which every third is written at the axis: quarters of the half circle, for rotation."""


def save_robustness_chart(path: Path, report: Robustness) -> None:
    """Mean average precision over the strength of each distortion, with its interval as a band.

    The dotted line is that of undistorted queries, at the neutral strength.

    Args:
        path: a PNG or SVG, by its ending.
        report: of one model or two, which get a colour each.

    Raises:
        OutputError: if `path` cannot be written.
    """
    _save(path, report, "mAP of distorted queries", "mAP", lambda step: step.measures["map"])


def save_original_chart(path: Path, report: Robustness) -> None:
    """Share of queries whose undistorted original is ranked first, over the strength of each distortion.

    Where the median rank of the original is no longer 1, it stands beside the point.

    Args:
        path: a PNG or SVG, by its ending.
        report: of one model or two, which get a colour each.

    Raises:
        OutputError: if `path` cannot be written.
    """
    _save(
        path,
        report,
        "Distorted queries that find their original first",
        "share of queries",
        lambda step: step.first,
        ranks=True,
    )


def _save(
    path: Path, report: Robustness, head: str, label: str, value: Callable[[Step], Estimate], *, ranks: bool = False
) -> None:
    names = list(report.distortions)
    rows = math.ceil(len(names) / _COLUMNS)
    top = 1.0 if ranks else _top(report, value)
    with chart(path, head, robustness_line(report), size=(9.6, 1.5 + 2.3 * rows)) as figure:
        panels = figure.subplots(rows, min(_COLUMNS, len(names)), squeeze=False, sharey=True).ravel()
        for axes, name in zip(panels, names, strict=False):
            for bearing, colour in zip(report.bearings, _COLOURS, strict=False):
                _curve(axes, report.distortions[name], [*bearing.of(name)], bearing, value, colour)
            if ranks:
                _ranks(axes, report, name, value)
            _dress(axes, name, report.distortions[name], top)
        for axes in panels[:: min(_COLUMNS, len(names))]:
            axes.set_ylabel(label)
        for axes in panels[len(names) :]:
            axes.set_visible(False)
        handles = [
            panels[0].plot([], [], color=colour, linewidth=2, label=wording.shorten(wording.printable(bearing.name), 48))[0]
            for bearing, colour in zip(report.bearings, _COLOURS, strict=False)
        ]
        figure.legend(handles=handles, loc="outside upper right", ncols=2, frameon=False)


def _top(report: Robustness, value: Callable[[Step], Estimate]) -> float:
    """The end of the scale: the next tenth above everything that is drawn."""
    highest = max(value(step).high for bearing in report.bearings for step in (bearing.reference, *bearing.steps))
    return min(1.0, math.ceil(10 * highest + 0.2) / 10)


def _curve(
    axes: Any,
    facts: Mapping[str, Any],
    steps: Sequence[Step],
    bearing: Bearing,
    value: Callable[[Step], Estimate],
    colour: str,
) -> None:
    points = sorted([(facts["neutral"], value(bearing.reference)), *((step.strength, value(step)) for step in steps)])
    x = [strength for strength, _ in points]
    axes.axhline(value(bearing.reference).value, color=colour, linewidth=0.9, linestyle=(0, (1, 2)), zorder=2)
    low, high = ([getattr(estimate, end) for _, estimate in points] for end in ("low", "high"))
    axes.fill_between(x, low, high, color=colour, alpha=0.16, linewidth=0, zorder=1)
    axes.plot(x, [estimate.value for _, estimate in points], color=colour, linewidth=1.8, marker="o", markersize=3.2, zorder=3)


def _ranks(axes: Any, report: Robustness, name: str, value: Callable[[Step], Estimate]) -> None:
    """The median rank where a curve is lowest, if it is not 1."""
    for number, (bearing, colour) in enumerate(zip(report.bearings, _COLOURS, strict=False)):
        worst = min(bearing.of(name), key=lambda step: value(step).value)
        if worst.median_rank > 1:
            rank = f"{worst.median_rank:,.1f}".removesuffix(".0")
            words = f"median rank {rank} at {worst.strength:g}"
            axes.text(0.03, 0.05 + 0.09 * number, words, transform=axes.transAxes, color=colour, fontsize=8, zorder=4)


def _dress(axes: Any, name: str, facts: Mapping[str, Any], top: float) -> None:
    axes.set_title(name, loc="left", fontsize=10, fontweight="bold", color=INK)
    axes.set_xlabel(facts["unit"], fontsize=8.5, color=QUIET)
    axes.axvline(facts["neutral"], color=LINE, linewidth=1, zorder=0)
    if len(facts["strengths"]) > _MANY:
        axes.set_xticks(sorted([*facts["strengths"], facts["neutral"]])[::3])
    axes.set_ylim(0, 1.03 * top)
    axes.tick_params(length=0, labelsize=8.5)
    axes.grid(axis="y", color=LINE, linewidth=0.7)
    axes.set_axisbelow(True)
