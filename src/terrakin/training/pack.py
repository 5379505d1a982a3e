"""A run as one file, to be carried to a machine where torch and numpy are enough to read it, and its result as another."""

import json
import math
import struct
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from terrakin.bundles.members import unzip
from terrakin.errors import BundleError, TrainingError
from terrakin.progress import Progress, silent
from terrakin.training.ahead import ahead
from terrakin.training.codec import decode, encode, shape_of
from terrakin.training.images import META, PIXELS, Images, load, write_meta

__all__ = [
    "LIMIT",
    "Luggage",
    "must_be_packable",
    "pack",
    "pack_result",
    "packed_recipe",
    "together",
    "unpack",
    "unpack_result",
]

LIMIT = 60_000_000
"""Bytes that a pack may have where nobody says otherwise."""

_META, _CODED, _RECIPE, _START, _TARGETS = "images.json", "images.coded", "recipe.toml", "start.npz", "targets.npz"
_LARGEST = {_META: 1 << 26, _CODED: 1 << 29, _RECIPE: 1 << 20, _START: 1 << 29, _TARGETS: 1 << 29}
# Bytes: everything is read into memory, so what a stranger can make us read has a limit.
_FORMAT = 1
_TOGETHER = 3 << 22
"""Bytes of pixels that are coded together."""
_LARGEST_IMAGE, _LARGEST_IMAGES = 1 << 28, 1 << 36
# Bytes of decoded pixels: of one image, which is decoded in memory, and of all, which are written to disk.
_LENGTH = struct.Struct("<Q")


@dataclass(frozen=True, slots=True, eq=False)
class Luggage:
    """What a run needs to begin."""

    recipe: str
    """The text of the recipe, TOML."""
    images: Images
    """What it trains on. Carried images keep their digest, though the codec changed their pixels a little."""
    start: Path | None = None
    """An `.npz` of weights to start from."""
    targets: Path | None = None
    """An `.npz` of what the teachers say of the images."""
    seed: int = 0
    """Of everything that is drawn."""


def pack(
    luggage: Luggage, file: Path, *, quality: int = 70, limit: int = LIMIT, workers: int = 1, progress: Progress = silent
) -> int:
    """Write a run into one file: a zip, stored, of the recipe, the arrays as they are, and the images coded.

    Args:
        luggage: the run.
        file: where to; replaced in one step.
        quality: of the images, 1..100; see `terrakin.training.codec`.
        limit: bytes that the file may have.
        workers: threads that code images.
        progress: called with images done and all.

    Returns:
        Its bytes.

    Raises:
        TrainingError: if it would be larger than the limit, with the size of each part, or cannot be read or written.
    """
    images = luggage.images
    must_be_packable(images)
    coded = b"".join(_LENGTH.pack(len(piece)) + piece for piece in _coded(images, quality, workers, progress))
    said = {
        "format": _FORMAT,
        "ids": images.ids,
        "labels": images.written_labels(),
        "classes": images.classes,
        "bands": images.bands,
        "shape": images.pixels.shape,
        "digest": images.digest,
        "seed": luggage.seed,
    }
    parts = {_RECIPE: luggage.recipe.encode(), _META: json.dumps(said).encode(), _CODED: coded}
    for name, path in ((_START, luggage.start), (_TARGETS, luggage.targets)):
        if path is not None:
            parts[name] = _content(path)
    what = f"{len(images.ids)} images of {images.pixels.shape[1]} px at quality {quality}"
    return _write(file, parts, limit, f"{what}; cache smaller images, choose a lower quality, or fewer dimensions of teachers")


def must_be_packable(images: Images) -> None:
    """Refuse images that the code is not made for.

    Raises:
        TrainingError: if they have other than 8 bits.
    """
    if images.pixels.dtype != np.uint8:
        raise TrainingError(
            "images of 16 bits cannot be carried to another machine; train here, or keep them with 8 bits "
            "(--set data.files.depth=8)"
        )


def unpack(file: Path, folder: Path, *, workers: int = 1, progress: Progress = silent) -> Luggage:
    """Read what `pack` wrote.

    Args:
        file: the pack.
        folder: gets `recipe.toml`, `start.npz` and `targets.npz` where they were packed, and `images/`, a cache that
            `terrakin.training.images.load` opens. Nothing is written outside of it, whatever the pack holds.
        workers: threads that decode images.
        progress: called with images done and all.

    Raises:
        TrainingError: if it is no pack, or broken, or the folder cannot be written.
    """
    parts = _members(file, _LARGEST, needed=(_RECIPE, _META, _CODED))
    said = _said(parts[_META], file)
    pieces = list(_pieces(parts[_CODED], said["shape"], file))
    try:
        recipe = parts[_RECIPE].decode()
        (folder / "images").mkdir(parents=True, exist_ok=True)
        for name in (_RECIPE, _START, _TARGETS):
            if name in parts:
                (folder / name).write_bytes(parts[name])
        _write_images(folder / "images", said, pieces, workers, progress)
    except OSError as exc:
        raise TrainingError(f"{str(file)!r} cannot be unpacked to {str(folder)!r}: {exc}; make room or choose another") from exc
    except UnicodeDecodeError as exc:
        raise _broken(file, exc) from exc
    start, targets = (folder / name if name in parts else None for name in (_START, _TARGETS))
    return Luggage(recipe, load(folder / "images"), start, targets, said["seed"])


def packed_recipe(file: Path) -> str:
    """The text of the recipe that `pack` wrote; no image is decoded for it.

    Raises:
        TrainingError: as `unpack`.
    """
    try:
        return _members(file, _LARGEST, needed=(_RECIPE,))[_RECIPE].decode()
    except UnicodeDecodeError as exc:
        raise _broken(file, exc) from exc


def pack_result(folder: Path, file: Path, *, names: Sequence[str], limit: int = LIMIT) -> int:
    """Write files of a run's folder into one, to be carried back; those that are not there are left out.

    Args:
        folder: of the run.
        file: where to; replaced in one step.
        names: of files, such as the checkpoint's and the log's; at least one must be there.
        limit: bytes that the file may have.

    Returns:
        Its bytes.

    Raises:
        TrainingError: if there is none of them, or they are more than the limit.
    """
    parts = {name: _content(folder / name) for name in names if (folder / name).is_file()}
    if not parts:
        raise TrainingError(f"there is no result in {str(folder)!r}: none of {', '.join(names)}; name the folder of a run")
    return _write(file, parts, limit, "carry fewer files, or weights of half precision")


def together(shape: Sequence[int]) -> int:
    """How many images of a shape (H, W, C) are coded together, at least 1: memory is bounded by their pixels."""
    return max(1, _TOGETHER // math.prod(shape))


def unpack_result(file: Path, folder: Path, *, names: Sequence[str]) -> tuple[Path, ...]:
    """Read what `pack_result` wrote into `folder`, where files of the same names are replaced; returns what was written.

    Raises:
        TrainingError: if it holds anything but `names`, or is broken.
    """
    parts = _members(file, dict.fromkeys(names, 1 << 30), needed=())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in parts.items():
            (folder / name).write_bytes(content)
    except OSError as exc:
        raise TrainingError(f"{str(file)!r} cannot be unpacked to {str(folder)!r}: {exc}; make room or choose another") from exc
    return tuple(folder / name for name in parts)


def _coded(images: Images, quality: int, workers: int, progress: Progress) -> Iterator[bytes]:
    count, *one = images.pixels.shape
    each = together(one)
    starts = range(0, count, each)
    pieces = ahead(
        lambda first: encode(np.asarray(images.pixels[first : first + each]), quality=quality), starts, workers=workers
    )
    for first, piece in zip(starts, pieces, strict=True):
        progress(min(first + each, count), count)
        yield piece


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise TrainingError(f"{str(path)!r} cannot be packed: {exc.strerror or exc}") from exc


def _write(file: Path, parts: Mapping[str, bytes], limit: int, advice: str) -> int:
    beside = file.with_name(f".{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(beside, "w") as archive:
            for name, content in parts.items():
                # A ZipInfo of its own dates every member to 1980, so equal packs are equal files.
                archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_STORED)
        size = beside.stat().st_size
        if size > limit:
            sizes = ", ".join(f"{name} {len(content):,}" for name, content in parts.items())
            raise TrainingError(f"{file.name} would have {size:,} bytes and may have {limit:,}: {sizes}; of {advice}")
        beside.replace(file)
    except OSError as exc:
        raise TrainingError(
            f"{str(file)!r} cannot be written: {exc.strerror or exc}; make room or choose another place"
        ) from exc
    finally:
        beside.unlink(missing_ok=True)
    return size


def _members(file: Path, largest: Mapping[str, int], *, needed: Sequence[str]) -> dict[str, bytes]:
    try:
        with file.open("rb") as opened:
            parts = unzip(opened, largest, str(file))
    except BundleError as exc:
        raise TrainingError(str(exc)) from exc
    except OSError as exc:
        raise TrainingError(f"{str(file)!r} cannot be read: {exc.strerror or exc}") from exc
    if missing := [name for name in needed if name not in parts]:
        raise TrainingError(f"{str(file)!r} is no packed run: it lacks {', '.join(missing)}")
    return parts


def _said(text: bytes, file: Path) -> dict[str, Any]:
    """What is known of the images besides their pixels, checked as far as unpacking relies on it."""
    try:
        said = json.loads(text)
        count, height, width, bands = (int(side) for side in said["shape"])
        if said["format"] != _FORMAT:
            raise ValueError(f"its format is {said['format']}, this program reads {_FORMAT}")
        if count != len(said["ids"]) or bands != len(said["bands"]) or height != width:
            raise ValueError(f"images of shape {said['shape']} do not fit {len(said['ids'])} ids and bands {said['bands']}")
        if min(count, height, bands) < 1 or height**2 * bands > _LARGEST_IMAGE or count * height**2 * bands > _LARGEST_IMAGES:
            raise ValueError(f"images of shape {said['shape']} are too large")
        seed = said["seed"]
        if not isinstance(seed, int) or seed < 0:
            raise ValueError(f"its seed is {seed!r}")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise _broken(file, exc) from exc
    return {**said, "shape": (count, height, width, bands)}


def _pieces(coded: bytes, shape: tuple[int, int, int, int], file: Path) -> Iterator[bytes]:
    """Coded images whose headers agree with what the pack says, before any is decoded."""
    count, start = 0, 0
    while start < len(coded):
        if start + _LENGTH.size > len(coded):
            raise _broken(file, "its images are cut off")
        (length,) = _LENGTH.unpack_from(coded, start)
        start += _LENGTH.size
        piece = coded[start : start + length]
        some, *rest = shape_of(piece)
        if len(piece) != length or tuple(rest) != shape[1:] or some > together(rest):
            raise _broken(file, f"{some} images of shape {tuple(rest)} in {len(piece)} bytes are not what it says")
        count, start = count + some, start + length
        yield piece
    if count != shape[0]:
        raise _broken(file, f"it holds {count} images and says {shape[0]}")


def _write_images(folder: Path, said: Mapping[str, Any], pieces: Sequence[bytes], workers: int, progress: Progress) -> None:
    part = folder / f"{PIXELS}.part"
    done = 0
    try:
        with part.open("wb") as opened:
            header = {"descr": "|u1", "fortran_order": False, "shape": said["shape"]}
            np.lib.format.write_array_header_1_0(opened, header)
            for pixels in ahead(decode, pieces, workers=workers):
                opened.write(pixels.tobytes())
                done += len(pixels)
                progress(done, said["shape"][0])
        (folder / META).unlink(missing_ok=True)
        part.replace(folder / PIXELS)
        kept = {name: said.get(name) for name in ("ids", "labels", "classes", "bands", "digest")}
        write_meta(folder, {**kept, "size": said["shape"][1]})
    finally:
        part.unlink(missing_ok=True)


def _broken(file: Path, why: object) -> TrainingError:
    return TrainingError(f"{str(file)!r} is no packed run that can be read ({why}); pack it again, or carry it here again")
