"""`terrakin train`: from labelled images to a model."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Literal

import typer

from terrakin.cli.say import say
from terrakin.progress import Progress, bar

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(
        "train", epilog="Example: terrakin train mobilenetv2.softmax --data chips --out mine --init imagenet-mobilenetv2"
    )(_train)


def _train(
    recipe: Annotated[
        str, typer.Argument(help="Name of a recipe (see `terrakin show recipes`) or path of a TOML file.", metavar="RECIPE")
    ],
    data: Annotated[
        Path, typer.Option(help="Folder of class folders, archive with labels, or root of a benchmark.", metavar="DIR")
    ],
    out: Annotated[Path, typer.Option(help="The bundle to write: a new folder or .zip.", metavar="BUNDLE")],
    dataset: Annotated[
        str | None,
        typer.Option(help="Read the data as a copy of this benchmark; see `terrakin show datasets`.", metavar="NAME"),
    ] = None,
    device: Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where to compute.")] = "auto",
    resume: Annotated[bool, typer.Option("--resume", help="Go on where an earlier run was stopped.")] = False,
    init: Annotated[
        str | None,
        typer.Option(help="Weights to start from (.safetensors, .pth, checkpoint.npz), or a bundle.", metavar="FILE|BUNDLE"),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of everything that is drawn.", min=0)] = 0,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="Change the recipe; can be repeated.", metavar="TABLE.KEY=VALUE")
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(help="Folder for decoded images, to share between runs. [default: beside the bundle]", metavar="DIR"),
    ] = None,
    pack: Annotated[
        Path | None,
        typer.Option(
            help="Do all up to the first step, write what the others need into FILE, and stop. There: "
            "python -m terrakin.training FILE --result RESULT",
            metavar="FILE",
        ),
    ] = None,
    result: Annotated[
        Path | None,
        typer.Option(help="Train nothing: take over what the machine with the pack gave.", metavar="RESULT"),
    ] = None,
    pool: Annotated[
        Path | None,
        typer.Option(
            help="For recipes with [self-training]: folder of images, archive or root of a benchmark that the network labels.",
            metavar="DIR",
        ),
    ] = None,
    pool_dataset: Annotated[str | None, typer.Option(help="Read the pool as a copy of this benchmark.", metavar="NAME")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing.")] = False,
) -> None:
    """Train a model by a recipe, and write it as a bundle that `terrakin index --model` takes.

    Needs the extra: pip install 'terrakin[train]'. Stopped at any moment, the same command with --resume goes on. To train on
    another machine, such as one with a GPU, carry there what --pack writes, and give here what comes back with --result.
    """
    from terrakin.api import train as api

    def bars(words: str, unit: str) -> AbstractContextManager[Progress]:
        return bar(words, unit=unit, quiet=quiet)

    changes = changes or []
    if pack is not None:
        if result is not None or resume or device != "auto" or pool is not None:
            raise typer.BadParameter(
                "a pack holds a run before its first step; --result, --resume, --device and --pool do not go with it",
                param_hint="--pack",
            )
        packed = api.pack(
            recipe, data, out, pack, dataset=dataset, init=init, seed=seed, changes=changes, cache=cache, bars=bars
        )
        rounded = ", weights of half precision" if packed.half else ""
        say(f"wrote {pack}: {packed.size:,} bytes, images at quality {packed.quality} of 100{rounded}", quiet=quiet)
        if packed.needs:
            say(f"there, besides torch and numpy: pip install {' '.join(packed.needs)}", quiet=quiet)
        say(f"there: python -m terrakin.training {pack.name} --result RESULT", quiet=quiet)
        instead = "--pack" if init is None else "--pack and --init"
        say(f"then here: the same command with --result RESULT in place of {instead}", quiet=quiet)
        return
    if result is not None and (resume or init is not None or device != "auto" or pool is not None):
        raise typer.BadParameter(
            "a result is of a run that is finished; --resume, --init, --device and --pool do not go with it",
            param_hint="--result",
        )
    if pool is None and pool_dataset is not None:
        raise typer.BadParameter("it says what --pool is, and there is none", param_hint="--pool-dataset")
    bundle = api.train(
        recipe,
        data,
        out,
        dataset=dataset,
        device=device,
        resume=resume,
        init=init,
        seed=seed,
        changes=changes,
        cache=cache,
        result=result,
        pool=pool,
        pool_dataset=pool_dataset,
        bars=bars,
    )
    space = bundle.passport.space
    say(f"wrote {out}: {bundle.passport.name}, {space.kind} of {space.size}; log and curves are in {out}.training", quiet=quiet)
    say(f"index with it: terrakin index SOURCE --archive ARCHIVE --model {out}", quiet=quiet)
