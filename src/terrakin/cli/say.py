"""What verbs share: words on standard error, and boxes in options."""

import typer

from terrakin.chips.window import Box, checked_box

__all__ = ["parse_box", "say"]


def say(words: str, *, quiet: bool = False) -> None:
    """Tell a person something, on standard error; nothing where they asked for quiet."""
    if not quiet:
        typer.echo(words, err=True)


def parse_box(text: str | None, option: str) -> Box | None:
    """The box of an option, written `west,south,east,north` in degrees.

    Raises:
        typer.BadParameter: if it is not a box on the Earth.
    """
    if text is None:
        return None
    try:
        west, south, east, north = (float(edge) for edge in text.split(","))
        return checked_box((west, south, east, north), point=True)
    except ValueError as exc:
        raise typer.BadParameter(
            f"{text!r} is not a box; write west,south,east,north in degrees, such as 7.1,46.2,7.3,46.4", param_hint=option
        ) from exc
