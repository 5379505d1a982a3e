"""A run's curves, drawn from its log, and those of self-training over its iterations."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from terrakin.errors import OutputError
from terrakin.training.journal import read_journal
from terrakin.training.tally import Tally

__all__ = ["CURVES", "draw", "draw_tallies"]

CURVES = "curves.png"
"""Name of the picture in a run's folder."""

_RETRIEVAL = {"map": "mAP", "p@10": "P@10", "label-recall@10": "label recall@10"}

_PANELS = (
    ("Loss", {"loss": "all terms"}, "loss_"),
    ("Retrieval, images that did not train", _RETRIEVAL, ""),
    ("Retrieval, classes left out", {f"left_out_{name}": words for name, words in _RETRIEVAL.items()}, ""),
    ("Learning rate", {"learning_rate": "backbone"}, ""),
)
# Title, the figures with their words, and the beginning of the names of further ones.


def draw(log: Path, picture: Path) -> None:
    """Draw loss, retrieval and learning rate over epochs.

    Args:
        log: of the run, JSON lines.
        picture: PNG to write.

    Raises:
        OutputError: if it cannot be written.
    """
    lines = list(read_journal(log))
    held = {name for line in lines for name in line}
    # A log that was lost has no lines; the bundle is written all the same.
    panels = [panel for panel in _PANELS if held.intersection(panel[1])] or list(_PANELS[:1])
    figure, places = _figure(len(panels))
    for axes, (title, known, start) in zip(places, panels, strict=True):
        names = {name: words for name, words in known.items() if name in held}
        names |= {name: name.replace("loss_", "term ") for name in sorted(held) if start and name.startswith(start)}
        for name, words in names.items():
            points = [(line["epoch"], line[name]) for line in lines if name in line]
            axes.plot(*zip(*points, strict=True), label=words, marker="." if len(points) < 30 else None)
        _finish(axes, title, "epoch", legend=len(names) > 1)
    _save(figure, picture)


def draw_tallies(tallies: Sequence[Tally], picture: Path) -> None:
    """Draw over iterations how many images of the pool were labelled, and how many of these labels are right.

    Args:
        tallies: of the iterations, in order; at least one.
        picture: PNG to write.

    Raises:
        OutputError: if it cannot be written.
    """
    known = any(one.known for one in tallies)
    figure, places = _figure(2 if known else 1)
    numbers = [one.iteration for one in tallies]
    places[0].plot(numbers, [one.chosen for one in tallies], marker=".")
    places[0].set_ylim(bottom=0)
    _finish(places[0], f"Labelled by the network, of {tallies[-1].pool:,}", "iteration", legend=False)
    if known:
        for words, part in (
            ("true class among the labelled", [one.with_counterpart for one in tallies]),
            ("label is right", [one.right for one in tallies]),
        ):
            shares = [count / one.known if one.known else 0.0 for count, one in zip(part, tallies, strict=True)]
            places[1].plot(numbers, shares, label=words, marker=".")
        places[1].set_ylim(0, 1)
        _finish(places[1], "Share of these", "iteration", legend=True)
    for axes in places:
        axes.set_xticks(numbers)
    _save(figure, picture)


def _figure(panels: int) -> tuple[Any, Any]:
    """A figure of panels side by side, and the panels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2 * panels, 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots(1, panels, squeeze=False)[0]


def _finish(axes: Any, title: str, below: str, *, legend: bool) -> None:
    axes.set_title(title, fontsize=10)
    axes.set_xlabel(below)
    axes.grid(alpha=0.3)
    if legend:
        axes.legend(fontsize=8)


def _save(figure: Any, picture: Path) -> None:
    try:
        figure.savefig(picture, dpi=120)
    except OSError as exc:
        raise OutputError(f"cannot write {picture}: {exc.strerror or exc}") from exc
