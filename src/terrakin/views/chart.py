"""What all charts have in common: colours, type, a title above and the protocol beneath."""

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from terrakin.errors import OutputError
from terrakin.views.output import written

__all__ = ["BAND", "INK", "LINE", "MAIN", "OTHER", "QUIET", "chart"]

INK, QUIET, MAIN, OTHER, BAND, LINE = "#1b2430", "#66717f", "#2f6fb0", "#c8642a", "#b9d2ea", "#dfe4ea"
_PAD = 0.14
"""Empty margin in inches."""

_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": QUIET,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "axes.spines.top": False,
    "axes.spines.right": False,
    # Labels are strangers' texts: a dollar sign must not begin a formula.
    "text.parse_math": False,
    # Names inside an SVG are drawn from this and not from chance.
    "svg.hashsalt": "terrakin",
}


@contextmanager
def chart(path: Path, head: str, foot: str, *, size: tuple[float, float]) -> Iterator[Any]:
    """A matplotlib figure to draw on; it is written to `path` when the block ends well.

    Args:
        path: a PNG or SVG, by its ending.
        head: the title.
        foot: what the figures depend on, in small letters beneath.
        size: width and height in inches.

    Raises:
        OutputError: if `path` cannot be written.
    """
    kind = path.suffix.lower().removeprefix(".")
    if kind not in ("png", "svg"):
        raise OutputError(f"cannot write {path}: a chart ends in .png or .svg; give such a path")
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    # A figure of its own, not pyplot's: nothing global is touched and no window can open.
    with rc_context(_STYLE):
        figure = Figure(figsize=size, layout=ConstrainedLayoutEngine(w_pad=_PAD, h_pad=_PAD), facecolor="white")
        FigureCanvasAgg(figure)
        yield figure
        left = _PAD / size[0]
        figure.suptitle(head, x=left, ha="left", fontsize=12.5, fontweight="bold")
        figure.supxlabel(textwrap.fill(foot, round(14.7 * size[0])), x=left, ha="left", fontsize=7.5, color=QUIET)
        with written(path) as partial, partial.open("wb") as file:
            # Without a date equal charts are equal files.
            figure.savefig(file, format=kind, dpi=160, metadata={"Date": None} if kind == "svg" else {})
