"""`terrakin info`: what an archive holds."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from terrakin.api.archive import Archive

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("info", epilog="Example: terrakin info coast")(_info)


def _info(
    archive: Annotated[Path, typer.Argument(help="The archive.", metavar="ARCHIVE")],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Say what an archive holds, with which model and options."""
    from terrakin.api.archive import Archive
    from terrakin.views.table import aligned

    held = Archive.open(archive)
    if as_json:
        typer.echo(json.dumps(held.info(), indent=2, ensure_ascii=False))
    else:
        typer.echo(aligned(_rows(held), right=(False, False)), nl=False)


def _rows(held: "Archive") -> list[tuple[str, str]]:
    """A fact a line, then an option a line in the words of the command line."""
    from terrakin.views.wording import codes_words, printable, space_words

    facts, space = held.info(), held.bundle.passport.space
    codes = "in the place of vectors" if space.is_binary else "none" if facts["codes"] is None else codes_words(facts["codes"])
    read_as = facts["datasets"]
    rows = [
        ("archive", facts["archive"]),
        ("format", str(facts["format"])),
        ("created", facts["created"]),
        ("updated", facts["updated"]),
        ("chips", f"{facts['chips']:,}"),
        ("scenes", f"{facts['scenes']:,} ({facts['skipped']:,} files skipped)"),
        ("size on disk", f"{facts['bytes'] / 1e6:,.1f} MB"),
        ("model", facts["model"]),
        ("space", f"{space_words(space)}, {space.bytes:,} bytes an image"),
        ("codes", codes),
        *(("source", f"{path}, read as {read_as[path]}" if path in read_as else path) for path in facts["sources"]),
        *held.options.words().items(),
    ]
    return [(name, printable(value)) for name, value in rows]
