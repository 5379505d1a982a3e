"""`terrakin export`: an archive for other programs."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from terrakin.cli.say import say

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("export", epilog="Example: terrakin export coast --format geoparquet --out coast.parquet")(_export)


def _export(
    archive: Annotated[Path, typer.Argument(help="The archive.", metavar="ARCHIVE")],
    format: Annotated[Literal["stac", "geoparquet", "geojson", "trec"], typer.Option(help="What to write.")],  # noqa: A002 - the option's name
    out: Annotated[Path, typer.Option(help="A file, or a folder for stac and trec.", metavar="PATH")],
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing.")] = False,
) -> None:
    """Write every chip, its footprint, labels and embedding for other programs; trec: the first 1,000 hits of each."""
    from terrakin.api.archive import Archive

    count = Archive.open(archive).export(format, out)
    say(f"{count:,} {'queries' if format == 'trec' else 'chips'}: {out}", quiet=quiet)
