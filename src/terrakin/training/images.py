"""Images ready to train on: decoded and resized once, kept on disk as one array."""

import errno
import hashlib
import json
import os
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from terrakin.errors import SceneError, TrainingError
from terrakin.progress import Progress, silent
from terrakin.training.ahead import ahead
from terrakin.training.files import Files
from terrakin.training.joined import Joined

if TYPE_CHECKING:
    from terrakin.training.labelled import Labelled, Piece, Source, Wanted

__all__ = ["META", "PIXELS", "Images", "LeftOutWarning", "cached", "load", "write_meta"]

PIXELS = "pixels.npy"
"""The file of the pixels in a cache."""
META = "meta.json"
"""The file of everything else; it is written last, so a folder that has it is complete."""

_Chip = tuple[str, tuple[str, ...], str, bytes]
# Id, labels, fingerprint, and pixels (H, W, C).

_FORMAT = 1
_NAMED = 5
"""Broken images that a warning names; it counts the others."""


class LeftOutWarning(UserWarning):
    """Some of what was found is not among the images."""


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """N labelled images of one size."""

    ids: tuple[str, ...]
    """N ids, all different, as an archive of the same source has them."""
    pixels: NDArray[Any] | Joined
    """(N, H, W, C) uint8 or uint16, 0..255 or 0..65535 standing for 0..1 as a model reads it; may be mapped from files."""
    labels: NDArray[np.int64] | NDArray[np.bool_]
    """(N,) int64 positions in `classes`, or (N, classes) bool where an image has a set of labels."""
    classes: tuple[str, ...]
    """Names; each has an image."""
    bands: tuple[str, ...]
    """C names."""
    digest: str
    """Hex digest of ids, labels, classes, bands, size and the contents of the files: tells data sets apart."""
    guessed: int = 0
    """How many, the last ones, have a label that a network guessed: they train, and measure nothing."""

    def __post_init__(self) -> None:
        shape, pixels = (len(self.ids), len(self.bands)), self.pixels
        if pixels.ndim != 4 or pixels.dtype not in (np.uint8, np.uint16) or (len(pixels), pixels.shape[3]) != shape:
            raise ValueError(f"wanted {shape[0]} uint8 or uint16 images of {shape[1]} bands, got {pixels.dtype} {pixels.shape}")
        if self.labels.dtype == np.bool_:
            if self.labels.shape != (len(self.ids), len(self.classes)) or not self.labels.any(axis=1).all():
                raise ValueError(f"wanted {shape[0]} sets of {len(self.classes)} labels, each of one or more")
            return
        if self.labels.shape != shape[:1] or self.labels.dtype != np.int64:
            raise ValueError(f"wanted {shape[0]} int64 labels, got {self.labels.dtype} {self.labels.shape}")
        if len(self.labels) and not (self.labels.min() >= 0 and self.labels.max() < len(self.classes)):
            raise ValueError(f"labels are positions in {len(self.classes)} classes")
        if not 0 <= self.guessed <= len(self.ids):
            raise ValueError(f"of {len(self.ids)} labels as many can be guessed, got {self.guessed}")

    @property
    def sets(self) -> bool:
        """Whether an image has a set of labels."""
        return self.labels.dtype == np.bool_

    @property
    def numbers(self) -> NDArray[np.int64]:
        """(N,) positions of the one class of each image.

        Raises:
            ValueError: if images have sets of labels.
        """
        if self.sets:
            raise ValueError("these images have sets of labels, and not a class each")
        return self.labels.astype(np.int64, copy=False)

    def written_labels(self) -> list[int] | list[list[int]]:
        """Labels as plain values, which a cache holds: a position for an image, or a list of them."""
        if self.sets:
            return [np.flatnonzero(row).tolist() for row in self.labels]
        return [int(number) for number in self.numbers]


def cached(
    data: Path,
    folder: Path,
    *,
    size: int,
    dataset: str | None = None,
    bands: Sequence[str] | None = None,
    labels: "Wanted" = "needed",
    files: Files | None = None,
    workers: int | None = None,
    progress: Progress = silent,
) -> Images:
    """The labelled images of `data`, from the cache in `folder` if that is of the same files and options, else made anew.

    Pixels are read by the code that indexing uses: cut, masked, scaled and resized as a search sees them.

    Args:
        data: root of a benchmark, a folder of class folders, or an archive, whose chips are read again from their scenes with
            its own bands and scaling rule.
        folder: of the cache; a run that is killed leaves it as it was, or without a cache, never with half of one.
        size: side in pixels.
        dataset: the benchmark whose reader gives the labels; None for the other two.
        bands: names or common names; where None the archive's own, those of the benchmark, or red, green and blue.
        labels: `needed`, or `optional`: images without one label get the class `labelled.UNKNOWN`, and one image is enough.
        files: which labels count, how pixels are read and kept; the usual where None.
        workers: threads; as many as cores where None.
        progress: called with scenes done and all.

    Warns:
        LeftOutWarning: naming broken images, and counting those that have no label, or several where one is wanted.

    Raises:
        TrainingError: if there are not two classes with two images each where labels are needed, or no image where they are
            not, or the cache cannot be written.
        TerrakinError: if `data` is not what it was said to be.
    """
    from filelock import FileLock

    from terrakin.training.labelled import find_labelled

    if size < 1:
        raise ValueError(f"images have a side of at least 1 px, got {size}")
    files = files or Files()
    found = find_labelled(data, dataset=dataset, bands=bands, labels=labels, files=files)
    source = _digest([_FORMAT, size, found.classes, found.bands, [one.stamp for one in found.sources], *files.unusual])
    if _made_from(folder) == source:
        return load(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            # Another process may have made it while this one waited.
            if _made_from(folder) != source:
                threads = workers or os.cpu_count() or 1
                _make(folder, source, found, data, labels, files, size=size, workers=threads, progress=progress)
    except OSError as exc:
        raise _not_written(folder, exc) from exc
    return load(folder)


def load(folder: Path) -> Images:
    """Open a finished cache; needs nothing but numpy.

    Raises:
        TrainingError: if there is none, or it is broken.
    """
    try:
        said = json.loads((folder / META).read_text(encoding="utf-8"))
        pixels = np.load(folder / PIXELS, mmap_mode="r", allow_pickle=False)
        if said["format"] != _FORMAT:
            raise ValueError(f"its format is {said['format']}, this program reads {_FORMAT}")
        return Images(
            ids=tuple(said["ids"]),
            pixels=pixels,
            labels=_labels(said["labels"], len(said["classes"])),
            classes=tuple(said["classes"]),
            bands=tuple(said["bands"]),
            digest=str(said["digest"]),
        )
    except FileNotFoundError as exc:
        raise TrainingError(
            f"there is no cache of images in {str(folder)!r} ({exc.filename} is missing); make it again"
        ) from exc
    except (OSError, ValueError, KeyError, TypeError, EOFError, RecursionError) as exc:
        raise TrainingError(f"the cache of images in {str(folder)!r} is broken ({exc}); delete it and make it again") from exc


def _labels(said: Sequence[Any], classes: int) -> NDArray[np.int64] | NDArray[np.bool_]:
    """Labels as they are written down: a position for an image, or a list of them."""
    if not any(isinstance(one, list) for one in said):
        return np.array(said, np.int64)
    sets = np.zeros((len(said), classes), np.bool_)
    for row, positions in enumerate(said):
        if not all(0 <= position < classes for position in positions):
            raise ValueError(f"labels are positions in {classes} classes")
        sets[row, positions] = True
    return sets


def write_meta(folder: Path, said: dict[str, Any]) -> None:
    """Write what makes a cache complete, in one step: `ids, labels, classes, bands, size, digest`, plain values."""
    beside = folder / f"{META}.part"
    beside.write_text(json.dumps({"format": _FORMAT, **said}), encoding="utf-8")
    beside.replace(folder / META)


def _made_from(folder: Path) -> str | None:
    """The digest of the sources of a cache; None where there is no cache."""
    try:
        return str(json.loads((folder / META).read_text(encoding="utf-8"))["source"])
    except (OSError, ValueError, KeyError, TypeError):
        return None  # whatever is wrong with it, making it again puts it right


def _make(
    folder: Path,
    source: str,
    found: "Labelled",
    data: Path,
    labels: "Wanted",
    files: Files,
    *,
    size: int,
    workers: int,
    progress: Progress,
) -> None:
    part = folder / f"{PIXELS}.part"
    try:
        with part.open("wb") as file:
            said, broken = _fill(file, found, files, size=size, workers=workers, progress=progress)
        _must_suffice(data, said, labels, _left_out(found.without_label, files, broken))
        (folder / META).unlink(missing_ok=True)
        part.replace(folder / PIXELS)
        write_meta(folder, {**said, "source": source})
    finally:
        part.unlink(missing_ok=True)
    if left_out := _left_out(found.without_label, files, broken):
        warnings.warn(f"of {data}, {left_out}", LeftOutWarning, stacklevel=3)


def _fill(
    file: BinaryIO, found: "Labelled", files: Files, *, size: int, workers: int, progress: Progress
) -> tuple[dict[str, Any], list[str]]:
    """Write the pixels of what can be read; returns what they are of, and what was left out and why."""
    # A file that is written and not mapped: where the disk is full, writing to a map kills the process.
    shape = (size, size, len(found.bands))
    _write_header(file, (0, *shape), files.depth)
    ids, names, contents, broken = [], [], [], list(found.skipped)
    for read in _read(found.sources, size, files.depth, workers, progress):
        if isinstance(read, str):
            broken.append(read)
            continue
        for identity, labels, fingerprint, pixels in read:
            file.write(pixels)
            ids.append(identity)
            names.append(labels)
            contents.append(fingerprint)
    file.seek(0)
    # numpy keeps room in a header for a larger number of rows, so this one is as long as the first.
    _write_header(file, (len(ids), *shape), files.depth)
    there = {name for labels in names for name in labels}
    classes = [name for name in found.classes if name in there]
    positions = [[classes.index(name) for name in labels] for labels in names]
    said = {
        "ids": ids,
        "labels": positions if files.labels == "sets" else [one for (one,) in positions],
        "classes": classes,
        "bands": list(found.bands),
        "size": size,
    }
    return {**said, "digest": _digest([*said.values(), contents, *files.unusual])}, broken


def _write_header(file: BinaryIO, shape: tuple[int, ...], depth: int) -> None:
    header = {"descr": "|u1" if depth == 8 else "<u2", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)


def _read(
    sources: "Sequence[Source]", size: int, depth: int, workers: int, progress: Progress
) -> "Iterator[str | list[_Chip]]":
    """Ids, labels, fingerprints and pixels (H, W, C) piece by piece, or which source is broken and why."""

    def read(turn: "tuple[Piece | str, bool]") -> "tuple[str | list[_Chip], bool]":
        piece, last = turn
        return piece if isinstance(piece, str) else _read_piece(piece, size, depth), last

    def pieces() -> "Iterator[tuple[Piece | str, bool]]":
        for opened in ahead(_open, sources, workers=workers):
            for number, piece in enumerate(opened, start=1):
                yield piece, number == len(opened)

    done = 0
    for result, last in ahead(read, pieces(), workers=workers):
        done += last
        progress(done, len(sources))
        yield result


def _open(source: "Source") -> "list[Piece | str]":
    try:
        return list(source.open()) or [f"{source.uri} (gives no chip)"]
    except SceneError as exc:
        return [f"{source.uri} ({exc})"]


def _read_piece(piece: "Piece", size: int, depth: int) -> "str | list[_Chip]":
    from terrakin.chips.reader import SceneReader

    read, stored = [], np.dtype(np.uint8 if depth == 8 else "<u2")
    try:
        with SceneReader(piece.scene, piece.bands, piece.value_range, upsampling=piece.upsampling) as reader:
            for window, identity, labels in piece.chips:
                pixels, valid_share = reader.read(window, size=size)
                if valid_share > 0 and valid_share >= piece.min_valid:
                    values = np.rint(pixels.values * np.float32(2**depth - 1)).astype(stored)
                    read.append((identity, labels, piece.scene.fingerprint, np.moveaxis(values, 0, 2).tobytes()))
    except SceneError as exc:
        return f"{piece.scene.uri} ({exc})"
    return read


def _must_suffice(data: Path, said: dict[str, Any], wanted: "Wanted", left_out: str) -> None:
    more = f"; {left_out}" if left_out else ""
    if wanted == "optional":
        if not said["ids"]:
            raise TrainingError(f"there is no image in {data}{more}. Name a folder that has some")
        return
    labels = _labels(said["labels"], len(said["classes"]))
    counts = labels.sum(axis=0) if labels.ndim == 2 else np.bincount(labels, minlength=len(said["classes"]))
    if (counts >= 2).sum() < 2:
        per_class = ", ".join(f"{name}: {count}" for name, count in zip(said["classes"], counts.tolist(), strict=True))
        raise TrainingError(
            f"training needs at least 2 images of each of 2 classes, but {data} gives {len(said['ids'])} "
            f"({per_class or 'of no class'}){more}. "
            "Name a folder of class folders, a labelled archive, or a benchmark and its root"
        )


def _left_out(without_label: int, files: Files, broken: Sequence[str]) -> str:
    """What was left out, in words; nothing where that was nothing."""
    words = []
    if without_label:
        words.append(f"{without_label} without a label{' or with several' if files.labels == 'class' else ''}")
    if broken:
        named = "; ".join(broken[:_NAMED])
        words.append(f"{len(broken)} that cannot be read: {named}{'; ...' if len(broken) > _NAMED else ''}")
    return f"left out: {', and '.join(words)}" if words else ""


def _not_written(folder: Path, exc: OSError) -> TrainingError:
    if exc.errno in (errno.ENOSPC, errno.EDQUOT):
        return TrainingError(
            f"the disk is full while images are written to {str(folder)!r}; make room, or choose a smaller size"
        )
    return TrainingError(f"images cannot be written to {str(folder)!r}: {exc}; choose another folder for the cache")


def _digest(values: Any) -> str:
    return hashlib.blake2b(json.dumps(values).encode(), digest_size=16).hexdigest()
