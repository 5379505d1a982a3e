"""`terrakin reproduce`: a published table beside one's own figures."""

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
        "reproduce",
        epilog="Example: terrakin reproduce jsst2021-3 --runs runs --train patternnet=PatternNet --test ucm=UCMerced_LandUse "
        "--init resnet34.pth --seed 0 --seed 1",
    )(_reproduce)


def _reproduce(
    table: Annotated[
        str, typer.Argument(help="Name of a table (see `terrakin show tables`) or path of its CSV.", metavar="TABLE")
    ],
    runs: Annotated[
        Path,
        typer.Option(help="Folder of the runs, RECIPE.seedNUMBER each; the missing ones are trained there.", metavar="FOLDER"),
    ],
    train: Annotated[
        list[str] | None,
        typer.Option(help="A training set; can be repeated. One other than the paper's is said to be.", metavar="NAME=DIR"),
    ] = None,
    test: Annotated[list[str] | None, typer.Option(help="A test set; can be repeated.", metavar="NAME=DIR")] = None,
    init: Annotated[
        str | None, typer.Option(help="Weights to start from, as `terrakin train` takes them.", metavar="FILE|BUNDLE")
    ] = None,
    seeds: Annotated[
        list[int] | None,
        typer.Option("--seed", help="Seed of a run; can be repeated. [default: those that are finished, or 0]", min=0),
    ] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change every recipe that is trained; can be repeated.", metavar="TABLE.KEY=VALUE"),
    ] = None,
    rows: Annotated[
        list[str] | None,
        typer.Option(help="Only rows of this recipe, or with this in their name; can be repeated.", metavar="NAME"),
    ] = None,
    measures: Annotated[
        str | None, typer.Option(help="More measures beside the paper's and map, with commas.", metavar="NAMES")
    ] = None,
    device: Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where to train.")] = "auto",
    no_train: Annotated[bool, typer.Option("--no-train", help="Read finished runs alone.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and what is missing.")] = False,
    markdown: Annotated[Path | None, typer.Option(help="Also write the table as Markdown.", metavar="FILE")] = None,
    json: Annotated[Path | None, typer.Option(help="Also write the table as JSON.", metavar="FILE")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but the table.")] = False,
) -> None:
    """Print a published table beside your own figures, each with its protocol.

    Trains the recipes of its rows, or reads finished runs of them, and measures each as the paper did and leave-one-out. Rows
    that cannot be reproduced stand in the table with the reason. The same command repeated reads what was done.
    """
    from json import dumps

    from terrakin.api.reproduce import reproduce
    from terrakin.views.output import write_text
    from terrakin.views.reproduction import markdown_reproduction, plain_reproduction, reproduction_values

    def bars(words: str, unit: str) -> AbstractContextManager[Progress]:
        return bar(words, unit=unit, quiet=quiet)

    found = reproduce(
        table,
        runs,
        train=_named(train, "--train"),
        test=_named(test, "--test"),
        init=init,
        seeds=seeds or (),
        changes=changes or (),
        rows=rows or (),
        measures=[] if measures is None else [name.strip() for name in measures.split(",")],
        device=device,
        may_train=not no_train,
        dry_run=dry_run,
        bars=bars,
    )
    typer.echo(plain_reproduction(found), nl=False)
    if json is not None:
        write_text(json, dumps(reproduction_values(found), indent=2, ensure_ascii=False) + "\n")
        say(f"table: {json}", quiet=quiet)
    if markdown is not None:
        write_text(markdown, markdown_reproduction(found))
        say(f"table: {markdown}", quiet=quiet)


def _named(given: list[str] | None, option: str) -> dict[str, Path]:
    """Folders by name."""
    found = {}
    for word in given or ():
        name, equals, folder = word.partition("=")
        if not (name and equals and folder):
            raise typer.BadParameter(f"write NAME=DIR, such as ucm=UCMerced_LandUse, got {word!r}", param_hint=option)
        found[name] = Path(folder)
    return found
