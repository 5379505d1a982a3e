"""Noisy-student self-training: a network labels images without labels, and a student learns these too, again and again."""

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from terrakin.bundles.bundle import Bundle, open_bundle
from terrakin.errors import RecipeError, TrainingError
from terrakin.nn.output import Output
from terrakin.progress import Bars, hidden
from terrakin.training.ahead import cores
from terrakin.training.began import keep_recipe
from terrakin.training.curves import CURVES, draw_tallies
from terrakin.training.finish import finish
from terrakin.training.folders import BUNDLE, RECIPE, iteration_folder
from terrakin.training.images import Images, cached
from terrakin.training.loop import CHECKPOINT, device_of, fit
from terrakin.training.network import Network, build, build_losses
from terrakin.training.pseudo_labels import choose, with_pseudo_labels
from terrakin.training.reading import parse
from terrakin.training.recipe import Recipe, SelfTraining
from terrakin.training.rows import kept_rows
from terrakin.training.start import start_of, start_weights
from terrakin.training.tally import Tally, chapter, read_tally, tally, write_tally
from terrakin.training.train import check, images_of, run_folder, shown_by, teach
from terrakin.training.validate import embed

__all__ = ["self_train", "student", "teacher"]

_BLOCK = 32
# Images of the pool that are asked about in one go; a kill costs at most these.


@dataclass(frozen=True, slots=True, eq=False)
class _Given:
    """What is the same in every iteration."""

    images: Images
    pool: Images
    start: Mapping[str, Tensor] | None
    device: str
    seed: int
    bars: Bars


def self_train(
    recipe: Recipe,
    data: Path,
    pool: Path,
    out: Path,
    *,
    dataset: str | None = None,
    pool_dataset: str | None = None,
    device: str = "auto",
    resume: bool = False,
    init: str | Path | None = None,
    seed: int = 0,
    cache: Path | None = None,
    bars: Bars = hidden,
) -> Bundle:
    """Train a recipe with a table `[self-training]`, and write the bundle of its last student.

    Iteration 0 trains on the labelled images without noise. Each further one trains anew, from the start weights and with
    noise, on the labelled images and those of the pool of which the network before it is sure. That network reads all of the
    pool each time, without noise. Noise is RandAugment (`operations` of `[data.augmentation]`) and `dropout` of the head.
    After Xie et al., "Self-training with Noisy Student improves ImageNet classification", CVPR 2020, with hard labels, without
    balancing of classes and without stochastic depth.

    Every iteration is a run of its own in `<out>.training/iteration-0` and so on, with its bundle.

    Args:
        recipe: what to do.
        data: as `train`.
        pool: root of a benchmark, a folder of any images, or an archive. Its labels, where it has some, are only counted.
        out: the bundle, a new folder or .zip.
        dataset: as `train`.
        pool_dataset: name of the reader, where `pool` is a benchmark.
        device: as `train`.
        resume: go on with an earlier run; what is finished is not trained again.
        init: as `train`.
        seed: as `train`; the same for every iteration.
        cache: as `train`; the pool is decoded into the folder `pool` in it.
        bars: asked for one for each stage that takes long.

    Raises:
        RecipeError: if the recipe does not fit the data, or has no logits that a loss trains.
        TrainingError: as `train`, or if a network is sure of no image.
    """
    plan = _plan(recipe)
    folder = run_folder(out, resume=resume)
    begun_from = start_of(recipe, init)
    decoded = cache or folder / "images"
    with bars("Reading", "images") as progress:
        images = images_of(recipe, data, decoded, dataset=dataset, progress=progress)
    for one in (teacher(recipe), student(recipe)):
        check(one, images)
    _must_classify(recipe, images)
    with bars("Reading the pool", "images") as progress:
        others = cached(
            pool,
            decoded / "pool",
            size=recipe.data.stored,
            dataset=pool_dataset,
            bands=images.bands,
            labels="optional",
            files=replace(recipe.data.files, labels="class", part="all"),
            workers=cores(),
            progress=progress,
        )
    keep_recipe(recipe, folder)
    given = _Given(images, others, start_weights(begun_from, recipe, images), device, seed, bars)
    tallies: list[Tally] = []
    network = _train(teacher(recipe), images, iteration_folder(folder, 0), "iteration 0", tallies, given)
    for number in range(1, plan.iterations + 1):
        mine, before = iteration_folder(folder, number), iteration_folder(folder, number - 1)
        logits = _logits(network, recipe, before, given)
        more, counted = _labelled_by(logits, recipe, plan, number, mine, given)
        tallies.append(counted)
        network = _train(student(recipe), more, mine, f"iteration {number} with {counted.chosen:,} of the pool", tallies, given)
        draw_tallies(tallies, folder / CURVES)
    bundle = open_bundle(mine / BUNDLE)
    bundle.save(out)
    return bundle


def teacher(recipe: Recipe) -> Recipe:
    """The recipe of the first network: that of one run, without noise."""
    tables = tomllib.loads(student(recipe).source)
    augmentation = tables.get("data", {}).get("augmentation", {})
    for name in ("operations", "magnitude"):
        augmentation.pop(name, None)
    tables["head"].pop("dropout", None)
    return parse(tables, where=recipe.name)


def student(recipe: Recipe) -> Recipe:
    """The recipe of those after it: that of one run. How many there are, and what they learn, is not in it."""
    tables = tomllib.loads(recipe.source)
    tables.pop("self-training", None)
    return parse(tables, where=recipe.name)


def _plan(recipe: Recipe) -> SelfTraining:
    if recipe.self_training is None:
        raise RecipeError(f"recipe {recipe.name} has no table [self-training], so it has no use for a pool; take --pool out")
    return recipe.self_training


def _must_classify(recipe: Recipe, images: Images) -> None:
    """Refuse networks without logits, or whose logits learn nothing: what they say of classes is worth nothing."""
    if images.sets:
        raise RecipeError("self-training guesses one class an image, and these have sets of labels; take its table out")
    classes, size = len(images.classes), recipe.export.size
    with torch.random.fork_rng(devices=()):
        network = build(recipe, bands=len(images.bands), classes=classes)
        losses = build_losses(recipe, network, classes=classes)
    with torch.no_grad():
        given = network.eval()(torch.zeros(1, len(images.bands), size, size)).logits
    if given is None:
        raise RecipeError(
            f"recipe {recipe.name}: [self-training] needs class logits, and the head {recipe.head.name} gives none"
        )
    embedding, logits = (torch.zeros(2, width, requires_grad=True) for width in (network.head.size, classes))
    plain = [loss for term, loss in zip(recipe.losses, losses, strict=True) if term.teacher is None]
    values = [loss(Output(embedding, logits), torch.arange(2), None) for loss in plain]
    if not any(one.requires_grad and torch.autograd.grad(one, logits, allow_unused=True)[0] is not None for one in values):
        raise RecipeError(f"recipe {recipe.name}: [self-training] needs a loss that trains the logits, such as cross-entropy")


def _train(recipe: Recipe, images: Images, folder: Path, words: str, tallies: list[Tally], given: _Given) -> Network:
    """One run, from where it was left, and its bundle."""
    try:
        folder.mkdir(exist_ok=True)
    except OSError as exc:
        raise TrainingError(f"cannot make the folder {str(folder)!r}: {exc.strerror}") from exc
    kept = folder / BUNDLE
    if _text(folder / RECIPE) != recipe.source:
        # Another [export] makes it again, of the same weights.
        kept.unlink(missing_ok=True)
    with given.bars(f"Asking teachers, {words}", "images") as progress:
        taught = teach(recipe, images, folder, progress=progress)
    with given.bars(f"Training, {words}", "steps") as progress:
        trained = fit(
            recipe,
            images,
            folder,
            device=given.device,
            seed=given.seed,
            start=given.start,
            targets=taught,
            resume=True,
            workers=cores(),
            tell=shown_by(progress),
        )
    if not kept.exists():
        finish(recipe, images, trained, folder, kept, chapter=chapter(tallies))
    return trained.network


def _logits(network: Network, recipe: Recipe, folder: Path, given: _Given) -> NDArray[np.float32]:
    """What a network says of every image of the pool, without noise: (N, classes). Kept in its folder, block by block."""
    pool, size = given.pool, recipe.export.size
    digest = hashlib.sha256(f"{pool.digest} {size}".encode())
    for tensor in network.state_dict().values():
        digest.update(tensor.numpy().tobytes())
    device = device_of(given.device)
    asked = network.to(device).eval()
    mean, std = (torch.tensor(values, device=device).reshape(1, -1, 1, 1) for values in (network.mean, network.std))

    def forward(pixels: Tensor) -> Tensor:
        logits: Tensor = asked((pixels.to(device) - mean) / std).logits
        return logits

    def said(some: slice) -> NDArray[np.float32]:
        return embed(forward, pool, np.arange(some.start, some.stop), size=size, batch=_BLOCK)

    with given.bars("Asking about the pool", "images") as progress:
        return kept_rows(
            folder / f"pool-{digest.hexdigest()[:16]}.npz",
            (len(pool.ids), len(given.images.classes)),
            said,
            block=_BLOCK,
            workers=0,
            done=lambda rows: progress(rows, len(pool.ids)),
        )


def _labelled_by(
    logits: NDArray[np.float32], recipe: Recipe, plan: SelfTraining, number: int, folder: Path, given: _Given
) -> tuple[Images, Tally]:
    """What the student of an iteration learns, and what is told of it."""
    images, pool = given.images, given.pool
    never = [images.classes.index(name) for name in recipe.data.left_out]
    chosen = choose(logits, plan.threshold, never=never)
    before = read_tally(folder)
    if before is not None and before.threshold != plan.threshold and (folder / CHECKPOINT).exists():
        raise TrainingError(
            f"{str(folder)!r} was begun with a threshold of {before.threshold:g}, now it is {plan.threshold:g}; resume with "
            "that one, or move this folder and those of later iterations away to train them anew"
        )
    if not len(chosen.rows):
        # A student of the labelled images alone would not be one, and its bundle would not be what it is called. What the
        # teacher said is kept, so nothing is lost by stopping here.
        raise TrainingError(
            f"iteration {number}: the network before it gives no class of any of {len(pool.ids):,} images of the pool a "
            f"probability above {plan.threshold:g}; go on with --resume and a lower --set self-training.threshold=..."
        )
    counted = tally(number, plan.threshold, chosen, pool, images.classes)
    folder.mkdir(exist_ok=True)
    write_tally(counted, folder)
    return with_pseudo_labels(images, pool, chosen), counted


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return None
