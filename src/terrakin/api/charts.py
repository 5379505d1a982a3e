"""The pictures of a report: bars by class, precision along the ranking, and the worst queries with their results.

Those of a report on robustness: a panel for each distortion.
"""

from pathlib import Path

from terrakin.archive.store import Store
from terrakin.errors import OutputError
from terrakin.evaluation.report import Report
from terrakin.evaluation.robustness.report import Robustness

__all__ = ["draw_charts", "draw_robustness"]


def draw_charts(report: Report, store: Store, folder: Path, *, title: str) -> list[Path]:
    """Draw what a report shows into `folder`, which is made where it does not exist; returns the files.

    Args:
        report: what was measured.
        store: has the thumbnails of the queries and hits.
        folder: where to.
        title: what was measured, for people.

    Raises:
        OutputError: if a file cannot be written.
    """
    from terrakin.views.page import write_worst_page
    from terrakin.views.plots import save_class_chart, save_precision_curve

    _make(folder)
    drawn = []
    # The bars show what the report leads with.
    measure = next(iter(report.measures))
    if any(measure in values for values in report.per_class.values()):
        save_class_chart(folder / "classes.png", report, measure=measure)
        drawn.append(folder / "classes.png")
    save_precision_curve(folder / "precision.png", report)
    write_worst_page(folder / "worst.html", report, _thumbnails(report, store), title=title)
    return [*drawn, folder / "precision.png", folder / "worst.html"]


def draw_robustness(report: Robustness, folder: Path) -> list[Path]:
    """Draw what a report on robustness shows into `folder`, which is made where it does not exist; returns the files.

    Raises:
        OutputError: if a file cannot be written.
    """
    from terrakin.views.robustness_plots import save_original_chart, save_robustness_chart

    _make(folder)
    save_robustness_chart(folder / "robustness.png", report)
    save_original_chart(folder / "originals.png", report)
    return [folder / "robustness.png", folder / "originals.png"]


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise OutputError(f"cannot make the folder {folder}: {exc.strerror or exc}") from exc


def _thumbnails(report: Report, store: Store) -> dict[str, bytes]:
    ids = sorted({name for query in report.worst for name in (query.id, *(hit.id for hit in query.hits))})
    thumbnails = store.take(ids, ["thumbnail"]).column("thumbnail").to_pylist() if ids else []
    return {name: picture for name, picture in zip(ids, thumbnails, strict=True) if picture is not None}
