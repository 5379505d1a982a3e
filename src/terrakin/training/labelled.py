"""Chips to train on, found in what a person names: a benchmark, a folder of class folders or of any images, or an archive."""

import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from terrakin.errors import BandNotFoundError, TrainingError
from terrakin.training.files import Files

if TYPE_CHECKING:
    from terrakin.chips.pixels import Upsampling
    from terrakin.chips.scaling import ScalingRule, ValueRange
    from terrakin.chips.window import Window
    from terrakin.scenes.scene import Band, Candidate, Scene

__all__ = ["UNKNOWN", "Labelled", "Labels", "Piece", "Source", "Wanted", "find_labelled"]

UNKNOWN = ""
"""The label of a chip that has none, where labels are optional."""

Labels = tuple[str, ...]
"""Of an image, at least one."""

Wanted = Literal["needed", "optional"]
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
    upsampling: "Upsampling"
    """How bands that are coarser than the result are enlarged."""
    chips: "tuple[tuple[Window, str, Labels], ...]"
    """Window, id and labels of each."""
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
    """Chips or scenes that were left out because they have no label, or several where one is wanted."""
    skipped: tuple[str, ...]
    """Files that were passed by, each with the reason."""


def find_labelled(
    data: Path,
    *,
    dataset: str | None = None,
    bands: Sequence[str] | None = None,
    labels: Wanted = "needed",
    files: Files | None = None,
) -> Labelled:
    """The labelled chips of `data`; no pixel is read.

    Args:
        data: root of a benchmark, an archive, or a folder of class folders, where the folder that holds an image is its class.
        dataset: the benchmark whose reader gives the labels.
        bands: names or common names; where None the archive's own, those of the benchmark, or red, green and blue.
        labels: whether chips must have one.
        files: which labels count, and how pixels are read; the usual where None.

    Raises:
        TrainingError: if there is no folder at `data`, or no image of the part that `files` names.
        UnknownNameError: if there is no benchmark of that name.
        DatasetError: if `data` is not that benchmark.
        ArchiveError: if the archive cannot be read.
    """
    if not data.is_dir():
        raise TrainingError(
            f"there is no folder at {str(data)!r}; name a folder of class folders, an archive, or the root of a benchmark"
        )
    wanted, files = None if bands is None else tuple(bands), files or Files()
    if dataset is not None:
        return _in_benchmark(data, dataset, wanted, labels, files)
    if files.part != "all":
        raise TrainingError(f"[data.files] part {files.part} is of a benchmark; name the one that {data} holds with --dataset")
    if (data / "archive.json").is_file():
        return _in_archive(data, wanted, labels, files)
    return _in_folders(data, wanted or _COLOURS, labels, files)


def _in_benchmark(root: Path, name: str, bands: tuple[str, ...] | None, wanted_labels: Wanted, files: Files) -> Labelled:
    from terrakin.datasets.dataset import DATASETS
    from terrakin.scenes.find import find
    from terrakin.scenes.scene import Skipped

    dataset = DATASETS[name]
    order = dataset.facts.bands
    wanted = bands or order or _COLOURS
    sources, skipped, classes, without = [], [], set(dataset.classes), 0
    samples = [sample for sample in dataset.samples(root) if files.part in ("all", sample.split)]
    if not samples:
        raise TrainingError(
            f"no image in {root} is of the official part {files.part}; put the published lists beside the images, or take all "
            "with --set data.files.part=all"
        )
    for sample in samples:
        if (labels := _taken(sample.labels, wanted_labels, files)) is None:
            without += 1
            continue
        classes.update(labels)
        for item in find(Path(sample.path)):
            if isinstance(item, Skipped):
                skipped.append(f"{item.uri} ({item.reason})")
            else:
                sources.append(_source(dataclasses.replace(item, key=sample.id), labels, wanted, order, files))
    return Labelled(tuple(sources), _ordered(dataset.classes, classes), wanted, without, tuple(skipped))


def _in_folders(root: Path, wanted: tuple[str, ...], wanted_labels: Wanted, files: Files) -> Labelled:
    from terrakin.scenes.find import find
    from terrakin.scenes.options import SourceOptions
    from terrakin.scenes.scene import Skipped

    sources, skipped, without = [], [], 0
    classes: set[str] = set()
    # The rule `auto` takes labels from rasters with geography; a person who trains on class folders means them.
    # Folders of images whose labels nobody needs are named after anything.
    for item in find(root, options=SourceOptions(labels="folder" if wanted_labels == "needed" else "none")):
        if isinstance(item, Skipped):
            skipped.append(f"{item.uri} ({item.reason})")
        elif (labels := _taken(item.labels, wanted_labels, files)) is None:
            without += 1
        else:
            classes.update(labels)
            sources.append(_source(item, labels, wanted, (), files))
    return Labelled(tuple(sources), _ordered((), classes), wanted, without, tuple(skipped))


def _in_archive(archive: Path, bands: tuple[str, ...] | None, wanted_labels: Wanted, files: Files) -> Labelled:
    from terrakin.archive import manifest
    from terrakin.archive.lance import LanceStore
    from terrakin.archive.ledger import Ledger
    from terrakin.bundles.bundle import open_bundle
    from terrakin.chips.scaling import parse_scaling
    from terrakin.chips.window import Window

    said = manifest.read(archive)
    passport = open_bundle(archive / said.bundle).passport
    chips: dict[str, list[tuple[Window, str, Labels]]] = {}
    classes: set[str] = set()
    without = 0
    columns = ["id", "scene", "col", "row", "width", "height", "labels"]
    for batch in LanceStore(archive / "chips.lance", passport.space).scan(columns):
        for row in batch.to_pylist():
            if (labels := _taken(row["labels"], wanted_labels, files)) is None:
                without += 1
                continue
            classes.update(labels)
            window = Window(row["col"], row["row"], row["width"], row["height"])
            chips.setdefault(row["scene"], []).append((window, row["id"], labels))
    wanted = bands or said.options.bands or passport.bands
    # A range that was measured when the archive was made is of the archive's bands.
    rule = None if bands is None else said.options.rule(passport)
    if files.scaling != "auto":
        rule = parse_scaling(files.scaling)
    sources = []
    for scene, measured in Ledger(archive / "scenes.lance").scenes():
        if scene.uri in chips:
            # Row by row, as they were cut: neighbours share blocks of the file.
            mine = tuple(sorted(chips[scene.uri], key=lambda chip: (chip[0].row, chip[0].col)))
            told = [(identity, files.said(labels)) for _, identity, labels in mine]
            stamp = json.dumps([scene.fingerprint, _stat(scene), told])
            sources.append(Source(scene.uri, stamp, partial(_open_archived, scene, mine, wanted, rule or measured, files)))
    sources.sort(key=lambda source: source.uri)
    return Labelled(tuple(sources), _ordered((), classes), wanted, without, ())


def _taken(held: Sequence[str], wanted: Wanted, files: Files) -> Labels | None:
    """The labels of a chip that is taken; of others none, or `UNKNOWN` where labels are optional."""
    if files.takes(held):
        return tuple(held)
    return (UNKNOWN,) if wanted == "optional" else None


def _ordered(fixed: Sequence[str], found: set[str]) -> tuple[str, ...]:
    return (*fixed, *sorted(found - set(fixed)))


def _source(candidate: "Candidate", labels: Labels, wanted: tuple[str, ...], order: tuple[str, ...], files: Files) -> Source:
    stamp = json.dumps([candidate.uri, candidate.key, candidate.stamp, files.said(labels)])
    return Source(candidate.uri, stamp, partial(_open_candidate, candidate, labels, wanted, order, files))


def _open_candidate(
    candidate: "Candidate", labels: Labels, wanted: tuple[str, ...], order: tuple[str, ...], files: Files
) -> Iterator[Piece]:
    from terrakin.chips.chip import chip_id
    from terrakin.chips.grid import Chipping, plan
    from terrakin.chips.scaling import parse_scaling, value_range
    from terrakin.scenes.find import open_scene

    scene = open_scene(candidate)
    bands = _bands(scene, wanted, order)
    chipping = Chipping()
    chips = tuple((window, chip_id(scene.key, None if whole else window), labels) for window, whole in plan(scene, chipping))
    measured = value_range(scene, bands, parse_scaling(files.scaling))
    return _pieces(Piece(scene, bands, measured, files.upsampling, chips, chipping.min_valid))


def _open_archived(
    scene: "Scene",
    chips: "tuple[tuple[Window, str, Labels], ...]",
    wanted: tuple[str, ...],
    scaling: "ScalingRule | ValueRange",
    files: Files,
) -> Iterator[Piece]:
    from terrakin.chips.scaling import ScalingRule, value_range

    bands = _bands(scene, wanted, ())
    measured = value_range(scene, bands, scaling) if isinstance(scaling, ScalingRule) else scaling
    return _pieces(Piece(scene, bands, measured, files.upsampling, chips, min_valid=0.0))


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
