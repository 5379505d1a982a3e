"""Chips to train on, found in what a person names: a benchmark, a folder of class folders or of any images, or an archive."""

import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from terrakin.errors import BandNotFoundError, TrainingError

if TYPE_CHECKING:
    from terrakin.chips.scaling import ScalingRule, ValueRange
    from terrakin.chips.window import Window
    from terrakin.scenes.scene import Band, Candidate, Scene

__all__ = ["UNKNOWN", "Labelled", "Labels", "Piece", "Source", "find_labelled"]

UNKNOWN = ""
"""The label of a chip that has none, where labels are optional."""

Labels = Literal["needed", "optional"]
"""Whether a chip without one label is left out, or gets the label `UNKNOWN`. Folders tell no optional labels."""

_COLOURS = ("red", "green", "blue")
"""Read where nobody says otherwise."""
_PIECE = 32
"""Chips that are read in one go."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Some chips of a scene that is open, all of one reading."""

    scene: "Scene"
    """With its fingerprint."""
    bands: "tuple[Band, ...]"
    """What is read, in order."""
    value_range: "ValueRange"
    """What is mapped to [0, 1]."""
    chips: "tuple[tuple[Window, str, str], ...]"
    """Window, id and label of each."""
    min_valid: float
    """Share of a window that must hold measurements."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A scene with labelled chips, not opened yet."""

    uri: str
    """What a person knows it by: the path of its file or folder."""
    stamp: str
    """Changes when its files, its labels, or the choice of its chips do; cheap to compute."""
    open: Callable[[], Iterator[Piece]]
    """Opens it and cuts it into pieces. Raises SceneError."""


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """What was found."""

    sources: tuple[Source, ...]
    """In a fixed order."""
    classes: tuple[str, ...]
    """Class names in the order of the class index; some may turn out to have no image."""
    bands: tuple[str, ...]
    """Names of what is read."""
    without_label: int
    """Chips or scenes that were left out because they have no label or several."""
    skipped: tuple[str, ...]
    """Files that were passed by, each with the reason."""


def find_labelled(
    data: Path, *, dataset: str | None = None, bands: Sequence[str] | None = None, labels: Labels = "needed"
) -> Labelled:
    """The labelled chips of `data`; no pixel is read.

    Args:
        data: root of a benchmark, an archive, or a folder of class folders, where the folder that holds an image is its class.
        dataset: the benchmark whose reader gives the labels.
        bands: names or common names; where None the archive's own, those of the benchmark, or red, green and blue.
        labels: whether chips must have one.

    Raises:
        TrainingError: if there is no folder at `data`.
        UnknownNameError: if there is no benchmark of that name.
        DatasetError: if `data` is not that benchmark.
        ArchiveError: if the archive cannot be read.
    """
    if not data.is_dir():
        raise TrainingError(
            f"there is no folder at {str(data)!r}; name a folder of class folders, an archive, or the root of a benchmark"
        )
    wanted = None if bands is None else tuple(bands)
    if dataset is not None:
        return _in_benchmark(data, dataset, wanted, labels)
    if (data / "archive.json").is_file():
        return _in_archive(data, wanted, labels)
    return _in_folders(data, wanted or _COLOURS, labels)


def _in_benchmark(root: Path, name: str, bands: tuple[str, ...] | None, labels: Labels) -> Labelled:
    from terrakin.datasets.dataset import DATASETS
    from terrakin.scenes.find import find
    from terrakin.scenes.scene import Skipped

    dataset = DATASETS[name]
    order = dataset.facts.bands
    wanted = bands or order or _COLOURS
    sources, skipped, classes, without = [], [], set(dataset.classes), 0
    for sample in dataset.samples(root):
        if (label := _one(sample.labels, labels)) is None:
            without += 1
            continue
        classes.add(label)
        for item in find(Path(sample.path)):
            if isinstance(item, Skipped):
                skipped.append(f"{item.uri} ({item.reason})")
            else:
                sources.append(_source(dataclasses.replace(item, key=sample.id), label, wanted, order))
    return Labelled(tuple(sources), _ordered(dataset.classes, classes), wanted, without, tuple(skipped))


def _in_folders(root: Path, wanted: tuple[str, ...], labels: Labels) -> Labelled:
    from terrakin.scenes.find import find
    from terrakin.scenes.options import SourceOptions
    from terrakin.scenes.scene import Skipped

    sources, skipped, classes, without = [], [], set(), 0
    # The rule `auto` takes labels from rasters with geography; a person who trains on class folders means them.
    # Folders of images whose labels nobody needs are named after anything.
    for item in find(root, options=SourceOptions(labels="folder" if labels == "needed" else "none")):
        if isinstance(item, Skipped):
            skipped.append(f"{item.uri} ({item.reason})")
        elif (label := _one(item.labels, labels)) is None:
            without += 1
        else:
            classes.add(label)
            sources.append(_source(item, label, wanted, ()))
    return Labelled(tuple(sources), _ordered((), classes), wanted, without, tuple(skipped))


def _in_archive(archive: Path, bands: tuple[str, ...] | None, labels: Labels) -> Labelled:
    from terrakin.archive import manifest
    from terrakin.archive.lance import LanceStore
    from terrakin.archive.ledger import Ledger
    from terrakin.bundles.bundle import open_bundle
    from terrakin.chips.window import Window

    said = manifest.read(archive)
    passport = open_bundle(archive / said.bundle).passport
    chips: dict[str, list[tuple[Window, str, str]]] = {}
    classes, without = set(), 0
    columns = ["id", "scene", "col", "row", "width", "height", "labels"]
    for batch in LanceStore(archive / "chips.lance", passport.space).scan(columns):
        for row in batch.to_pylist():
            if (label := _one(row["labels"], labels)) is None:
                without += 1
                continue
            classes.add(label)
            window = Window(row["col"], row["row"], row["width"], row["height"])
            chips.setdefault(row["scene"], []).append((window, row["id"], label))
    wanted = bands or said.options.bands or passport.bands
    # A range that was measured when the archive was made is of the archive's bands.
    rule = None if bands is None else said.options.scaling
    sources = []
    for scene, measured in Ledger(archive / "scenes.lance").scenes():
        if scene.uri in chips:
            # Row by row, as they were cut: neighbours share blocks of the file.
            mine = tuple(sorted(chips[scene.uri], key=lambda chip: (chip[0].row, chip[0].col)))
            stamp = json.dumps([scene.fingerprint, _stat(scene), [chip[1:] for chip in mine]])
            sources.append(Source(scene.uri, stamp, partial(_open_archived, scene, mine, wanted, rule or measured)))
    sources.sort(key=lambda source: source.uri)
    return Labelled(tuple(sources), _ordered((), classes), wanted, without, ())


def _one(held: Sequence[str], labels: Labels) -> str | None:
    """The label of a chip that has one; of others none, or `UNKNOWN` where labels are optional."""
    if len(held) == 1:
        return held[0]
    return UNKNOWN if labels == "optional" else None


def _ordered(fixed: Sequence[str], found: set[str]) -> tuple[str, ...]:
    return (*fixed, *sorted(found - set(fixed)))


def _source(candidate: "Candidate", label: str, wanted: tuple[str, ...], order: tuple[str, ...]) -> Source:
    stamp = json.dumps([candidate.uri, candidate.key, candidate.stamp, label])
    return Source(candidate.uri, stamp, partial(_open_candidate, candidate, label, wanted, order))


def _open_candidate(candidate: "Candidate", label: str, wanted: tuple[str, ...], order: tuple[str, ...]) -> Iterator[Piece]:
    from terrakin.chips.chip import chip_id
    from terrakin.chips.grid import Chipping, plan
    from terrakin.chips.scaling import ScalingRule, value_range
    from terrakin.scenes.find import open_scene

    scene = open_scene(candidate)
    bands = _bands(scene, wanted, order)
    chipping = Chipping()
    chips = tuple((window, chip_id(scene.key, None if whole else window), label) for window, whole in plan(scene, chipping))
    return _pieces(Piece(scene, bands, value_range(scene, bands, ScalingRule()), chips, chipping.min_valid))


def _open_archived(
    scene: "Scene",
    chips: "tuple[tuple[Window, str, str], ...]",
    wanted: tuple[str, ...],
    scaling: "ScalingRule | ValueRange",
) -> Iterator[Piece]:
    from terrakin.chips.scaling import ScalingRule, value_range

    bands = _bands(scene, wanted, ())
    measured = value_range(scene, bands, scaling) if isinstance(scaling, ScalingRule) else scaling
    return _pieces(Piece(scene, bands, measured, chips, min_valid=0.0))


def _pieces(piece: Piece) -> Iterator[Piece]:
    for first in range(0, len(piece.chips), _PIECE):
        yield dataclasses.replace(piece, chips=piece.chips[first : first + _PIECE])


def _bands(scene: "Scene", wanted: tuple[str, ...], order: tuple[str, ...]) -> "tuple[Band, ...]":
    """The bands of a scene by name; files that name none have those of their benchmark in its published order."""
    from terrakin.scenes.select import select

    try:
        return select(scene, wanted)
    except BandNotFoundError:
        if len(order) != len(scene.bands):
            raise
        named = tuple(dataclasses.replace(band, name=name) for band, name in zip(scene.bands, order, strict=True))
        return select(dataclasses.replace(scene, bands=named), wanted)


def _stat(scene: "Scene") -> list[tuple[int, int] | None]:
    """Size and time of each file of a scene; None where it has gone, which reading it will tell."""
    found: list[tuple[int, int] | None] = []
    for path in sorted({band.path for band in scene.bands}):
        try:
            stat = Path(path).stat()
        except OSError:
            found.append(None)
        else:
            found.append((stat.st_size, stat.st_mtime_ns))
    return found
