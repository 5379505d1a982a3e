"""What a run on another machine gives: its network and its log, as one file that is carried home."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from terrakin.errors import TrainingError
from terrakin.training.checkpoint import Checkpoint, best_of, read_checkpoint, write_checkpoint
from terrakin.training.differing import differing
from terrakin.training.half import halved, whole
from terrakin.training.images import Images
from terrakin.training.loop import CHECKPOINT, JOURNAL, Trained
from terrakin.training.pack import LIMIT, pack_result, unpack_result
from terrakin.training.recipe import Recipe, trains
from terrakin.training.split import split
from terrakin.training.suited import network_of

__all__ = ["NETWORK", "read_result", "write_result"]

NETWORK = "network.npz"
"""Name of the finished network in a run's folder: a checkpoint without what only further steps would need."""


def write_result(recipe: Recipe, folder: Path, file: Path, *, limit: int = LIMIT) -> bool:
    """Write the network of a finished run and its log into one file.

    The network is the averaged one where the recipe averages. The optimiser's memory, and weights that were averaged away, stay
    here. Its matrices and kernels are rounded to half precision where the file would be larger than the limit otherwise.

    Args:
        recipe: of the run.
        folder: of the run.
        file: where to; replaced in one step.
        limit: bytes that the file may have.

    Returns:
        Whether the weights were rounded.

    Raises:
        TrainingError: if the run is not finished, or its result does not fit.
    """
    checkpoint = read_checkpoint(folder / CHECKPOINT)
    step, steps = checkpoint.facts["step"], checkpoint.facts["steps"]
    if step != steps:
        raise TrainingError(f"the run in {str(folder)!r} is at step {step:,} of {steps:,}; go on with it first")
    facts = {**checkpoint.facts, "source": trains(recipe)}
    tensors = best_of(checkpoint.tensors)
    for half in (False, True):
        write_checkpoint(folder / NETWORK, Checkpoint(facts, halved(tensors) if half else tensors))
        # A zip adds less than a kilobyte to its two members.
        size = sum((folder / name).stat().st_size for name in (NETWORK, JOURNAL)) + 1000
        if size <= limit:
            pack_result(folder, file, names=(NETWORK, JOURNAL), limit=limit)
            return half
    raise TrainingError(
        f"the result would have {size:,} bytes with weights of half precision, and may have {limit:,}. Carry {CHECKPOINT} and "
        f"{JOURNAL} of {str(folder)!r} to the run's folder at home by another way, and finish there with --resume"
    )


def read_result(file: Path, folder: Path, recipe: Recipe, images: Images, *, seed: int) -> Trained:
    """Take over a result that was carried home; its network and log are kept in the run's folder.

    Args:
        file: what `write_result` wrote.
        folder: of the run here.
        recipe: of the run here.
        images: those that were packed.
        seed: that was packed.

    Raises:
        TrainingError: if it is the result of another recipe, other images or another seed, saying what differs; if it is
            broken; or if the folder holds the log of another run.
    """
    with TemporaryDirectory(dir=folder, prefix="carried-") as beside:
        carried = Path(beside)
        unpack_result(file, carried, names=(NETWORK, JOURNAL))
        if missing := [name for name in (NETWORK, JOURNAL) if not (carried / name).is_file()]:
            raise TrainingError(f"{str(file)!r} is no result of a run: it lacks {', '.join(missing)}")
        try:
            checkpoint = read_checkpoint(carried / NETWORK)
        except TrainingError as exc:
            raise TrainingError(f"the network in {str(file)!r} cannot be read; carry the result here again") from exc
        _must_be_of(checkpoint.facts, recipe, images, seed, file)
        with torch.random.fork_rng(devices=()):
            network = network_of(recipe, images)
        try:
            network.load_state_dict(whole(checkpoint.tensors))
        except RuntimeError as exc:
            raise TrainingError(f"{str(file)!r} holds a network of another version of this program: {exc}") from exc
        here = folder / JOURNAL
        if here.exists() and here.read_bytes() != (carried / JOURNAL).read_bytes():
            raise TrainingError(f"the folder {str(folder)!r} holds the log of another run; move it away, or take another --out")
        for name in (NETWORK, JOURNAL):
            shutil.move(carried / name, folder / name)
    parts = split(images, validation=recipe.data.validation, left_out=recipe.data.left_out)
    return Trained(network.eval(), parts, dict(checkpoint.facts["figures"]))


def _must_be_of(facts: Mapping[str, Any], recipe: Recipe, images: Images, seed: int, file: Path) -> None:
    try:
        there, theirs, their_seed = str(facts["source"]), facts["images"], facts["seed"]
    except KeyError as exc:
        raise TrainingError(f"{str(file)!r} is no result of a run: it does not say its {exc.args[0]}") from exc
    here = trains(recipe)
    differ = []
    if there != here:
        keys = differing(there, here, sides=("there", "here")) or "the order of its keys"
        differ.append(f"the recipe ({keys})")
    if theirs != images.digest:
        differ.append("the images (other files, classes, bands or [data] stored)")
    if their_seed != seed:
        differ.append(f"the seed ({their_seed} there, {seed} here)")
    if differ:
        raise TrainingError(
            f"{str(file)!r} is the result of another run; what differs: {', '.join(differ)}. Give what was packed"
        )
