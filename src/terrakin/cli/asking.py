"""Options of the verbs that ask an archive: which chips may answer."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["BBox", "Box", "Held", "Since", "Until", "Where"]

Held = Annotated[Path, typer.Argument(help="The archive.", metavar="ARCHIVE")]
"""The archive that is asked."""

Box = Annotated[str | None, typer.Option(help="The part of the query scene that is meant, in degrees.", metavar="W,S,E,N")]
"""See `terrakin.cli.say.parse_box`, also for `BBox`."""

Where = Annotated[
    str | None, typer.Option(help="Only chips that pass: \"label = 'harbor' and cloud < 0.1\".", metavar="FILTER")
]
"""See `terrakin.search.where`."""

BBox = Annotated[str | None, typer.Option(help="Only chips that touch it, in degrees.", metavar="W,S,E,N")]
"""Of chips' footprints."""

Since = Annotated[str | None, typer.Option(help="Only chips of this date or later.", metavar="DATE")]
"""RFC 3339, or a part of it."""

Until = Annotated[str | None, typer.Option(help="Only chips of this date or earlier.", metavar="DATE")]
"""As `Since`."""
