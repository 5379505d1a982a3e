"""A packed run on the machine that it was carried to, where torch and numpy are enough for most recipes."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terrakin.errors import TrainingError
from terrakin.progress import Progress, silent
from terrakin.training.checkpoint import read_checkpoint
from terrakin.training.half import whole
from terrakin.training.images import load
from terrakin.training.loop import Tell, Trained, fit
from terrakin.training.pack import LIMIT, Luggage, packed_recipe, unpack
from terrakin.training.packages import must_be_installed
from terrakin.training.reading import read_text
from terrakin.training.result import write_result
from terrakin.training.teachers import read_targets

__all__ = ["Computed", "compute"]

_FROM = "pack.json"
"""The file that says which pack a folder was unpacked from; it is written last, so a folder that has it is complete."""


@dataclass(frozen=True, slots=True, eq=False)
class Computed:
    """A run that was computed and packed for home."""

    trained: Trained
    """What it gave."""
    half: bool
    """Whether the weights that are carried home are of half precision."""


def compute(
    file: Path,
    result: Path,
    work: Path,
    *,
    device: str = "auto",
    limit: int = LIMIT,
    workers: int = 1,
    until: int | None = None,
    progress: Progress = silent,
    tell: Tell = lambda done, total, figures: None,
) -> Computed | None:
    """Unpack a run, train it, and write its result; called again after a stop, it goes on from the last checkpoint.

    Args:
        file: what `terrakin.training.carry.carry_away` wrote.
        result: the file to carry home; replaced in one step.
        work: folder for what is unpacked, checkpoint and log; made where it is missing.
        device: `auto`, `cpu` or `cuda`.
        limit: bytes that the result may have.
        workers: threads that decode images and prepare batches.
        until: stop after this many steps, and write no result.
        progress: called with images unpacked and all.
        tell: called after each step.

    Returns:
        The run; None where it was stopped by `until`.

    Raises:
        TrainingError: if the file is no packed run, a package that its recipe needs is missing, the folder is of another run,
            training fails, or the result does not fit.
    """
    recipe = read_text(packed_recipe(file), where=f"{file}/recipe.toml")
    # Before minutes go by in which images are decoded.
    must_be_installed(recipe)
    luggage = _unpacked(file, work, workers, progress)
    trained = fit(
        recipe,
        luggage.images,
        work,
        device=device,
        seed=luggage.seed,
        start=None if luggage.start is None else whole(read_checkpoint(luggage.start).tensors),
        targets=() if luggage.targets is None else read_targets(luggage.targets),
        resume=True,
        workers=workers,
        until=until,
        tell=tell,
    )
    if until is not None:
        return None
    return Computed(trained, write_result(recipe, work, result, limit=limit))


def _unpacked(file: Path, work: Path, workers: int, progress: Progress) -> Luggage:
    """What a pack holds, unpacked once."""
    try:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as exc:
        raise TrainingError(f"{str(file)!r} cannot be read: {exc.strerror or exc}") from exc
    said = work / _FROM
    held = _said(said)
    if held is None:
        luggage = unpack(file, work, workers=workers, progress=progress)
        said.write_text(json.dumps({"sha256": digest, "seed": luggage.seed}), encoding="utf-8")
        return luggage
    if held["sha256"] != digest:
        raise TrainingError(f"the folder {str(work)!r} is of another pack than {str(file)!r}; name another one with --work")
    start, targets = (path if path.is_file() else None for path in (work / "start.npz", work / "targets.npz"))
    return Luggage(packed_recipe(file), load(work / "images"), start, targets, held["seed"])


def _said(file: Path) -> dict[str, Any] | None:
    """Digest and seed of the pack that a folder was unpacked from; None where that was not finished."""
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        return {"sha256": str(said["sha256"]), "seed": int(said["seed"])}
    except (OSError, ValueError, KeyError, TypeError):
        return None
