"""Teachers: finished bundles whose embeddings a network learns to give."""

import hashlib
import io
import json
import zipfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from terrakin.errors import RecipeError, TrainingError
from terrakin.progress import Progress, silent
from terrakin.training.augment import Augmentation, augment
from terrakin.training.images import Images
from terrakin.training.recipe import Teacher
from terrakin.training.rows import kept_rows
from terrakin.training.whitening import within_class

if TYPE_CHECKING:
    from terrakin.bundles.bundle import Bundle

__all__ = ["Targets", "read_targets", "targets", "views", "write_targets"]

Targets = list[NDArray[np.float32]]
"""One for each teacher: (N, `Teacher.size`) unit rows, in the order of the images."""

_BLOCK = 8


def targets(
    teachers: Sequence[Teacher],
    images: Images,
    rows: NDArray[np.int64],
    folder: Path,
    *,
    workers: int = 1,
    progress: Progress = silent,
) -> Targets:
    """What the teachers say of every image: unit embeddings, averaged over views, projected, at unit length again.

    A teacher sees each image once, whatever crops the network sees of it: what it says is computed before training and kept
    in `folder`, block by block, so that a call after a stop goes on. Averaging over turns and flips teaches that a view from
    above has no "up".

    Args:
        teachers: of the recipe.
        images: all of them.
        rows: those that train; the projection is fitted on these.
        folder: of the run.
        workers: threads; each runs a teacher by itself.
        progress: told how many images are done, over all teachers.

    Raises:
        RecipeError: if a teacher reads other bands, or gives fewer dimensions than are asked for.
        TrainingError: if what a teacher says cannot be kept in `folder`.
    """
    # All are held to the images before the first is asked, which takes long.
    bundles = [_opened(number, teacher, images, rows) for number, teacher in enumerate(teachers)]
    result: Targets = []
    for number, (teacher, bundle) in enumerate(zip(teachers, bundles, strict=True)):
        file = folder / f"teacher-{_digest(teacher, bundle, images)[:16]}.npz"

        def done(rows: int, before: int = number * len(images.ids)) -> None:
            progress(before + rows, None)

        embeddings = kept_rows(
            file,
            (len(images.ids), bundle.passport.embedding_size),
            partial(_embeddings, teacher, bundle, images),
            block=_BLOCK,
            workers=workers,
            done=done,
        )
        result.append(_project(embeddings, images, rows, teacher))
    return result


def write_targets(file: Path, targets: Targets, *, half: bool = False) -> None:
    """Write targets to be carried: an `.npz` of arrays named `0`, `1` and so on, float16 where `half`, else float32.

    Raises:
        TrainingError: if they cannot be written.
    """
    dtype = np.float16 if half else np.float32
    try:
        np.savez(file, allow_pickle=False, **{str(number): target.astype(dtype) for number, target in enumerate(targets)})
    except OSError as exc:
        raise TrainingError(f"cannot write {file}: {exc.strerror or exc}; make room for what teachers say") from exc


def read_targets(file: Path) -> Targets:
    """Targets that were carried here, as `write_targets` wrote them, always float32.

    Raises:
        TrainingError: if they cannot be read.
    """
    try:
        with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as held:
            return [np.asarray(held[str(number)], np.float32) for number in range(len(held.files))]
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as exc:
        raise TrainingError(f"cannot read what teachers say from {file}: {exc}; pack the run again") from exc


def views(values: NDArray[np.float32], number: int) -> list[NDArray[np.float32]]:
    """The first `number` of the eight turns and flips of images (N, C, H, W), in one fixed order."""
    turned = [np.rot90(values, turns, axes=(2, 3)) for turns in range(min(number, 4))]
    if number == 2:
        return [values, values[..., ::-1]]
    return turned + [view[..., ::-1] for view in turned if number == 8]


def _opened(number: int, teacher: Teacher, images: Images, rows: NDArray[np.int64]) -> "Bundle":
    from terrakin.bundles.bundle import open_bundle

    bundle = open_bundle(teacher.bundle)
    if bundle.passport.bands != images.bands:
        wanted, found = ", ".join(bundle.passport.bands), ", ".join(images.bands)
        raise RecipeError(f"[[teacher]] {number} {teacher.bundle} reads {wanted}; the images have {found}")
    if teacher.size > min(bundle.passport.embedding_size, len(rows)):
        raise RecipeError(
            f"[[teacher]] {number}: size = {teacher.size} is more than the {bundle.passport.embedding_size} dimensions "
            f"of {teacher.bundle}, or than the {len(rows)} images that train"
        )
    return bundle


def _embeddings(teacher: Teacher, bundle: "Bundle", images: Images, some: slice) -> NDArray[np.float32]:
    """Means (n, D) over views of the graph's embeddings, at unit length, of a slice of the images."""
    # Nothing is drawn: images are resized alone.
    size, rng = teacher.pixels or bundle.passport.input_size, np.random.default_rng(0)
    values = augment(images.pixels[some], size, Augmentation(), rng).numpy()
    seen = [_unit(bundle.raw(np.ascontiguousarray(view))) for view in views(values, teacher.views)]
    return np.asarray(np.mean(seen, axis=0), np.float32)


def _project(embeddings: NDArray[np.float32], images: Images, rows: NDArray[np.int64], teacher: Teacher) -> NDArray[np.float32]:
    if teacher.whiten is not None:
        embeddings = within_class(_unit(embeddings[rows]), images.numbers[rows], shrinkage=teacher.whiten).apply(
            _unit(embeddings)
        )
    fitted = embeddings[rows].astype(np.float64)
    mean = fitted.mean(axis=0) if teacher.centre else np.zeros(fitted.shape[1])
    centred = fitted - mean
    _, directions = np.linalg.eigh(centred.T @ centred)
    components = directions[:, ::-1][:, : teacher.size]
    components = components * np.sign(components[np.abs(components).argmax(axis=0), np.arange(teacher.size)])
    projected: NDArray[np.float32] = ((embeddings - mean) @ components).astype(np.float32)
    return _unit(projected)


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1), np.float32)


def _digest(teacher: Teacher, bundle: "Bundle", images: Images) -> str:
    facts = [bundle.passport.digest, teacher.views, teacher.pixels or bundle.passport.input_size, images.digest]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()
