"""What verbs share: words on standard error, boxes in options, files that are written."""

import click
import typer

__all__ = ["BOX", "say"]


def say(words: str, *, quiet: bool = False) -> None:
    """Tell a person something, on standard error; nothing where they asked for quiet."""
    if not quiet:
        typer.echo(words, err=True)


class _Box(click.ParamType):
    name = "west,south,east,north"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        if isinstance(value, tuple):
            return value
        try:
            west, south, east, north = (float(edge) for edge in value.split(","))
        except ValueError:
            self.fail(f"{value!r} is not a box; write {self.name} in degrees, such as 7.1,46.2,7.3,46.4", param, ctx)
        return west, south, east, north


BOX = _Box()
"""The type of an option that takes a box in degrees."""
