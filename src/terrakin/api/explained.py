"""An explanation as Python and notebooks like it."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, overload

from terrakin.search.explanation import ExplainedImage, Explanation

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Explained"]


class Explained(Sequence[ExplainedImage]):
    """A query, then its hits, each before and after the conversions of the model's front-end. A picture in a notebook."""

    def __init__(self, explanation: Explanation) -> None:
        self.explanation = explanation
        """The same with what was asked."""

    def __len__(self) -> int:
        return len(self.explanation.images)

    @overload
    def __getitem__(self, place: int) -> ExplainedImage: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[ExplainedImage, ...]: ...
    def __getitem__(self, place: int | slice) -> ExplainedImage | tuple[ExplainedImage, ...]:
        return self.explanation.images[place]

    def __iter__(self) -> Iterator[ExplainedImage]:
        return iter(self.explanation.images)

    def __repr__(self) -> str:
        return f"<Explained: {self.explanation.query!r} with {len(self) - 1} hits>"

    def __str__(self) -> str:
        from terrakin.views.explanation import plain_explanation

        return plain_explanation(self.explanation)

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.sheet().save(file, "PNG")
        return file.getvalue()

    def to_json(self) -> str:
        """The parameters of every image, as numbers and in words, as a JSON object."""
        return self.explanation.to_json()

    def sheet(self, path: str | Path | None = None) -> "Image":
        """A picture: a row for the query and each hit, a column for each step; also written to `path` where one is given."""
        from terrakin.views.explanation import explanation_sheet
        from terrakin.views.sheet import save_sheet

        sheet = explanation_sheet(self.explanation)
        if path is not None:
            save_sheet(Path(path), sheet)
        return sheet
