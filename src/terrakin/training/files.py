"""How the images of a run come from their files: which labels count, and how pixels are read and kept."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from terrakin.chips.pixels import Upsampling
from terrakin.errors import RecipeError

__all__ = ["Files"]


@dataclass(frozen=True, slots=True)
class Files:
    """How images come from their files. The default is what suits 8 bit pictures of one class each."""

    labels: Literal["class", "sets"] = "class"
    """`class` takes images of one label; `sets` takes those of one label or more, and trains on sets of labels."""
    part: Literal["all", "train", "val", "test"] = "all"
    """The official part of a benchmark that is taken; what is kept for validation comes out of it."""
    scaling: str = "auto"
    """Rule by which stored values become [0, 1], as `terrakin index --scaling`; any but `auto` is kept in the bundle."""
    upsampling: Upsampling = "bicubic"
    """How bands that are coarser than the images are enlarged; `nearest` repeats their pixels. Kept in the bundle."""
    depth: Literal[8, 16] = 8
    """Bits of a value in the decoded images on disk."""

    def __post_init__(self) -> None:
        from terrakin.chips.scaling import parse_scaling

        try:
            parse_scaling(self.scaling)
        except ValueError as exc:
            raise RecipeError(f"scaling: {exc}") from exc

    def takes(self, labels: Sequence[str]) -> bool:
        """Whether an image of these labels is taken."""
        return bool(labels) if self.labels == "sets" else len(labels) == 1

    def said(self, labels: Sequence[str]) -> Any:
        """An image's labels as they are written down: a name, or a list of names."""
        return list(labels) if self.labels == "sets" else labels[0]

    @property
    def unusual(self) -> list[Mapping[str, Any]]:
        """What a digest of images depends on besides; nothing by default, so that digests are those of earlier versions."""
        return [] if self == Files() else [asdict(self)]
