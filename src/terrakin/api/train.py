"""Train a model on one's own labelled imagery."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from terrakin.bundles.bundle import Bundle
from terrakin.progress import Bars, hidden
from terrakin.registry import require

if TYPE_CHECKING:
    from terrakin.training.carry import Packed

__all__ = ["pack", "train"]


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
    result: str | Path | None = None,
    pool: str | Path | None = None,
    pool_dataset: str | None = None,
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
        init: what the backbone starts from: weights (.safetensors, .pth, .pt, a run's checkpoint.npz), or the name or path of a
            bundle.
        seed: of everything that is drawn; the same seed gives the same weights on one machine with as many threads.
        changes: `table.key=value` each, applied to the recipe.
        cache: folder for decoded images, which several runs can share; one beside `out` by default.
        result: what a machine to which `pack` was carried gave: nothing is trained here, its network is exported. Recipe,
            data, seed and out are those that were packed.
        pool: for a recipe with a table `[self-training]`: a folder of any images, an archive, or the root of a benchmark, to
            which the network gives labels itself. Labels that it has are only counted.
        pool_dataset: name of the benchmark that `pool` is.
        bars: asked for one for each stage that takes long.

    Raises:
        ValueError: if something is asked of training that took place elsewhere.
        MissingExtraError: if torch is not installed.
        RecipeError: if the recipe does not exist or fit.
        TrainingError: if data, weights, checkpoint or result are not what is needed.
    """
    require("torch", extra="train")
    from terrakin.training.carry import bring_home
    from terrakin.training.reading import read_recipe
    from terrakin.training.self_training import self_train
    from terrakin.training.train import train as run

    if result is not None and (resume or init is not None or device != "auto" or pool is not None):
        raise ValueError("a result is of a run that is finished; --resume, --init, --device and --pool do not go with it")
    if pool is None and pool_dataset is not None:
        raise ValueError("--pool-dataset says what --pool is, and there is none")
    chosen = read_recipe(recipe, changes)
    given: dict[str, Any] = {"dataset": dataset, "seed": seed, "cache": None if cache is None else Path(cache), "bars": bars}
    if result is not None:
        return bring_home(chosen, Path(data), Path(out), Path(result), **given)
    given |= {"device": device, "resume": resume, "init": init}
    if pool is not None:
        return self_train(chosen, Path(data), Path(pool), Path(out), pool_dataset=pool_dataset, **given)
    return run(chosen, Path(data), Path(out), **given)


def pack(
    recipe: str | Path,
    data: str | Path,
    out: str | Path,
    file: str | Path,
    *,
    dataset: str | None = None,
    init: str | Path | None = None,
    seed: int = 0,
    changes: Sequence[str] = (),
    cache: str | Path | None = None,
    bars: Bars = hidden,
) -> "Packed":
    """Do all of a training up to its first step, and write the rest into one file of at most 60 MB.

    `python -m terrakin.training FILE --result RESULT` trains it on any machine with Python, torch and numpy, such as one with a
    GPU; what a recipe needs there besides is named in `needs` of what is returned. `train(..., result=RESULT)` then writes the
    bundle here.

    Args:
        recipe: as `train`.
        data: as `train`.
        out: the bundle that will be written; decoded images are kept beside it meanwhile.
        file: the file to carry; replaced in one step.
        dataset: as `train`.
        init: as `train`.
        seed: as `train`.
        changes: as `train`.
        cache: as `train`.
        bars: asked for one for each stage that takes long.

    Raises:
        MissingExtraError: if torch is not installed.
        RecipeError: if the recipe does not exist or fit.
        TrainingError: if data or weights are not what is needed, or the file would be too large.
    """
    require("torch", extra="train")
    from terrakin.training.carry import carry_away
    from terrakin.training.reading import read_recipe

    return carry_away(
        read_recipe(recipe, changes),
        Path(data),
        Path(out),
        Path(file),
        dataset=dataset,
        init=init,
        seed=seed,
        cache=None if cache is None else Path(cache),
        bars=bars,
    )
