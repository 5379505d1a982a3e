"""The work on one scene, done by a worker thread: open it, plan its chips, read them, embed them."""

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from terrakin.archive.options import IndexOptions
from terrakin.archive.schema import CODE, VECTOR, property_column
from terrakin.bundles.bundle import Bundle
from terrakin.chips.annotations import Annotations, read_annotations
from terrakin.chips.chip import chip_id
from terrakin.chips.footprint import Footprint, footprint
from terrakin.chips.grid import plan
from terrakin.chips.look import Look, look
from terrakin.chips.reader import SceneReader
from terrakin.chips.scaling import ValueRange, value_range
from terrakin.chips.thumbnail import thumbnail
from terrakin.chips.window import Window
from terrakin.errors import SceneError
from terrakin.scenes.find import open_scene
from terrakin.scenes.formats import ANNOTATIONS, decoded_whole
from terrakin.scenes.scene import Band, Candidate, Scene
from terrakin.scenes.select import select

__all__ = ["Batch", "Job", "Piece", "Worker"]

_AT_ONCE = 8
"""Chips in one call of the network. More gain nothing on a CPU and cost memory and cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A scene that was opened: what is to be read, and how."""

    candidate: Candidate
    """Where it came from."""
    scene: Scene
    """With the key that is unique in the archive."""
    bands: tuple[Band, ...]
    """What the model reads, in its order."""
    value_range: ValueRange
    """What is mapped to [0, 1]."""
    look: Look
    """What thumbnails show of that."""
    windows: tuple[tuple[Window, str], ...]
    """Every window with its chip's id, row by row."""
    annotations: Annotations | None
    """Polygons with classes that lie beside the scene."""
    decoded_whole: bool
    """True where reading one window decodes the whole file, so that one worker should read them all."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Some windows of a job, read by one worker in one go."""

    job: Job
    """Whose windows they are."""
    windows: Sequence[tuple[Window, str]]
    """Window and chip id."""


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What became of some pieces."""

    rows: list[dict[str, Any]]
    """Rows of the chips table, vectors packed, with codes where the bundle has a hash function."""
    done: list[tuple[Job, int]]
    """Windows dealt with, a job: embedded, or left out for too small a valid share."""
    failed: list[tuple[Job, str]]
    """Jobs that broke off, and why."""


class Worker:
    """Opens, reads and embeds; safe to call from several threads, each of which keeps its own open scene."""

    def __init__(self, bundle: Bundle, options: IndexOptions) -> None:
        self._bundle = bundle
        self._options = options
        self._wanted = options.bands or bundle.passport.bands
        self._rule = options.rule(bundle.passport)
        self._local = threading.local()
        self._readers: list[SceneReader] = []

    def open(self, candidate: Candidate) -> Job:
        """Open a scene and plan its chips.

        Raises:
            SceneError: if it cannot be opened or lacks a band.
        """
        scene = open_scene(candidate)
        bands = select(scene, self._wanted)
        windows = tuple(
            (window, chip_id(scene.key, None if whole else window)) for window, whole in plan(scene, self._options.chipping)
        )
        measured = value_range(scene, bands, self._rule)
        # The range that a model was trained with is for the model, and not for eyes.
        stretched = self._rule != self._options.scaling
        whole = any(decoded_whole(band.path) for band in bands)
        return Job(
            candidate,
            scene,
            bands,
            measured,
            look(scene, bands, measured, names=self._bundle.passport.bands, stretched=stretched),
            windows,
            self._annotations(candidate),
            whole,
        )

    def embed(self, pieces: Iterable[Piece]) -> Batch:
        """Read and embed; a scene that breaks off is reported and does not stop the others."""
        batch = Batch([], [], [])
        waiting: list[np.ndarray] = []
        for piece in pieces:
            try:
                for window, identity in piece.windows:
                    row = self._read(piece.job, window, identity, waiting)
                    if row is not None:
                        batch.rows.append(row)
                    if len(waiting) == _AT_ONCE:
                        self._fill(batch.rows, waiting)
            except SceneError as exc:
                batch.failed.append((piece.job, str(exc)))
            else:
                batch.done.append((piece.job, len(piece.windows)))
        self._fill(batch.rows, waiting)
        return batch

    def pixels(self, pieces: Iterable[Piece]) -> Iterator[tuple[np.ndarray, list[list[str]]]]:
        """The pixels of chips, (n, C, H, W) float32 in [0, 1], and their n label sets, a few at a time.

        Broken scenes and empty chips are left out.
        """
        waiting: list[np.ndarray] = []
        labels: list[list[str]] = []
        for piece in pieces:
            try:
                for window, identity in piece.windows:
                    row = self._read(piece.job, window, identity, waiting)
                    if row is not None:
                        labels.append(row["labels"])
                    if len(waiting) == _AT_ONCE:
                        yield np.stack(waiting), labels
                        waiting, labels = [], []
            except SceneError:
                continue  # it is reported when the scene is indexed
        if waiting:
            yield np.stack(waiting), labels

    def close(self) -> None:
        """Close every scene; no other thread may be at work."""
        for reader in self._readers:
            reader.close()
        self._readers.clear()

    def _read(self, job: Job, window: Window, identity: str, waiting: list[np.ndarray]) -> dict[str, Any] | None:
        pixels, valid_share = self._reader(job).read(window, size=self._bundle.passport.input_size)
        if valid_share < self._options.chipping.min_valid or valid_share == 0:
            return None
        ground = footprint(job.scene, window)
        west, south, east, north = (None,) * 4 if ground is None else ground[1]
        waiting.append(pixels.values)
        return {
            "id": identity,
            "scene": job.scene.uri,
            "fingerprint": job.scene.fingerprint,
            "col": window.col,
            "row": window.row,
            "width": window.width,
            "height": window.height,
            "footprint": None if ground is None else ground[0],
            "west": west,
            "south": south,
            "east": east,
            "north": north,
            "datetime": job.scene.datetime,
            "labels": _labels(job, ground),
            "valid_share": valid_share,
            "thumbnail": thumbnail(pixels, job.look),
            **{property_column(name): value for name, value in job.scene.properties.items()},
        }

    def _annotations(self, candidate: Candidate) -> Annotations | None:
        if self._options.sources.labels != "auto":
            return None
        beside = next((path for path in candidate.files if path.endswith(ANNOTATIONS)), None)
        return None if beside is None else read_annotations(Path(beside))

    def _fill(self, rows: list[dict[str, Any]], waiting: list[np.ndarray]) -> None:
        if waiting:
            vectors = self._bundle.embed(np.stack(waiting))
            for row, vector in zip(rows[-len(waiting) :], vectors, strict=True):
                row[VECTOR] = vector
            if self._bundle.hasher is not None:
                for row, code in zip(rows[-len(waiting) :], self._bundle.codes(vectors), strict=True):
                    row[CODE] = code
            waiting.clear()

    def _reader(self, job: Job) -> SceneReader:
        held: tuple[Job, SceneReader] | None = getattr(self._local, "held", None)
        if held is not None and held[0] is job:
            return held[1]
        if held is not None:
            self._local.held = None
            self._readers.remove(held[1])
            held[1].close()
        reader = SceneReader(job.scene, job.bands, job.value_range, upsampling=self._bundle.passport.upsampling)
        self._readers.append(reader)
        self._local.held = (job, reader)
        return reader


def _labels(job: Job, ground: Footprint | None) -> list[str]:
    if job.annotations is None or ground is None:
        return list(job.scene.labels)
    return sorted({*job.scene.labels, *job.annotations.labels(ground[0])})
