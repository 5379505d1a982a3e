"""What a person chooses about reading sources: where labels and dates come from."""

from dataclasses import dataclass

__all__ = ["SourceOptions"]


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """Where labels and dates come from; plain strings, so that an archive can keep them as JSON."""

    labels: str = "auto"
    """`auto`: the column or item property `labels` or `label`, else the json of a BigEarthNet patch, else the class folder
    where the source is a folder of class folders (see `terrakin.scenes.classes`); and, chip by chip, the polygons of
    `<scene>.labels.geojson` beside a raster (see `terrakin.chips.annotations`). `folder`: always the name of the folder
    that holds the scene, below the source. `json`: only the json. `none`: no labels. Any other word: the column of a table or
    the property of a STAC item of that name."""
    dates: str = "auto"
    """`auto`: the column `datetime`, the item, or the metadata file beside the bands, else the file name, else the tags in the
    file. `name`: only the file name. `tags`: only what is written in or beside the file, never its name. `none`: no dates. Any
    other word: the column of a table or the property of a STAC item of that name."""

    def __post_init__(self) -> None:
        for option in ("labels", "dates"):
            if not getattr(self, option):
                raise ValueError(f"{option} must be a word, got an empty one; the default is 'auto'")

    @property
    def label_column(self) -> str | None:
        """The column or property that holds labels, where one was named."""
        return None if self.labels in {"auto", "folder", "json", "none"} else self.labels

    @property
    def date_column(self) -> str | None:
        """The column or property that holds dates, where one was named."""
        return None if self.dates in {"auto", "name", "tags", "none"} else self.dates
