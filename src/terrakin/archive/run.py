"""A run of indexing: what is wanted, what is under way, what is committed."""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from itertools import islice
from pathlib import Path, PurePath
from typing import Any

import numpy as np
import pyarrow as pa

from terrakin.archive.condition import All, Compare, Not, OneOf
from terrakin.archive.ledger import Entry, Ledger, Record
from terrakin.archive.report import Summary
from terrakin.archive.schema import CODE, PROPERTY, VECTOR
from terrakin.archive.store import Store
from terrakin.archive.work import Batch, Job, Piece, Worker
from terrakin.errors import SceneError
from terrakin.progress import Progress
from terrakin.scenes.scene import Candidate, Skipped

__all__ = ["Find", "Run", "unfinished"]

Find = Callable[[], Iterator[tuple[str, Candidate | Skipped]]]
"""Lists what is on disk, each with the path of the source that it was found in; called once to count and once to work."""

_PIECE = 32
"""Chips in one task of a worker; scenes that must be decoded whole are one task each."""
_OPENED = 8
"""Scenes opened in one task of a worker."""
_COMMIT_CHIPS = 256
"""Chips in one commit; a kill loses at most these and what the workers hold."""
_COMMIT_SECONDS = 5.0
"""Longest time that finished chips wait for a commit."""
_SWEPT = 500
"""Vanished scenes that are dropped in one commit."""
_COMPACT_COMMITS = 500
"""Commits after which small pieces are merged: a commit takes 5 ms after 500 others and 32 ms after 3000."""


class Run:
    """The state of one run of indexing. Only the calling thread touches it; workers see jobs and pieces."""

    def __init__(self, store: Store, ledger: Ledger, worker: Worker, strict: bool, progress: Progress) -> None:
        self.summary = Summary()
        self.expected = 0
        self._store, self._ledger, self._worker, self._strict, self._progress = store, ledger, worker, strict, progress
        self._known = ledger.entries()
        self._keys = {entry.key: uri for uri, entry in self._known.items()}
        self._types = {name: store.columns().field(name).type for name in store.columns().names if name.startswith(PROPERTY)}
        self._unfinished = unfinished(store, self._known)
        self._seen: set[str] = set()
        self._still_skipped: set[str] = set()
        self._unlisted: list[str] = []  # folders that could not be looked into
        self._sources: dict[str, str] = {}  # by uri of a scene under way
        self._pieces: deque[Piece] = deque()
        self._open: dict[str, int] = {}  # windows still to come, by uri
        self._failed: set[str] = set()
        self._rows: list[dict[str, Any]] = []
        self._records: list[Record] = []
        self._chips: dict[str, int] = {}  # rows so far, by uri of an open scene
        self._committed = time.monotonic()
        self._commits = self._planned = self._opened = self._done = 0

    def go(self, found: Iterator[tuple[str, Candidate | Skipped]], pool: ThreadPoolExecutor, *, ahead: int) -> None:
        """Open, read, embed and commit until nothing is left, with at most `ahead` tasks in the pool."""
        wanted = self._wanted(found)
        exhausted = False
        futures: dict[Future[Any], Callable[[Any], None]] = {}
        while True:
            while len(futures) < ahead:
                # Pixels first: scenes are opened only as fast as their chips are read, so memory stays flat.
                if sum(len(piece.windows) for piece in islice(self._pieces, _PIECE)) >= _PIECE or (exhausted and self._pieces):
                    futures[pool.submit(self._worker.embed, self._next_pieces())] = self._take_batch
                elif not exhausted:
                    group = list(islice(wanted, _OPENED))
                    exhausted = not group
                    if group:
                        futures[pool.submit(self._open_all, group)] = self._take_jobs
                else:
                    break
                if any(future.done() for future in futures):
                    break
            if not futures:
                if exhausted and not self._pieces:
                    return
                continue
            for future in wait(futures, return_when=FIRST_COMPLETED).done:
                futures.pop(future)(future.result())
            if len(self._rows) >= _COMMIT_CHIPS or time.monotonic() - self._committed > _COMMIT_SECONDS:
                self.commit()

    def commit(self) -> None:
        """Write what is finished: chips first, then the scenes that are complete with them."""
        # Both are let go before anything is written: a scene's record must never be written by a later commit than the one
        # that failed, or was interrupted, over its chips.
        rows, records, self._rows, self._records = self._rows, self._records, [], []
        if rows:
            self._store.append(_table(rows, self._store))
            self.summary.chips += len(rows)
        if records:
            self._ledger.add(records)
        self._committed = time.monotonic()
        self._commits += 1
        if self._commits % _COMPACT_COMMITS == 0:
            self._store.compact()
            self._ledger.compact()

    def sweep(self, sources: Sequence[str], *, prune: bool) -> None:
        """Deal with scenes of the sources that are no longer there."""
        gone = [uri for uri, entry in self._known.items() if self._is_gone(uri, [entry.source], sources)]
        # Half a scene that nobody can finish any more.
        left = [uri for uri in self._unfinished if self._is_gone(uri, [], sources)]
        whole = sum(not self._known[uri].skipped for uri in gone)
        if not prune:
            self.summary.vanished = whole + len(left)
            return
        for some in _batched([*gone, *left], _SWEPT):
            self._ledger.remove(some)
            self._store.delete(OneOf("scene", some))
        self.summary.removed = whole + len(left)

    def _is_gone(self, uri: str, found_in: Sequence[str], sources: Sequence[str]) -> bool:
        if uri in self._seen or any(_is_below(uri, folder) for folder in self._unlisted):
            return False
        return any(source in (uri, *found_in) or _is_below(uri, source) for source in sources)

    def _wanted(self, found: Iterator[tuple[str, Candidate | Skipped]]) -> Iterator[Candidate]:
        """Candidates that must be opened, with keys unique in the archive; the others are settled here."""
        for source, item in found:
            if item.uri in self._seen:
                continue
            self._seen.add(item.uri)
            self._sources[item.uri] = source
            known = self._known.get(item.uri)
            if isinstance(item, Skipped):
                if Path(item.uri).is_dir():
                    self._unlisted.append(item.uri)
                # Without a stamp it is looked at again each time; its key is found when it turns out to be a scene.
                self._skip(Record(item.uri, item.uri, source, "", reason=item.reason))
            elif known is not None and known.stamp == item.stamp:
                self._sources.pop(item.uri)
                self._unchanged(item.uri, known)
            else:
                yield replace(item, key=self._key(item, known, source))
        # Reasons of earlier runs are listed with those of this one.
        for skipped in self._ledger.skipped():
            if skipped.uri in self._still_skipped:
                self._tell(skipped)

    def _unchanged(self, uri: str, known: Entry) -> None:
        if known.skipped:
            self._still_skipped.add(uri)
        else:
            self.summary.unchanged += 1
        self._opened += 1
        self._report()

    def _key(self, item: Candidate, known: Entry | None, source: str) -> str:
        """The key it had, where that says the same, else its own with the name of its source in front if another has it."""
        if known is not None and known.stamp and (known.key == item.key or known.key.endswith(f"/{item.key}")):
            return known.key
        number, name, front = 1, item.key, PurePath(source).name
        while self._keys.get(name, item.uri) != item.uri:
            name = f"{front}/{item.key}" if number == 1 else f"{front}-{number}/{item.key}"
            number += 1
        self._keys[name] = item.uri
        return name

    def _open_all(self, group: list[Candidate]) -> list[Job | Record]:
        """In a worker: open scenes, or say why not."""
        opened: list[Job | Record] = []
        for candidate in group:
            try:
                opened.append(self._worker.open(candidate))
            except SceneError as exc:
                source = self._sources[candidate.uri]
                opened.append(Record(candidate.uri, candidate.key, source, candidate.stamp, reason=str(exc)))
        return opened

    def _take_jobs(self, opened: list[Job | Record]) -> None:
        for item in opened:
            self._opened += 1
            if isinstance(item, Record):
                self._skip(item)
            elif reason := self._conflict(item):
                self._skip(self._record(item, reason=reason))
            else:
                self._take_job(item)
        self._report()

    def _take_job(self, job: Job) -> None:
        uri, known = job.scene.uri, self._known.get(job.scene.uri)
        if known is not None and known.fingerprint == job.scene.fingerprint and not known.skipped:
            # Touched, not changed: remember the new stamp and keep its chips.
            held = self._store.count(Compare("scene", "=", uri))
            self._records.append(self._record(job, chips=held))
            self.summary.unchanged += 1
            return
        windows = job.windows
        self._chips[uri] = 0
        if known is not None:
            # Forgotten before its chips go, so that a kill in between leaves a scene to do again and not one half gone.
            self._ledger.remove([uri])
            self._store.delete(Compare("scene", "=", uri))
        elif uri in self._unfinished:
            held_ids = self._held(job)
            windows = tuple(pair for pair in windows if pair[1] not in held_ids)
            self._chips[uri] = len(held_ids)
        self._count(uri, 1)
        self._planned += len(windows)
        self._open[uri] = len(windows)
        size = len(windows) if job.decoded_whole else _PIECE
        self._pieces.extend(Piece(job, windows[start : start + size]) for start in range(0, len(windows), max(size, 1)))
        if not windows:
            self._finish(job)

    def _held(self, job: Job) -> set[str]:
        """Ids that an earlier run wrote for this very content; what it wrote for other content goes."""
        of_scene = Compare("scene", "=", job.scene.uri)
        same = Compare("fingerprint", "=", job.scene.fingerprint)
        self._store.delete(All((of_scene, Not(same))))
        return {name for batch in self._store.scan(["id"], of_scene) for name in batch.column("id").to_pylist()}

    def _conflict(self, job: Job) -> str | None:
        for name, value in job.scene.properties.items():
            wanted = self._types.setdefault(PROPERTY + name, _arrow_type(value))
            if wanted != _arrow_type(value):
                return (
                    f"property {name!r} is {_arrow_type(value)} here ({value!r}) and {wanted} in the archive; make them agree"
                )
        return None

    def _next_pieces(self) -> list[Piece]:
        pieces, count = [], 0
        while self._pieces and (count == 0 or count + len(self._pieces[0].windows) <= _PIECE):
            pieces.append(self._pieces.popleft())
            count += len(pieces[-1].windows)
        return [piece for piece in pieces if piece.job.scene.uri not in self._failed]

    def _take_batch(self, batch: Batch) -> None:
        for job, reason in batch.failed:
            self._fail(job, reason)
        kept: dict[str, int] = {}
        for row in batch.rows:
            if row["scene"] not in self._failed:
                self._rows.append(row)
                kept[row["scene"]] = kept.get(row["scene"], 0) + 1
        for job, count in batch.done:
            uri = job.scene.uri
            self._done += count
            if uri in self._failed:
                continue
            here = kept.pop(uri, 0)
            self.summary.left_out += count - here
            self._chips[uri] += here
            self._open[uri] -= count
            if self._open[uri] == 0:
                self._finish(job)
        self._report()

    def _finish(self, job: Job) -> None:
        uri = job.scene.uri
        del self._open[uri]
        chips = self._chips.pop(uri)
        if chips:
            self._records.append(self._record(job, chips=chips))
            return
        self._count(uri, -1)
        reason = "has no chip with enough valid pixels (--min-valid of a new archive says how many are enough)"
        if not job.windows:
            reason = "is smaller than a chip, and --edges drop leaves out what is not a whole one"
        self._skip(self._record(job, reason=reason))

    def _fail(self, job: Job, reason: str) -> None:
        """A scene that breaks off is taken out whole: half a scene would look like a whole one."""
        uri = job.scene.uri
        if uri in self._failed:
            return
        self._failed.add(uri)
        self._rows = [row for row in self._rows if row["scene"] != uri]
        self._store.delete(Compare("scene", "=", uri))
        self._open.pop(uri, None)
        self._chips.pop(uri, None)
        self._count(uri, -1)
        self._skip(self._record(job, reason=reason))

    def _count(self, uri: str, one: int) -> None:
        if uri in self._known and not self._known[uri].skipped:
            self.summary.replaced += one
        else:
            self.summary.added += one

    def _record(self, job: Job, *, chips: int = 0, reason: str | None = None) -> Record:
        candidate = job.candidate
        source = self._sources.pop(candidate.uri)
        return Record(candidate.uri, job.scene.key, source, candidate.stamp, chips, job.scene, job.value_range, reason)

    def _skip(self, record: Record) -> None:
        # Reasons are listed beside the file, which need not be named twice.
        reason = (record.reason or "").removeprefix(f"{record.uri} ")
        self._tell(Skipped(record.uri, reason))
        if record.uri in self._unfinished or (record.uri in self._known and not self._known[record.uri].skipped):
            # What was read of it before it turned bad is of a file that is no more.
            self._ledger.remove([record.uri])
            self._store.delete(Compare("scene", "=", record.uri))
        self._records.append(replace(record, reason=reason))

    def _tell(self, skipped: Skipped) -> None:
        if self._strict:
            raise SceneError(f"{skipped.uri}: {skipped.reason} (--strict)")
        self.summary.skipped.append(skipped)

    def _report(self) -> None:
        total = None
        if self._opened and self.expected:
            unopened = max(0, self.expected - self._opened)
            total = round(self._planned + unopened * max(1.0, self._planned / self._opened))
        self._progress(self._done, total)


def unfinished(store: Store, known: dict[str, Entry]) -> set[str]:
    """Scenes of which there are chips and no record."""
    return {uri for batch in store.scan(["scene"]) for uri in batch.column("scene").unique().to_pylist() if uri not in known}


def _is_below(uri: str, folder: str) -> bool:
    return uri.startswith(folder.rstrip("/") + "/")


def _batched(uris: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    """Parts of at most `size`; `itertools.batched` came with Python 3.12."""
    return (tuple(uris[start : start + size]) for start in range(0, len(uris), size))


def _arrow_type(value: str | float | bool) -> pa.DataType:
    if isinstance(value, bool):
        return pa.bool_()
    return pa.string() if isinstance(value, str) else pa.float64()


def _table(rows: list[dict[str, Any]], store: Store) -> pa.Table:
    schema = store.columns()
    new = {name: value for row in rows for name, value in row.items() if name not in schema.names and value is not None}
    for name, value in sorted(new.items()):
        schema = schema.append(pa.field(name, _arrow_type(value)))
    columns = []
    for column in schema:
        if column.name in (VECTOR, CODE):
            flat = pa.array(np.concatenate([row[column.name] for row in rows]), column.type.value_type)
            columns.append(pa.FixedSizeListArray.from_arrays(flat, type=column.type))
        else:
            columns.append(pa.array([row.get(column.name) for row in rows], column.type))
    return pa.Table.from_arrays(columns, schema=schema)
