"""What verbs share: words on standard error, and boxes in options."""

import typer

__all__ = ["parse_box", "say"]


def say(words: str, *, quiet: bool = False) -> None:
    """Tell a person something, on standard error; nothing where they asked for quiet."""
    if not quiet:
        typer.echo(words, err=True)


def parse_box(text: str | None, option: str) -> tuple[float, float, float, float] | None:
    """The box of an option, written `west,south,east,north` in degrees.

    Raises:
        typer.BadParameter: if it is not a box on the Earth.
    """
    if text is None:
        return None
    try:
        west, south, east, north = (float(edge) for edge in text.split(","))
        on_earth = -90 <= south <= north <= 90 and -180 <= west <= 180 and -180 <= east <= 180
    except ValueError:
        on_earth = False
    if not on_earth:
        raise typer.BadParameter(
            f"{text!r} is not a box; write west,south,east,north in degrees, such as 7.1,46.2,7.3,46.4", param_hint=option
        )
    return west, south, east, north
