"""`terrakin doctor`: what is in order, and what to do about the rest."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("doctor", epilog="Example: terrakin doctor coast")(_doctor)


def _doctor(
    archive: Annotated[Path | None, typer.Argument(help="An archive to look at too.", metavar="ARCHIVE")] = None,
) -> int:
    """Look at the installation and an archive; the exit status is 1 where something needs doing."""
    from terrakin.api.doctor import examine_archive, examine_installation

    ill = 0
    for finding in (*examine_installation(), *(examine_archive(archive) if archive is not None else ())):
        mark = "ok  " if finding.advice is None else "MEND"
        typer.echo(f"{mark} {finding.about:24} {finding.words}")
        if finding.advice is not None:
            ill += 1
            typer.echo(f"     {'':24} {finding.advice}")
    return 1 if ill else 0
