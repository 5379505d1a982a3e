"""The tables of a report on robustness, for Markdown and for terminals: cells as text, the head first."""

from collections.abc import Iterator

from terrakin.evaluation.names import title
from terrakin.evaluation.report import Estimate
from terrakin.evaluation.robustness.report import NONE, Bearing, Robustness, Step

__all__ = ["Rows", "means", "strengths"]

Rows = list[tuple[str, ...]]


def means(report: Robustness) -> Rows:
    """A row for the undistorted reference, for the mean over all distortions, and for the mean over the strengths of each."""
    head = "mean over strengths"
    first = report.bearings[0]
    named = {NONE: first.reference.measures, **first.means}
    if not report.differences:
        rows = [(name, *(cell for one in estimates.values() for cell in _cells(one))) for name, estimates in named.items()]
        return [(head, *(cell for name in first.reference.measures for cell in (title(name), "interval"))), *rows]
    second = report.bearings[1]
    others = {NONE: second.reference.measures, **second.means}
    rows = [
        (
            name,
            f"{named[name]['map'].value:.3f}",
            f"{others[name]['map'].value:.3f}",
            f"{difference['map'].value:+.3f}",
            f"{difference['map'].low:+.3f} – {difference['map'].high:+.3f}",
        )
        for name, difference in report.differences.items()
    ]
    return [(head, f"mAP {first.name}", f"mAP {second.name}", "difference", "interval"), *rows]


def strengths(report: Robustness, distortion: str) -> Rows:
    """A row for each strength of a distortion and each model, the reference at the neutral strength among them."""
    facts = report.distortions[distortion]
    two = len(report.bearings) > 1
    unit = f" ({facts['unit']})" if facts["unit"] else ""
    model = ("model",) if two else ()
    rows = [
        (f"{strength:g}", *((bearing.name,) if two else ()), *_row(step))
        for strength in sorted([*facts["strengths"], facts["neutral"]])
        for bearing, step in _at(report, distortion, strength)
    ]
    return [(f"{distortion}{unit}", *model, "mAP", "interval", "lost", "P@10", "original first", "median rank"), *rows]


def _at(report: Robustness, distortion: str, strength: float) -> Iterator[tuple[Bearing, Step]]:
    for bearing in report.bearings:
        yield bearing, next((one for one in bearing.of(distortion) if one.strength == strength), bearing.reference)


def _row(step: Step) -> tuple[str, ...]:
    lost = "" if step.distortion == NONE else f"{step.lost['map'].value:.3f}"
    return (
        *_cells(step.measures["map"]),
        lost,
        f"{step.measures['p@10'].value:.3f}",
        f"{step.first.value:.3f}",
        f"{step.median_rank:g}",
    )


def _cells(estimate: Estimate) -> tuple[str, str]:
    return f"{estimate.value:.3f}", f"{estimate.low:.3f} – {estimate.high:.3f}"
