"""The ledger: which scenes an archive has dealt with, so that work goes on where it stopped."""

import dataclasses
import datetime as dt
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from terrakin.archive.lance_errors import translated
from terrakin.archive.lance_table import is_table
from terrakin.archive.schema import SCENES
from terrakin.chips.scaling import ValueRange
from terrakin.scenes.scene import Band, Scene, Skipped

__all__ = ["Entry", "Ledger", "Record"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What must be remembered of a scene to know whether it changed."""

    key: str
    """Head of its chips' ids."""
    source: str
    """Path that was indexed when it was found."""
    stamp: str
    """As in `Candidate`, when it was dealt with."""
    fingerprint: str | None
    """As in `Scene`; None where it could not be opened."""
    skipped: bool
    """True where it was not taken in."""


@dataclass(frozen=True, slots=True)
class Record:
    """A scene that has been dealt with: taken in with its value range, or skipped with a reason."""

    uri: str
    """As in `Candidate`."""
    key: str
    """As in `Candidate`, made unique in the archive."""
    source: str
    """Path that was indexed when it was found."""
    stamp: str
    """As in `Candidate`."""
    chips: int = 0
    """How many chips it gave."""
    scene: Scene | None = None
    """None where it could not be opened."""
    value_range: ValueRange | None = None
    """What was mapped to [0, 1] when its chips were read."""
    reason: str | None = None
    """Why it was skipped; None where it was taken in."""


class Ledger:
    """The `scenes` table of an archive: one row a scene, written after the scene's last chip."""

    def __init__(self, path: Path) -> None:
        """Open the table at `path`, or make it with the first record."""
        import lance

        self._path = path
        with translated(path):
            self._table = lance.dataset(str(path)) if is_table(path) else None

    def entries(self) -> dict[str, Entry]:
        """Every scene by uri."""
        return {
            row["uri"]: Entry(row["key"], row["source"], row["stamp"], row["fingerprint"], row["state"] == "skipped")
            for batch in self._batches(["uri", "key", "source", "stamp", "fingerprint", "state"])
            for row in batch.to_pylist()
        }

    def skipped(self) -> Iterator[Skipped]:
        """Every scene that was not taken in, with the reason."""
        for batch in self._batches(["uri", "reason"], "state = 'skipped'"):
            for row in batch.to_pylist():
                yield Skipped(row["uri"], row["reason"])

    def scenes(self, uris: Sequence[str] | None = None) -> Iterator[tuple[Scene, ValueRange]]:
        """Complete scenes as they were read; all, or those of `uris`."""
        condition = "state = 'complete'"
        if uris is not None:
            condition += f" AND uri IN ({', '.join(map(_quoted, uris))})"
        for batch in self._batches(["scene", "low", "high"], condition):
            for row in batch.to_pylist():
                yield scene_from_json(row["scene"]), ValueRange(tuple(row["low"]), tuple(row["high"]))

    def count(self) -> int:
        """How many scenes are complete."""
        return 0 if self._table is None else int(self._table.count_rows("state = 'complete'"))

    def add(self, records: Sequence[Record]) -> None:
        """Write records in one commit, replacing those of the same uri."""
        import lance

        rows = pa.Table.from_pylist([_row(record) for record in records], SCENES)
        with translated(self._path):
            if self._table is None and is_table(self._path):
                self._table = lance.dataset(str(self._path))  # its making was interrupted after its commit
            if self._table is None:
                self._table = lance.write_dataset(rows, str(self._path))
            else:
                merge = self._table.merge_insert("uri").when_matched_update_all().when_not_matched_insert_all()
                merge.execute(rows)

    def remove(self, uris: Sequence[str]) -> None:
        """Forget scenes, so that they are new when they are seen again."""
        if self._table is not None and uris:
            with translated(self._path):
                self._table.delete(f"uri IN ({', '.join(map(_quoted, uris))})")

    def compact(self) -> None:
        """Merge small pieces."""
        if self._table is not None:
            with translated(self._path):
                self._table.optimize.compact_files()
                self._table.cleanup_old_versions(dt.timedelta(hours=1))

    def _batches(self, columns: list[str], condition: str | None = None) -> Iterator[pa.RecordBatch]:
        if self._table is not None:
            with translated(self._path):
                yield from self._table.scanner(columns=columns, filter=condition).to_batches()


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _row(record: Record) -> dict[str, Any]:
    taken = record.reason is None
    return {
        "uri": record.uri,
        "key": record.key,
        "source": record.source,
        "stamp": record.stamp,
        "fingerprint": None if record.scene is None else record.scene.fingerprint,
        "state": "complete" if taken else "skipped",
        "reason": record.reason,
        "chips": record.chips,
        "low": None if record.value_range is None else list(record.value_range.low),
        "high": None if record.value_range is None else list(record.value_range.high),
        "scene": None if record.scene is None else scene_to_json(record.scene),
    }


def scene_to_json(scene: Scene) -> str:
    """A scene as JSON text; `scene_from_json` reads it back equal."""
    # `dataclasses.asdict` would copy each value first, which takes longer than writing them.
    values = {field.name: getattr(scene, field.name) for field in dataclasses.fields(scene)}
    values["bands"] = [{field.name: getattr(band, field.name) for field in dataclasses.fields(band)} for band in scene.bands]
    values["datetime"] = None if scene.datetime is None else scene.datetime.isoformat()
    return json.dumps(values)


def scene_from_json(text: str) -> Scene:
    """What `scene_to_json` wrote."""
    values = json.loads(text)
    values["bands"] = tuple(Band(**band) for band in values["bands"])
    values["transform"] = None if values["transform"] is None else tuple(values["transform"])
    values["datetime"] = None if values["datetime"] is None else dt.datetime.fromisoformat(values["datetime"])
    values["labels"] = tuple(values["labels"])
    return Scene(**values)
