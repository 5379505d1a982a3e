"""`terrakin duplicates`: chips that are nearly the same picture."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from terrakin.cli.say import say

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("duplicates", epilog="Example: terrakin duplicates coast --format jsonl > repeated.jsonl")(_duplicates)


def _duplicates(
    archive: Annotated[Path, typer.Argument(help="The archive.", metavar="ARCHIVE")],
    distance: Annotated[
        float | None,
        typer.Option(help="Largest distance in the archive's space. [default: 0.04 for cosine]", min=0.0, metavar="DISTANCE"),
    ] = None,
    format: Annotated[Literal["table", "jsonl"], typer.Option(help="How groups are printed.")] = "table",  # noqa: A002 - the option's name
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but the groups.")] = False,
) -> None:
    """List groups of near-identical chips, closest first."""
    from terrakin.api.archive import Archive
    from terrakin.progress import bar
    from terrakin.views.wording import distance as distance_words

    held = Archive.open(archive)
    with bar("Comparing", unit="chips", quiet=quiet) as progress:
        groups = held.duplicates(distance=distance, progress=progress)
    for group in groups:
        if format == "jsonl":
            typer.echo(json.dumps({"distance": group.distance, "ids": list(group.ids)}, ensure_ascii=False))
        else:
            apart = distance_words(group.distance, held.bundle.passport.space)
            typer.echo(f"{apart}  {'  '.join(group.ids)}")
    say(f"groups: {len(groups):,}, chips in them: {sum(len(group.ids) for group in groups):,}", quiet=quiet)
