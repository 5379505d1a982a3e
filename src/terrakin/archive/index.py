"""Indexing: from scenes on disk to rows in an archive, resumably."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa

from terrakin.archive.condition import All, Compare, Not
from terrakin.archive.ledger import Entry, Ledger, Record
from terrakin.archive.schema import PROPERTY, VECTOR
from terrakin.archive.store import Store
from terrakin.archive.work import Batch, Job, Piece, Worker
from terrakin.errors import SceneError
from terrakin.progress import Progress, silent
from terrakin.scenes.scene import Candidate, Skipped

__all__ = ["Find", "Summary", "index"]

Find = Callable[[], Iterator[tuple[str, Candidate | Skipped]]]
"""Lists what is on disk, with the name of its source; called once to count and once to work."""

_PIECE = 32
"""Chips in one task of a worker; scenes that must be decoded whole are one task each."""
_COMMIT_CHIPS = 256
"""Chips in one commit; a kill loses at most these and what the workers hold."""
_COMMIT_SECONDS = 5.0
"""Longest time that finished chips wait for a commit."""


@dataclass(slots=True)
class Summary:
    """What one run of indexing did."""

    added: int = 0
    """Scenes that are new in the archive."""
    replaced: int = 0
    """Scenes whose content had changed."""
    unchanged: int = 0
    """Scenes that the archive held already."""
    removed: int = 0
    """Scenes that have vanished from their source and were dropped."""
    vanished: int = 0
    """Scenes that have vanished and are still held."""
    chips: int = 0
    """Chips that were added."""
    left_out: int = 0
    """Windows without enough valid pixels."""
    skipped: list[Skipped] = field(default_factory=list)
    """What was not taken in, in this run or, unchanged since, in an earlier one."""
    seconds: float = 0.0
    """Time taken."""


def index(
    find: Find,
    *,
    store: Store,
    ledger: Ledger,
    worker: Worker,
    workers: int,
    within: tuple[str, ...] = (),
    prune: bool = False,
    strict: bool = False,
    progress: Progress = silent,
) -> Summary:
    """Bring an archive up to date with what is on disk.

    A scene that the ledger holds with the same stamp is not opened; one with the same content is not read; one that an earlier
    run left half done is continued. Rows are committed in batches, a scene's record after its last row.

    Args:
        find: lists the candidates.
        store: takes the chips.
        ledger: takes the scenes.
        worker: opens, reads and embeds.
        workers: threads.
        within: paths of the sources; what the ledger holds below them and `find` did not list has vanished.
        prune: drop what has vanished.
        strict: raise at the first scene that would be skipped.
        progress: called with chips done and an estimate of all.

    Raises:
        SceneError: if `strict` and something would be skipped.
        ArchiveFullError: if the disk is full; what was committed stays.
    """
    started = time.monotonic()
    run = _Run(store, ledger, worker, strict, progress)
    run.expected = 0 if progress is silent else sum(1 for _ in find())
    pool = ThreadPoolExecutor(workers, thread_name_prefix="terrakin")
    try:
        run.go(find(), pool, ahead=2 * workers)
    finally:
        # Also on Ctrl-C and errors: nothing new is begun, what is finished is kept.
        pool.shutdown(cancel_futures=True)
        worker.close()
    run.commit()
    run.sweep(within, prune)
    run.summary.seconds = time.monotonic() - started
    return run.summary


class _Run:
    """The state of one run. Only the calling thread touches it; workers see jobs and pieces."""

    def __init__(self, store: Store, ledger: Ledger, worker: Worker, strict: bool, progress: Progress) -> None:
        self.summary = Summary()
        self.expected = 0
        self._store, self._ledger, self._worker, self._strict, self._progress = store, ledger, worker, strict, progress
        self._known = ledger.entries()
        self._keys = {entry.key: uri for uri, entry in self._known.items()}
        self._types = {name: store.columns().field(name).type for name in store.columns().names if name.startswith(PROPERTY)}
        self._unfinished = _unfinished(store, self._known)
        self._seen: set[str] = set()
        self._pieces: deque[Piece] = deque()
        self._open: dict[str, int] = {}  # windows still to come, by uri
        self._failed: set[str] = set()
        self._rows: list[dict[str, Any]] = []
        self._records: list[Record] = []
        self._chips: dict[str, int] = {}  # rows so far, by uri of an open scene
        self._committed = time.monotonic()
        self._planned = self._opened = self._done = 0

    def go(self, found: Iterator[tuple[str, Candidate | Skipped]], pool: ThreadPoolExecutor, *, ahead: int) -> None:
        wanted = self._wanted(found)
        exhausted = False
        futures: dict[Future[Any], Callable[[Any], None]] = {}
        while True:
            while len(futures) < ahead:
                # Pixels first: scenes are opened only as fast as their chips are read, so memory stays flat.
                if sum(len(piece.windows) for piece in islice(self._pieces, _PIECE)) >= _PIECE or (exhausted and self._pieces):
                    futures[pool.submit(self._worker.embed, self._next_pieces())] = self._take_batch
                elif not exhausted:
                    group = list(islice(wanted, _PIECE))
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
        if self._rows:
            self._store.append(_table(self._rows, self._store))
            self.summary.chips += len(self._rows)
            self._rows = []
        if self._records:
            self._ledger.add(self._records)
            self._records = []
        self._committed = time.monotonic()

    def sweep(self, within: tuple[str, ...], prune: bool) -> None:
        """Deal with scenes below the sources that are no longer there."""
        gone = [uri for uri in self._known if uri not in self._seen and any(_below(uri, path) for path in within)]
        if not prune:
            self.summary.vanished = len(gone)
            return
        for uri in gone:
            self._ledger.remove([uri])
            self._store.delete(Compare("scene", "=", uri))
        self.summary.removed = len(gone)

    def _wanted(self, found: Iterator[tuple[str, Candidate | Skipped]]) -> Iterator[Candidate]:
        """Candidates that must be opened, with keys unique in the archive; the others are settled here."""
        for source, item in found:
            if item.uri in self._seen:
                continue
            self._seen.add(item.uri)
            known = self._known.get(item.uri)
            if isinstance(item, Skipped):
                self._skip(Record(item.uri, item.uri, "", reason=item.reason))
            elif known is not None and known.stamp == item.stamp:
                self._unchanged(known)
            else:
                key = known.key if known else self._unique(item.key, source)
                self._keys[key] = item.uri
                yield replace(item, key=key)
        # Reasons of earlier runs are listed with those of this one.
        again = {uri for uri in self._seen if uri in self._known and self._known[uri].skipped}
        new = {skipped.uri for skipped in self.summary.skipped}
        self.summary.skipped += [skipped for skipped in self._ledger.skipped() if skipped.uri in again - new]

    def _unchanged(self, known: Entry) -> None:
        self.summary.unchanged += not known.skipped
        self._opened += 1
        self._report()

    def _unique(self, key: str, source: str) -> str:
        number, name = 1, key
        while name in self._keys:
            name = f"{source}/{key}" if number == 1 else f"{source}-{number}/{key}"
            number += 1
        return name

    def _open_all(self, group: list[Candidate]) -> list[Job | Record]:
        """In a worker: open scenes, or say why not."""
        opened: list[Job | Record] = []
        for candidate in group:
            try:
                opened.append(self._worker.open(candidate))
            except SceneError as exc:
                opened.append(Record(candidate.uri, candidate.key, candidate.stamp, reason=str(exc)))
        return opened

    def _take_jobs(self, opened: list[Job | Record]) -> None:
        for item in opened:
            self._opened += 1
            if isinstance(item, Record):
                self._skip(item)
            elif reason := self._conflict(item):
                self._skip(_record(item, reason=reason))
            else:
                self._take_job(item)
        self._report()

    def _take_job(self, job: Job) -> None:
        uri, known = job.scene.uri, self._known.get(job.scene.uri)
        if known is not None and known.fingerprint == job.scene.fingerprint and not known.skipped:
            # Touched, not changed: remember the new stamp and keep its chips.
            held = self._store.count(Compare("scene", "=", uri))
            self._records.append(_record(job, chips=held))
            self.summary.unchanged += 1
            return
        windows = job.windows
        self._chips[uri] = 0
        if known is not None:
            # Forgotten before its chips go, so that a kill in between leaves a scene to do again and not one half gone.
            self._ledger.remove([uri])
            self._store.delete(Compare("scene", "=", uri))
            self.summary.replaced += 1
        else:
            self.summary.added += 1
            if uri in self._unfinished:
                held_ids = self._held(job)
                windows = tuple(pair for pair in windows if pair[1] not in held_ids)
                self._chips[uri] = len(held_ids)
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
        if chips or not job.windows:
            self._records.append(_record(job, chips=chips))
            return
        self._uncount(uri)
        self._skip(_record(job, reason="has no chip with enough valid pixels; lower --min-valid to take it in"))

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
        self._uncount(uri)
        self._skip(_record(job, reason=reason))

    def _uncount(self, uri: str) -> None:
        if uri in self._known:
            self.summary.replaced -= 1
        else:
            self.summary.added -= 1

    def _skip(self, record: Record) -> None:
        skipped = Skipped(record.uri, record.reason or "")
        if self._strict:
            raise SceneError(f"{skipped.uri}: {skipped.reason} (--strict)")
        if record.stamp:
            self._records.append(record)
        self.summary.skipped.append(skipped)

    def _report(self) -> None:
        total = None
        if self._opened and self.expected:
            unopened = max(0, self.expected - self._opened)
            total = round(self._planned + unopened * max(1.0, self._planned / self._opened))
        self._progress(self._done, total)


def _unfinished(store: Store, known: dict[str, Entry]) -> set[str]:
    """Scenes of which there are chips and no record."""
    return {uri for batch in store.scan(["scene"]) for uri in batch.column("scene").unique().to_pylist() if uri not in known}


def _below(uri: str, path: str) -> bool:
    return uri == path or uri.startswith(path.rstrip("/") + "/")


def _record(job: Job, *, chips: int = 0, reason: str | None = None) -> Record:
    candidate = job.candidate
    return Record(candidate.uri, job.scene.key, candidate.stamp, chips, job.scene, job.value_range, reason)


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
        if column.name == VECTOR:
            flat = pa.array(np.concatenate([row[VECTOR] for row in rows]), column.type.value_type)
            columns.append(pa.FixedSizeListArray.from_arrays(flat, type=column.type))
        else:
            columns.append(pa.array([row.get(column.name) for row in rows], column.type))
    return pa.Table.from_arrays(columns, schema=schema)
