"""Train a model on one's own labelled imagery."""

from collections.abc import Sequence
from pathlib import Path

from terrakin.bundles.bundle import Bundle
from terrakin.progress import Bars, hidden
from terrakin.registry import require

__all__ = ["train"]


def train(
    recipe: str | Path,
    data: str | Path,
    out: str | Path,
    *,
    dataset: str | None = None,
    device: str = "auto",
    resume: bool = False,
    init: str | Path | None = None,
    seed: int = 0,
    changes: Sequence[str] = (),
    cache: str | Path | None = None,
    bars: Bars = hidden,
) -> Bundle:
    """Train a recipe on labelled images and write the bundle. Needs the extra `terrakin[train]`.

    Args:
        recipe: name of a shipped recipe, or path of a TOML file.
        data: a folder of class folders, an archive with labels, or the root of a benchmark.
        out: the bundle, a new folder or .zip. Beside it, `<out>.training` holds log, curves and checkpoint.
        dataset: name of the benchmark that `data` is.
        device: `auto`, `cpu` or `cuda`.
        resume: go on where an earlier run of the same call was stopped.
        init: published weights of the backbone: .safetensors, .pth or .pt.
        seed: of everything that is drawn; the same seed gives the same weights on one machine with as many threads.
        changes: `table.key=value` each, applied to the recipe.
        cache: folder for decoded images, which several runs can share; one beside `out` by default.
        bars: asked for one for each stage that takes long.

    Raises:
        MissingExtraError: if torch is not installed.
        RecipeError: if the recipe does not exist or fit.
        TrainingError: if data, weights or checkpoint are not what is needed.
    """
    require("torch", extra="train")
    from terrakin.training.recipe import read_recipe
    from terrakin.training.train import train as run

    return run(
        read_recipe(recipe, changes),
        Path(data),
        Path(out),
        dataset=dataset,
        device=device,
        resume=resume,
        init=None if init is None else Path(init),
        seed=seed,
        cache=None if cache is None else Path(cache),
        bars=bars,
    )
