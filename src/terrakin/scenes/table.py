"""The source `table`: a CSV or Parquet of paths with columns of metadata."""

import os.path
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from terrakin.errors import SourceError
from terrakin.scenes.columns import date_of, labels_of, properties_of
from terrakin.scenes.offer import list_file, offer
from terrakin.scenes.options import SourceOptions
from terrakin.scenes.scene import Candidate, Scene, Skipped
from terrakin.scenes.single import open_single
from terrakin.scenes.source import SOURCES, Claim, Listing
from terrakin.scenes.stamp import stamp
from terrakin.scenes.walk import Folder, stat_files, walk

__all__ = ["TABLE", "TableSource"]


@dataclass(frozen=True, slots=True)
class TableSource:
    """A table is read only where a person names it, not where it is met in a folder.

    Its column `path` holds files, or folders of one scene's bands, relative to the table's folder and inside it. `label` or
    `labels` (a list, or text split at `;`) and `datetime` are what they say; every other column becomes a property.
    """

    name: str = "table"
    title: str = "a CSV or Parquet with a column `path`; label, labels and datetime; every other column is a property"
    turn: int = 50

    def claim(self, listing: Listing) -> Claim:
        """Read the rows of a table that was named."""
        names = [name for name in listing.files if name.lower().endswith((".csv", ".parquet"))] if listing.named else []
        return Claim(set(names), (found for name in names for found in _candidates(listing, name)))

    def open(self, candidate: Candidate) -> Scene:
        """Open a row's imagery: a file as what it is, a folder as bands."""
        return open_single(candidate) if candidate.uri == candidate.files[0] else SOURCES["bands"].open(candidate)


TABLE = TableSource()


def _candidates(listing: Listing, name: str) -> Iterator[Candidate | Skipped]:
    table = listing.path(name)
    rows_of: dict[str, int] = {}
    for number, row in enumerate(_rows(table, listing.options), start=1):
        where = f"row {number} of {name}"
        text = row["path"]
        if not text:
            yield Skipped(table, f"{where} has no path")
            continue
        path = os.path.normpath(Path(listing.folder) / text).replace(os.sep, "/")
        if not path.startswith(f"{listing.folder}/"):
            yield Skipped(path, f"{where} leads out of the table's folder: {text!r}")
        elif path in rows_of:
            yield Skipped(path, f"{where} repeats row {rows_of[path]}")
        else:
            rows_of[path] = number
            yield _candidate(listing, path, row, where)


def _candidate(listing: Listing, path: str, row: Mapping[str, Any], where: str) -> Candidate | Skipped:
    if not os.path.lexists(path):
        return Skipped(path, f"does not exist ({where})")
    found = list(_in_folder(listing, path) if Path(path).is_dir() else _file(listing, path))
    if len(found) != 1:
        return Skipped(path, f"holds {len(found)} scenes, wanted one ({where})")
    scene = found[0]
    if isinstance(scene, Skipped):
        return scene
    labels = labels_of(row, listing.options)
    date = date_of(row, listing.options)
    hidden = {name for name in (listing.options.label_column, listing.options.date_column) if name}
    properties = properties_of(row, without=hidden)
    known = {"file": scene.stamp, "labels": labels, "datetime": date, "properties": properties}
    return replace(
        scene,
        source=TABLE.name,
        stamp=stamp([], listing.options, known),
        labels=labels or scene.labels,
        datetime=date or scene.datetime,
        properties=properties,
    )


def _file(listing: Listing, path: str) -> Iterator[Candidate | Skipped]:
    listed, skipped = list_file(path, root=listing.folder, options=listing.options)
    yield from skipped
    if listed:
        yield from offer(listed, [SOURCES["raster"], SOURCES["image"]])


def _in_folder(listing: Listing, path: str) -> Iterator[Candidate | Skipped]:
    """The scene whose bands a folder holds; not what lies below it."""
    folder = next(iter(walk(path)))
    if not isinstance(folder, Folder):
        yield folder
        return
    stats, skipped = stat_files(folder.path, folder.names)
    yield from skipped
    prefix = path[len(listing.folder) + 1 :] + "/"
    yield from SOURCES["bands"].claim(Listing(listing.folder, path, prefix, stats, listing.options)).found


def _rows(path: str, options: SourceOptions) -> Iterator[dict[str, Any]]:
    """The rows of a table, typed by column.

    Raises:
        SourceError: if it cannot be read, or lacks a column that is needed.
    """
    # Reading tables is rare and Arrow is slow to import.
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    wanted = [name for name in ("path", options.label_column, options.date_column) if name]
    try:
        if path.lower().endswith(".csv"):
            # Codes such as 007 stay as they are where they are labels.
            text = dict.fromkeys([*wanted, "label", "labels", "datetime"], pa.string())
            table = pyarrow.csv.read_csv(path, convert_options=pyarrow.csv.ConvertOptions(column_types=text))
            _require(path, table.column_names, wanted)
            batches = table.to_batches()
        else:
            file = pyarrow.parquet.ParquetFile(path)
            _require(path, file.schema_arrow.names, wanted)
            batches = file.iter_batches()
        for batch in batches:
            for row in batch.to_pylist():
                yield {**row, "path": str(row["path"] or "")}
    except (pa.ArrowException, OSError) as exc:
        raise SourceError(f"table {path} cannot be read: {exc}") from exc


def _require(path: str, columns: list[str], wanted: list[str]) -> None:
    for name in wanted:
        if name not in columns:
            raise SourceError(f"table {path} has no column {name!r}; it has {', '.join(columns)}")
