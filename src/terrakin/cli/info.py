"""`terrakin info`: what an archive holds."""

import json
from pathlib import Path
from typing import Annotated

import typer

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

    facts = Archive.open(archive).info()
    if as_json:
        typer.echo(json.dumps(facts, indent=2, ensure_ascii=False))
        return
    facts["bytes"] = f"{facts['bytes'] / 1e6:,.1f} MB"
    for name, value in facts.items():
        for inner, shown in value.items() if isinstance(value, dict) else [("", value)]:
            told = ", ".join(map(str, shown)) if isinstance(shown, list) else shown
            typer.echo(f"{' '.join(filter(None, (name, inner))):22} {told}")
