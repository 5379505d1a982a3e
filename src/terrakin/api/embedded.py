"""Vectors of a labelled test set as they leave a model's graph, computed once and kept."""

import hashlib
import json
import zipfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from terrakin.api.listed import listed
from terrakin.bundles.bundle import Bundle
from terrakin.datasets.dataset import DATASETS
from terrakin.errors import SceneError, SourceError
from terrakin.progress import Progress, silent
from terrakin.scenes.options import SourceOptions
from terrakin.scenes.scene import Candidate
from terrakin.views.output import written

if TYPE_CHECKING:
    from terrakin.archive.work import Worker

__all__ = ["Embedded", "ImageSet", "embedded", "find_images"]

Output = Literal["embedding", "logits"]

_FORMAT = 1
# Changes when the same files would give other vectors.

_GROUP = 8
# Images that one call of the network takes.


@dataclass(frozen=True, slots=True, eq=False)
class ImageSet:
    """Labelled images that were found and not read."""

    name: str
    """As the user calls it."""
    candidates: tuple[Candidate, ...]
    """One an image."""
    digest: str
    """Changes with their names, labels, sizes and times."""


@dataclass(frozen=True, slots=True, eq=False)
class Embedded:
    """N images and their vectors."""

    ids: tuple[str, ...]
    """N ids, all different."""
    labels: tuple[tuple[str, ...], ...]
    """N label sets."""
    vectors: NDArray[np.float32]
    """(N, D) as they leave the graph, neither reduced nor packed."""


def find_images(name: str, root: Path) -> ImageSet:
    """The images of a test set.

    Args:
        name: of a benchmark; any other name means a folder of class folders.
        root: where it lies.

    Raises:
        SourceError: if there is nothing, or something that is no image.
        DatasetError: if it is not that benchmark.
    """
    if not root.is_dir():
        raise SourceError(f"there is no folder at {str(root)!r}; say where {name} lies")
    benchmark = name if name in DATASETS else None
    options = SourceOptions(labels="auto" if benchmark else "folder")
    candidates: list[Candidate] = []
    for _, item in listed({root.absolute(): benchmark}, options=options, without=root / ".terrakin")():
        if not isinstance(item, Candidate):
            raise SourceError(f"{item.uri} of {name} cannot be read: {item.reason}; mend or remove it")
        candidates.append(item)
    if not candidates:
        raise SourceError(f"there is no image in {str(root)!r}; say where {name} lies")
    known = [[one.key, one.stamp, one.labels] for one in candidates]
    return ImageSet(name, tuple(candidates), hashlib.sha256(json.dumps(known).encode()).hexdigest())


def embedded(
    bundle: Bundle, output: Output, test: ImageSet, folder: Path, *, workers: int, progress: Progress = silent
) -> Embedded:
    """Vectors of a test set, from `folder` where they were computed before.

    Args:
        bundle: embeds; its reducer is left out.
        output: which output of its graph.
        test: what to embed.
        folder: keeps vectors.
        workers: threads.
        progress: called with images done and all.

    Raises:
        SceneError: if an image cannot be read: nothing is measured on what is left.
        BundleError: if the model cannot be run.
        OutputError: if the vectors cannot be kept.
    """
    identity = json.dumps([_FORMAT, bundle.passport.digest, output, test.digest])
    path = folder / f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}.npz"
    held = _held(path)
    if held is None:
        held = _computed(bundle, output, test, workers=workers, progress=progress)
        folder.mkdir(parents=True, exist_ok=True)
        with written(path) as partial, partial.open("wb") as file:
            labels = json.dumps(held.labels)
            np.savez(file, allow_pickle=False, ids=np.array(held.ids), labels=np.array(labels), vectors=held.vectors)
    return held


def _held(path: Path) -> Embedded | None:
    try:
        with np.load(path, allow_pickle=False) as file:
            labels = tuple(tuple(names) for names in json.loads(str(file["labels"])))
            return Embedded(tuple(file["ids"].tolist()), labels, file["vectors"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None  # whatever is wrong with it, computing it again puts it right


def _computed(bundle: Bundle, output: Output, test: ImageSet, *, workers: int, progress: Progress) -> Embedded:
    # What reads imagery takes long to import, and who reads kept vectors does not need it.
    from terrakin.archive.options import IndexOptions
    from terrakin.archive.work import Worker

    worker = Worker(bundle, IndexOptions())
    run = bundle.raw if output == "embedding" else bundle.logits
    candidates = test.candidates
    groups = [candidates[start : start + _GROUP] for start in range(0, len(candidates), _GROUP)]
    ids: list[str] = []
    labels: list[tuple[str, ...]] = []
    blocks: list[NDArray[np.float32]] = []

    def read(group: Sequence[Candidate]) -> tuple[list[str], list[tuple[str, ...]], NDArray[np.float32]]:
        names, wanted, pixels = _read(worker, group)
        return names, wanted, run(pixels)

    try:
        with ThreadPoolExecutor(workers) as pool:
            for names, wanted, block in pool.map(read, groups):
                ids += names
                labels += wanted
                blocks.append(block)
                progress(len(ids), len(candidates))
    finally:
        worker.close()
    return Embedded(tuple(ids), tuple(labels), np.concatenate(blocks))


def _read(worker: "Worker", group: Sequence[Candidate]) -> tuple[list[str], list[tuple[str, ...]], NDArray[np.float32]]:
    from terrakin.archive.work import Piece

    names: list[str] = []
    labels: list[tuple[str, ...]] = []
    values: list[NDArray[Any]] = []
    for candidate in group:
        job = worker.open(candidate)
        blocks = [pixels for pixels, _ in worker.pixels([Piece(job, job.windows)])]
        found = sum(map(len, blocks))
        if found != len(job.windows) or not found:
            raise SceneError(f"{candidate.uri} cannot be read, or holds nothing; mend or remove it, then measure again")
        names += [identity for _, identity in job.windows]
        labels += [candidate.labels] * found
        values += blocks
    return names, labels, np.concatenate(values)
