"""`terrakin search`: more like this."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from terrakin.cli.asking import BBox, Box, Held, Since, Until, Where
from terrakin.cli.say import parse_box, say

__all__ = ["register"]

Format = Literal["table", "json", "jsonl", "csv", "geojson", "geoparquet"]

_ENDINGS: dict[str, Format] = {
    ".json": "json",
    ".jsonl": "jsonl",
    ".csv": "csv",
    ".geojson": "geojson",
    ".parquet": "geoparquet",
}
"""Formats that the ending of a file tells."""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("search", epilog='Example: terrakin search coast harbour.jpg -k 20 --where "cloud < 0.1" --sheet hits.png')(
        _search
    )


def _search(
    archive: Held,
    query: Annotated[str | None, typer.Argument(help="An image, a scene, or the id of a chip.", metavar="QUERY")] = None,
    k: Annotated[int, typer.Option("-k", help="How many hits.", min=1, metavar="COUNT")] = 10,
    box: Box = None,
    like: Annotated[list[str] | None, typer.Option(help="A further example; can be given again.", metavar="ID|FILE")] = None,
    codes: Annotated[bool, typer.Option("--codes", help="Rank by codes.")] = False,
    shortlist: Annotated[
        int | None,
        typer.Option(help="Choose so many times -k chips by codes, and rank these by their vectors.", min=1, metavar="TIMES"),
    ] = None,
    unlike: Annotated[list[str] | None, typer.Option(help="A negative example; can be given again.", metavar="ID|FILE")] = None,
    where: Where = None,
    label: Annotated[
        list[str] | None, typer.Option(help="Only chips that have this label; can be given again.", metavar="NAME")
    ] = None,
    label_match: Annotated[
        Literal["at-least", "exactly", "overlap"],
        typer.Option(help="Chips have at least these labels, exactly these, or some: more overlap, nearer."),
    ] = "at-least",
    bbox: BBox = None,
    since: Since = None,
    until: Until = None,
    format: Annotated[  # noqa: A002 - the option's name
        Format | None,
        typer.Option(help="How hits are printed. [default: by the ending of --out, else table]"),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Write the hits to a file instead.", metavar="FILE")] = None,
    sheet: Annotated[Path | None, typer.Option(help="Also write a contact sheet.", metavar="PNG")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but the hits.")] = False,
) -> None:
    """Find the chips that look most like an example."""
    from terrakin.api.archive import Archive
    from terrakin.views import geojson, geoparquet, records, table
    from terrakin.views.output import write_text
    from terrakin.views.wording import recall_words

    examples = [*([] if query is None else [query]), *(like or [])]
    if not examples:
        raise typer.BadParameter("name a QUERY or an example with --like", param_hint="QUERY")
    if box is not None and query is None:
        raise typer.BadParameter("--box is a part of the QUERY scene; name it", param_hint="--box")
    format = format or _ENDINGS.get("" if out is None else out.suffix.lower(), "table")  # noqa: A001 - the option's name
    if format == "geoparquet" and out is None:
        raise typer.BadParameter("geoparquet is a binary file; name it with --out", param_hint="--format")
    hits = Archive.open(archive).search(
        *examples,
        unlike=unlike or [],
        k=k,
        box=parse_box(box, "--box"),
        where=where,
        labels=label or [],
        label_match=label_match,
        bbox=parse_box(bbox, "--bbox"),
        since=since,
        until=until,
        codes=codes,
        shortlist=shortlist,
    )
    if format == "geoparquet" and out is not None:
        geoparquet.write_ranking(out, hits.ranking)
    elif format == "table" and out is None:
        table.print_table(hits.ranking, sys.stdout)
    else:
        write = {
            "table": table.plain_table,
            "json": records.json_text,
            "jsonl": records.jsonl_text,
            "csv": records.csv_text,
            "geojson": geojson.ranking_text,
        }[format]
        text = write(hits.ranking)
        if out is None:
            typer.echo(text, nl=False)
        else:
            write_text(out, text)
    if sheet is not None:
        hits.sheet(sheet)
        say(f"contact sheet: {sheet}", quiet=quiet)
    if out is not None:
        say(f"{len(hits)} hits: {out}", quiet=quiet)
    if not hits:
        say(f"no hits: no chip passes {hits.ranking.filter!r}" if hits.ranking.filter else "no hits", quiet=quiet)
    if hits.ranking.recall is not None:
        say(recall_words(hits.ranking.recall), quiet=quiet)
