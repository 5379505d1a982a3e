"""The demo: the whole path once, from scenes to a contact sheet."""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from terrakin.api.archive import Archive
from terrakin.archive import manifest
from terrakin.errors import SourceError
from terrakin.progress import Progress, silent

__all__ = ["Demo", "demo"]

_QUERIES = 6
"""Queries on the contact sheet."""
_HITS = 5
"""Hits a query."""


@dataclass(frozen=True, slots=True)
class Demo:
    """What a demo made."""

    scenes: Path
    """The imagery."""
    archive: Path
    """The archive."""
    chips: int
    """Chips in it."""
    sheet: Path
    """Contact sheet of queries and their hits."""
    example: str
    """Id of one of the queries."""
    precision: float | None
    """Mean P@5 over all chips, leave-one-out; None where labels are not known."""


def demo(folder: Path, *, images: Path | None = None, progress: Progress = silent) -> Demo:
    """Index scenes, search them by a few of their chips, and draw what was found; run again, it goes on where it stopped.

    Args:
        folder: gets `scenes/`, `archive/` (`archive-<name>-<hash of its path>/` for imagery of one's own) and `sheet.png`.
        images: imagery of one's own; six scenes are generated where None.
        progress: called with chips done and an estimate of all.

    Raises:
        SourceError: if there is nothing to index.
    """
    scenes = folder / "scenes" if images is None else images
    if images is None and not scenes.exists():
        _generate(scenes)
    path = folder / ("archive" if images is None else _archive_name(images))
    held = Archive.open(path) if (path / manifest.NAME).exists() else Archive.create(path)
    held.add(scenes, progress=progress)
    if not len(held):
        raise SourceError(f"nothing in {scenes} could be indexed; the reasons are in {path / 'index-report.json'}")
    queries = _choose(held)
    sheet = folder / "sheet.png"
    _draw(held, queries, sheet)
    return Demo(scenes, path, len(held), sheet, queries[0], _precision(held))


def _generate(scenes: Path) -> None:
    # The generator draws with rasterio and takes a second a scene; a user's own imagery needs none of it.
    from terrakin.datasets.generated.files import make_scenes

    # A run that is interrupted leaves a folder that no later run takes for the whole.
    partial = scenes.with_name(f".{scenes.name}.partial")
    if partial.exists():
        shutil.rmtree(partial)
    make_scenes(partial, count=6)
    partial.rename(scenes)


def _archive_name(images: Path) -> str:
    """By name and path: two folders of one name are two archives."""
    path = images.resolve()
    return f"archive-{path.name}-{hashlib.blake2b(str(path).encode(), digest_size=4).hexdigest()}"


def _choose(held: Archive) -> list[str]:
    """A few chips: one a label where there are labels, and by the hash of their ids, so that reruns show the same."""
    rows = [row for batch in held.store.scan(["id", "labels"]) for row in batch.to_pylist()]
    rows.sort(key=lambda row: hashlib.blake2b(row["id"].encode(), digest_size=8).digest())
    # Chips of a single label show best what that label looks like.
    of_label = {row["labels"][0]: row["id"] for row in reversed(rows) if len(row["labels"]) == 1}
    chosen = [name for _, name in sorted(of_label.items())][:_QUERIES]
    return chosen + [row["id"] for row in rows if row["id"] not in chosen][: _QUERIES - len(chosen)]


def _draw(held: Archive, queries: list[str], sheet: Path) -> None:
    from terrakin.views.sheet import contact_sheet, save_sheet

    save_sheet(sheet, contact_sheet([held.search(query, k=_HITS).ranking for query in queries]))


def _precision(held: Archive) -> float | None:
    if not any(labels for batch in held.store.scan(["labels"]) for labels in batch.column("labels").to_pylist()):
        return None
    return held.evaluate(measures=["p@5"], draws=1).measures["p@5"].value
