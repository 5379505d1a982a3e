"""`terrakin show`: what there is to choose from."""

from typing import Annotated, Literal

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("show", epilog="Example: terrakin show models")(_show)


def _show(
    what: Annotated[
        Literal[
            "models",
            "recipes",
            "datasets",
            "measures",
            "protocols",
            "distortions",
            "hashers",
            "sources",
            "stores",
            "spaces",
            "tables",
        ],
        typer.Argument(help="What."),
    ],
) -> None:
    """List models, recipes, data sets, measures, protocols, distortions, hash functions, sources, stores, spaces, tables."""
    from terrakin.api.listing import listing
    from terrakin.views.table import aligned

    head, rows = listing(what)
    typer.echo(aligned([head, *rows], right=[False] * len(head)), nl=False)
