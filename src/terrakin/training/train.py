"""Train: a recipe and labelled images in, a bundle out."""

from collections.abc import Mapping
from pathlib import Path

import torch

from terrakin.bundles.bundle import Bundle
from terrakin.errors import RecipeError, TrainingError
from terrakin.progress import Bars, Progress, hidden, silent
from terrakin.training.ahead import cores
from terrakin.training.figures import in_words
from terrakin.training.finish import check_end, finish
from terrakin.training.folders import RECIPE, folder_beside
from terrakin.training.images import Images, cached
from terrakin.training.loop import JOURNAL, Tell, fit
from terrakin.training.recipe import Recipe
from terrakin.training.run import Run
from terrakin.training.split import split
from terrakin.training.start import start_of, start_weights
from terrakin.training.teachers import Targets, targets

__all__ = ["check", "images_of", "must_train_once", "run_folder", "shown_by", "teach", "train"]


def train(
    recipe: Recipe,
    data: Path,
    out: Path,
    *,
    dataset: str | None = None,
    device: str = "auto",
    resume: bool = False,
    init: str | Path | None = None,
    seed: int = 0,
    cache: Path | None = None,
    bars: Bars = hidden,
) -> Bundle:
    """Train a recipe on labelled images and write the bundle.

    Beside `out` the folder `<out>.training` holds the log, the curves and the checkpoint, and the decoded images where `cache`
    is not given.

    Args:
        recipe: what to do.
        data: root of a benchmark, a folder of class folders, or an archive.
        out: the bundle, a new folder or .zip.
        dataset: name of the reader, where `data` is a benchmark.
        device: `auto`, `cpu` or `cuda`.
        resume: go on from the checkpoint of an earlier run of the same command.
        init: what the backbone starts from: weights (.safetensors, .pth, .pt, a run's checkpoint.npz), or the name or path of a
            bundle.
        seed: of everything that is drawn.
        cache: folder for the decoded images, which several runs can share.
        bars: asked for one for each stage that takes long.

    Raises:
        RecipeError: if the recipe does not fit the data.
        TrainingError: if the data, the weights or the checkpoint are not what is needed, or `out` exists.
    """
    must_train_once(recipe)
    folder = run_folder(out, resume=resume)
    begun_from = start_of(recipe, init)
    with bars("Reading", "images") as progress:
        images = images_of(recipe, data, cache or folder / "images", dataset=dataset, progress=progress)
    check(recipe, images)
    with bars("Asking teachers", "images") as progress:
        taught = teach(recipe, images, folder, progress=progress)
    with bars("Training", "steps") as progress:
        trained = fit(
            recipe,
            images,
            folder,
            device=device,
            seed=seed,
            start=start_weights(begun_from, recipe, images),
            targets=taught,
            resume=resume,
            workers=cores(),
            tell=shown_by(progress),
        )
    return finish(recipe, images, trained, folder, out)


def must_train_once(recipe: Recipe) -> None:
    """Refuse a recipe that is more than one run, where one is wanted.

    Raises:
        RecipeError: if it has a table `[self-training]`.
    """
    if recipe.self_training is not None:
        raise RecipeError(
            f"recipe {recipe.name} has a table [self-training]: it labels a pool of images itself, and trains several times. "
            "Give the pool with --pool; such a training cannot be packed"
        )


def run_folder(out: Path, *, resume: bool) -> Path:
    """The folder of the run that makes `out`, made where it is missing.

    Raises:
        TrainingError: if `out` exists, or a run was begun there and is not resumed.
    """
    if out.exists():
        raise TrainingError(f"there is something at {str(out)!r} already; choose another --out, or move it away")
    folder = folder_beside(out)
    if not resume and any((folder / name).exists() for name in (JOURNAL, RECIPE)):
        raise TrainingError(f"a run was begun in {str(folder)!r}; go on with it by --resume, or move it away")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise TrainingError(f"cannot make the folder {str(folder)!r}: {exc.strerror}") from exc
    return folder


def images_of(recipe: Recipe, data: Path, cache: Path, *, dataset: str | None, progress: Progress = silent) -> Images:
    """The recipe's images, decoded."""
    return cached(
        data, cache, size=recipe.data.stored, dataset=dataset, files=recipe.data.files, workers=cores(), progress=progress
    )


def check(recipe: Recipe, images: Images) -> None:
    """Refuse at once what would fail when hours of work are done, and could not be put right without doing them again.

    Raises:
        RecipeError: if a part of the recipe cannot be made, they do not fit each other, or the reducer cannot be fitted.
        TrainingError: if no passport can say what the recipe's `[export]` says.
    """
    parts = split(images, validation=recipe.data.validation, left_out=recipe.data.left_out)
    try:
        run = Run(recipe, images, parts, device=torch.device("cpu"), seed=0, start=None)
        run.rehearse()
    except (ValueError, RuntimeError) as exc:
        raise RecipeError(f"recipe {recipe.name} does not fit together: {exc}") from exc
    check_end(recipe, images, run.network, len(parts.train))


def teach(recipe: Recipe, images: Images, folder: Path, *, progress: Progress = silent) -> Targets:
    """What the recipe's teachers say of the images."""
    rows = split(images, validation=recipe.data.validation, left_out=recipe.data.left_out).train
    return targets(recipe.teachers, images, rows, folder, workers=cores(), progress=progress)


def shown_by(progress: Progress) -> Tell:
    """What shows how far a run is, and its figures, as progress."""

    def tell(done: int, total: int, figures: Mapping[str, float]) -> None:
        progress(done, total, in_words(figures))

    return tell
