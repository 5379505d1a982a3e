"""`terrakin demo`: the whole path once, on generated scenes or on one's own."""

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer

from terrakin.cli.say import say

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("demo", epilog="Example: terrakin demo demo --images ~/imagery/2024")(_demo)


def _demo(
    folder: Annotated[Path, typer.Argument(help="Where to work; made where it does not exist.", metavar="FOLDER")],
    images: Annotated[
        Path | None, typer.Option(help="Imagery of one's own, instead of generated scenes.", metavar="FOLDER")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing.")] = False,
) -> None:
    """Index a few scenes, search them, and draw what was found."""
    from terrakin.api.demo import demo
    from terrakin.progress import bar

    if images is not None and not images.exists():
        raise typer.BadParameter(f"{images} does not exist", param_hint="--images")
    with bar("Indexing", unit="chips", quiet=quiet) as progress:
        done = demo(folder, images=images, progress=progress)
    say(f"scenes:  {done.scenes}", quiet=quiet)
    say(f"archive: {done.archive} ({done.chips:,} chips)", quiet=quiet)
    if done.precision is not None:
        say(f"quality: P@5 {done.precision:.3f} on the known labels of the scenes", quiet=quiet)
    say(f"look at: {done.sheet}", quiet=quiet)
    # Without an activated environment the program has no short name.
    called = sys.argv[0]
    program = called if Path(called).name == "terrakin" and not shutil.which("terrakin") else "terrakin"
    say(f"go on:   {program} search {done.archive} '{done.example}' -k 5", quiet=quiet)
