"""The training loop: batches in, a trained network out, resumable to the bit."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from terrakin.errors import TrainingError
from terrakin.training.batches import batches
from terrakin.training.began import keep_recipe
from terrakin.training.checkpoint import read_checkpoint, write_checkpoint
from terrakin.training.images import Images
from terrakin.training.interrupt import interrupt_waits
from terrakin.training.journal import Journal
from terrakin.training.network import Network
from terrakin.training.recipe import Recipe
from terrakin.training.run import Run
from terrakin.training.split import Parts, split

__all__ = ["CHECKPOINT", "JOURNAL", "Tell", "Trained", "device_of", "fit"]

CHECKPOINT = "checkpoint.npz"
"""Name of the checkpoint in a run's folder."""

JOURNAL = "log.jsonl"
"""Name of the log in a run's folder."""

_BETWEEN_CHECKPOINTS_S = 60.0
# When one is written has no influence on the result; a kill costs at most this and the step at hand.

_LINES_AN_EPOCH = 10

Tell = Callable[[int, int, Mapping[str, float]], None]
"""What the loop calls: steps done, steps in all, and the figures at hand (`loss`, `map`, …)."""


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """What a run gives."""

    network: Network
    """With the averaged weights where the recipe averages, in evaluation mode, on the CPU."""
    parts: Parts
    """Which images trained and which validated."""
    figures: Mapping[str, float]
    """The last validation: `map`, `p@10`, and `left_out_map`, `left_out_p@10` where classes were left out."""


def fit(
    recipe: Recipe,
    images: Images,
    folder: Path,
    *,
    device: str = "auto",
    seed: int = 0,
    start: Mapping[str, Tensor] | None = None,
    targets: Sequence[NDArray[np.float32]] = (),
    resume: bool = False,
    workers: int = 1,
    until: int | None = None,
    tell: Tell = lambda done, total, figures: None,
) -> Trained:
    """Train the network of a recipe.

    A run that was killed and is resumed ends with the same weights, to the bit, as one that was not, on one device with one
    number of threads: each step depends on the state before it, the seed and its own number alone. Ctrl-C ends it after the
    step at hand, with a checkpoint; a second one at once.

    Args:
        recipe: what to do.
        images: all of them; the recipe says which train.
        folder: of the run; checkpoint, log and the text of the recipe are written there.
        device: `auto`, `cpu` or `cuda`.
        seed: of everything that is drawn.
        start: published weights of the backbone, by their names.
        targets: what the recipe's teachers say of the images, one array for each.
        resume: go on from the checkpoint in `folder`; without one, start.
        workers: threads that prepare batches.
        until: stop after this many steps, as an interrupt would; for tests and for parts of a run.
        tell: called after each step.

    Raises:
        KeyboardInterrupt: at Ctrl-C, when the checkpoint is written.
        TrainingError: if the checkpoint is of another run, the loss is no longer finite, or the device is not there.
        RecipeError: if the recipe does not fit the images.
    """
    parts = split(images, validation=recipe.data.validation, left_out=recipe.data.left_out)
    if len(targets) != len(recipe.teachers):
        raise TrainingError(f"recipe {recipe.name} has {len(recipe.teachers)} teachers, got targets of {len(targets)}")
    run = Run(recipe, images, parts, device=device_of(device), seed=seed, start=start)
    checkpoint = folder / CHECKPOINT
    if resume and checkpoint.is_file():
        run.restore(read_checkpoint(checkpoint), checkpoint)
    keep_recipe(recipe, folder)
    journal = Journal(folder / JOURNAL, first=run.step)
    taught = [torch.from_numpy(target) for target in targets]
    last = run.steps if until is None else min(until, run.steps)
    saved = time.monotonic()
    feed = batches(
        images,
        parts.train,
        run.sampler,
        augmentation=recipe.data.augmentation,
        size=run.size,
        seed=seed,
        first=run.step,
        last=last,
        workers=workers,
    )
    with interrupt_waits() as interrupted:
        try:
            for batch in feed:
                run.train(batch, taught)
                tell(run.step, run.steps, run.figures)
                ended = run.step % run.sampler.steps == 0 or run.step == run.steps
                if ended:
                    run.validate(images)
                if ended or run.step % max(1, run.sampler.steps // _LINES_AN_EPOCH) == 0:
                    journal.write(step=run.step, **{name: float(f"{value:.6g}") for name, value in run.figures.items()})
                if ended or interrupted() or time.monotonic() - saved > _BETWEEN_CHECKPOINTS_S:
                    write_checkpoint(checkpoint, run.checkpoint())
                    saved = time.monotonic()
                if interrupted():
                    break
        finally:
            # Not left to the collector: threads are at work.
            feed.close()
    if last < run.steps:
        write_checkpoint(checkpoint, run.checkpoint())
    return Trained(run.best().cpu().eval(), parts, run.figures)


def device_of(name: str) -> torch.device:
    """The device that `auto`, `cpu` or `cuda` names here.

    Raises:
        TrainingError: if there is no such device.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise TrainingError("there is no GPU that torch can use here; take --device cpu")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)
