"""`terrakin explain`: what a model's front-end saw."""

from pathlib import Path
from typing import Annotated

import typer

from terrakin.cli.asking import BBox, Box, Held, Since, Until, Where
from terrakin.cli.say import parse_box, say

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("explain", epilog="Example: terrakin explain coast harbour.jpg --out explained.png")(_explain)


def _explain(
    archive: Held,
    query: Annotated[str, typer.Argument(help="An image, a scene, or the id of a chip.", metavar="QUERY")],
    k: Annotated[int, typer.Option("-k", help="How many hits.", min=1, metavar="COUNT")] = 5,
    box: Box = None,
    where: Where = None,
    bbox: BBox = None,
    since: Since = None,
    until: Until = None,
    out: Annotated[Path | None, typer.Option(help="Also draw the images before and after.", metavar="PNG")] = None,
    json: Annotated[Path | None, typer.Option(help="Also write the parameters as JSON.", metavar="FILE")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but the words.")] = False,
) -> None:
    """Tell how a model's front-end converts an image and its hits before it compares them."""
    from terrakin.api.archive import Archive
    from terrakin.views.output import write_text

    explained = Archive.open(archive).explain(
        query,
        k=k,
        box=parse_box(box, "--box"),
        where=where,
        bbox=parse_box(bbox, "--bbox"),
        since=since,
        until=until,
    )
    typer.echo(str(explained), nl=False)
    if out is not None:
        explained.sheet(out)
        say(f"drawn: {out}", quiet=quiet)
    if json is not None:
        write_text(json, explained.to_json() + "\n")
        say(f"parameters: {json}", quiet=quiet)
