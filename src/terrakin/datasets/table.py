"""The data sets as a table for people."""

from dataclasses import dataclass

from terrakin.datasets.dataset import DATASETS

__all__ = ["Row", "table"]


@dataclass(frozen=True, slots=True)
class Row:
    """One data set in one line."""

    name: str
    """Name in the registry, as `--dataset` takes it."""
    title: str
    """Name as published."""
    images: int | None
    """Published number of images."""
    classes: int
    """Number of classes or labels; 0 where the layout has no fixed ones."""
    pixels: str
    """Width and height."""
    gsd: str
    """Metres per pixel."""
    bands: str
    """`RGB`, or the number of bands."""
    licence: str
    """What is known of the licence."""


def table() -> list[Row]:
    """One row a data set, sorted by name.

    >>> [row.classes for row in table() if row.name == "ucm"]
    [21]
    """
    rows = []
    for name in DATASETS:
        dataset = DATASETS[name]
        facts = dataset.facts
        rows.append(
            Row(
                name=dataset.name,
                title=dataset.title,
                images=facts.images,
                classes=len(dataset.classes),
                pixels=facts.pixels,
                gsd=facts.gsd,
                bands=_in_words(facts.bands),
                licence=facts.licence,
            )
        )
    return rows


def _in_words(bands: tuple[str, ...]) -> str:
    if not bands:
        return "any"
    return "RGB" if bands == ("red", "green", "blue") else f"{len(bands)} bands"
