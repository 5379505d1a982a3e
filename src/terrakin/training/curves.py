"""A run's curves, drawn from its log."""

from pathlib import Path

from terrakin.errors import OutputError
from terrakin.training.journal import read_journal

__all__ = ["CURVES", "draw"]

CURVES = "curves.png"
"""Name of the picture in a run's folder."""

_PANELS = (
    ("Loss", {"loss": "all terms"}, "loss_"),
    ("Retrieval, images that did not train", {"map": "mAP", "p@10": "P@10"}, ""),
    ("Retrieval, classes left out", {"left_out_map": "mAP", "left_out_p@10": "P@10"}, ""),
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
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lines = list(read_journal(log))
    held = {name for line in lines for name in line}
    # A log that was lost has no lines; the bundle is written all the same.
    panels = [panel for panel in _PANELS if held.intersection(panel[1])] or list(_PANELS[:1])
    figure = Figure(figsize=(4.2 * len(panels), 3.2), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, (title, known, start) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        names = {name: words for name, words in known.items() if name in held}
        names |= {name: name.replace("loss_", "term ") for name in sorted(held) if start and name.startswith(start)}
        for name, words in names.items():
            points = [(line["epoch"], line[name]) for line in lines if name in line]
            axes.plot(*zip(*points, strict=True), label=words, marker="." if len(points) < 30 else None)
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
        if len(names) > 1:
            axes.legend(fontsize=8)
    try:
        figure.savefig(picture, dpi=120)
    except OSError as exc:
        raise OutputError(f"cannot write {picture}: {exc.strerror or exc}") from exc
