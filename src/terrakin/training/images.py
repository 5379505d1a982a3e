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
from terrakin.training.joined import Joined

if TYPE_CHECKING:
    from terrakin.training.labelled import Labelled, Labels, Piece, Source

__all__ = ["META", "PIXELS", "Images", "LeftOutWarning", "cached", "load", "write_meta"]

PIXELS = "pixels.npy"
"""The file of the pixels in a cache."""
META = "meta.json"
"""The file of everything else; it is written last, so a folder that has it is complete."""

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
    pixels: NDArray[np.uint8] | Joined
    """(N, H, W, C), 0..255 standing for 0..1 as a model reads it; may be mapped from files."""
    labels: NDArray[np.int64]
    """(N,) positions in `classes`."""
    classes: tuple[str, ...]
    """Names; each has an image."""
    bands: tuple[str, ...]
    """C names."""
    digest: str
    """Hex digest of ids, labels, classes, bands, size and the contents of the files: tells data sets apart."""
    guessed: int = 0
    """How many, the last ones, have a label that a network guessed: they train, and measure nothing."""

    def __post_init__(self) -> None:
        shape = (len(self.ids), len(self.bands))
        if self.pixels.ndim != 4 or self.pixels.dtype != np.uint8 or (len(self.pixels), self.pixels.shape[3]) != shape:
            raise ValueError(f"wanted {shape[0]} uint8 images of {shape[1]} bands, got {self.pixels.dtype} {self.pixels.shape}")
        if self.labels.shape != shape[:1] or self.labels.dtype != np.int64:
            raise ValueError(f"wanted {shape[0]} int64 labels, got {self.labels.dtype} {self.labels.shape}")
        if len(self.labels) and not (self.labels.min() >= 0 and self.labels.max() < len(self.classes)):
            raise ValueError(f"labels are positions in {len(self.classes)} classes")
        if not 0 <= self.guessed <= len(self.ids):
            raise ValueError(f"of {len(self.ids)} labels as many can be guessed, got {self.guessed}")


def cached(
    data: Path,
    folder: Path,
    *,
    size: int,
    dataset: str | None = None,
    bands: Sequence[str] | None = None,
    labels: "Labels" = "needed",
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
        workers: threads; as many as cores where None.
        progress: called with scenes done and all.

    Warns:
        LeftOutWarning: naming broken images, and counting those that have no label or several.

    Raises:
        TrainingError: if there are not two classes with two images each where labels are needed, or no image where they are
            not, or the cache cannot be written.
        TerrakinError: if `data` is not what it was said to be.
    """
    from filelock import FileLock

    from terrakin.training.labelled import find_labelled

    if size < 1:
        raise ValueError(f"images have a side of at least 1 px, got {size}")
    found = find_labelled(data, dataset=dataset, bands=bands, labels=labels)
    source = _digest([_FORMAT, size, found.classes, found.bands, [one.stamp for one in found.sources]])
    if _made_from(folder) == source:
        return load(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            # Another process may have made it while this one waited.
            if _made_from(folder) != source:
                _make(folder, source, found, data, labels, size=size, workers=workers or os.cpu_count() or 1, progress=progress)
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
            labels=np.array(said["labels"], np.int64),
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
    labels: "Labels",
    *,
    size: int,
    workers: int,
    progress: Progress,
) -> None:
    part = folder / f"{PIXELS}.part"
    try:
        with part.open("wb") as file:
            said, broken = _fill(file, found, size=size, workers=workers, progress=progress)
        _must_suffice(data, said, labels, found.without_label, broken)
        (folder / META).unlink(missing_ok=True)
        part.replace(folder / PIXELS)
        write_meta(folder, {**said, "source": source})
    finally:
        part.unlink(missing_ok=True)
    if left_out := _left_out(found.without_label, broken):
        warnings.warn(f"of {data}, {left_out}", LeftOutWarning, stacklevel=3)


def _fill(
    file: BinaryIO, found: "Labelled", *, size: int, workers: int, progress: Progress
) -> tuple[dict[str, Any], list[str]]:
    """Write the pixels of what can be read; returns what they are of, and what was left out and why."""
    # A file that is written and not mapped: where the disk is full, writing to a map kills the process.
    shape = (size, size, len(found.bands))
    _write_header(file, (0, *shape))
    ids, names, contents, broken = [], [], [], list(found.skipped)
    for read in _read(found.sources, size, workers, progress):
        if isinstance(read, str):
            broken.append(read)
            continue
        for identity, label, fingerprint, pixels in read:
            file.write(pixels)
            ids.append(identity)
            names.append(label)
            contents.append(fingerprint)
    file.seek(0)
    # numpy keeps room in a header for a larger number of rows, so this one is as long as the first.
    _write_header(file, (len(ids), *shape))
    classes = [name for name in found.classes if name in set(names)]
    said = {
        "ids": ids,
        "labels": [classes.index(name) for name in names],
        "classes": classes,
        "bands": list(found.bands),
        "size": size,
    }
    return {**said, "digest": _digest([*said.values(), contents])}, broken


def _write_header(file: BinaryIO, shape: tuple[int, ...]) -> None:
    np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": shape})


def _read(
    sources: "Sequence[Source]", size: int, workers: int, progress: Progress
) -> "Iterator[str | list[tuple[str, str, str, bytes]]]":
    """Ids, labels, fingerprints and pixels (H, W, C) piece by piece, or which source is broken and why."""

    def read(turn: "tuple[Piece | str, bool]") -> "tuple[str | list[tuple[str, str, str, bytes]], bool]":
        piece, last = turn
        return piece if isinstance(piece, str) else _read_piece(piece, size), last

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


def _read_piece(piece: "Piece", size: int) -> "str | list[tuple[str, str, str, bytes]]":
    from terrakin.chips.reader import SceneReader

    read = []
    try:
        with SceneReader(piece.scene, piece.bands, piece.value_range) as reader:
            for window, identity, label in piece.chips:
                pixels, valid_share = reader.read(window, size=size)
                if valid_share > 0 and valid_share >= piece.min_valid:
                    values = np.rint(pixels.values * 255).astype(np.uint8)
                    read.append((identity, label, piece.scene.fingerprint, np.moveaxis(values, 0, 2).tobytes()))
    except SceneError as exc:
        return f"{piece.scene.uri} ({exc})"
    return read


def _must_suffice(data: Path, said: dict[str, Any], labels: "Labels", without_label: int, broken: Sequence[str]) -> None:
    left_out = _left_out(without_label, broken)
    more = f"; {left_out}" if left_out else ""
    if labels == "optional":
        if not said["ids"]:
            raise TrainingError(f"there is no image in {data}{more}. Name a folder that has some")
        return
    counts = np.bincount(np.array(said["labels"], np.int64), minlength=len(said["classes"]))
    if (counts >= 2).sum() < 2:
        per_class = ", ".join(f"{name}: {count}" for name, count in zip(said["classes"], counts.tolist(), strict=True))
        raise TrainingError(
            f"training needs at least 2 images of each of 2 classes, but {data} gives {len(said['ids'])} "
            f"({per_class or 'of no class'}){more}. "
            "Name a folder of class folders, a labelled archive, or a benchmark and its root"
        )


def _left_out(without_label: int, broken: Sequence[str]) -> str:
    """What was left out, in words; nothing where that was nothing."""
    words = []
    if without_label:
        words.append(f"{without_label} without a label or with several")
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
