"""A published table as values: rows as printed, the way to a figure of ours for each, and what is doubtful."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["Note", "Row", "Table", "Unit", "Vector", "Way"]

Vector = Literal["components", "logits", "embedding", "codes"]
"""What of a network is compared: principal components of its embedding that are fitted on the archive, its class logits, its
embedding as it is, all three by Pearson's correlation; or its codes, by Hamming distance."""

Unit = Literal["fraction", "percent"]
"""What a column of figures is in, of a measure that is 1 where all is right: parts of 1 or of 100."""


@dataclass(frozen=True, slots=True)
class Note:
    """What is doubtful about a table or some of its rows."""

    id: str
    """Short, such as `S1`."""
    words: str
    """Sentences for people."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a row is reproduced, or why it is not."""

    recipe: str | None
    """Name of a shipped recipe, or path of a TOML file; None where there is none."""
    vector: Vector = "embedding"
    """What of the network is compared."""
    same: str | None = None
    """A recipe of the same network that ends otherwise, of which the vector can be read as well; it is the one that is trained,
    because it serves other rows too."""
    also: tuple[str, ...] = ()
    """Recipes of other readings of the row: shown where a finished run is there, never trained."""
    train: str | None = None
    """Name of the paper's training set; None where it is not stated."""
    remark: str = ""
    """How the recipe differs from the row, in words."""
    reason: str = ""
    """Why there is no recipe, in words."""
    pool: str | None = None
    """Name of the set that the recipe learns from without its labels; None for a recipe that trains once."""
    iteration: int | None = None
    """Which of its networks: 0 for the first, which saw no pool; None for a recipe that trains once."""
    chosen: int | None = None
    """Images of the pool that the paper's network of this iteration learnt; None where it is not stated."""

    def __post_init__(self) -> None:
        if (self.iteration is None) != (self.pool is None) or (self.chosen is not None and not self.iteration):
            raise ValueError(
                f"a row of self-training has a pool and an iteration, from 1 on with images chosen for it, got {self.pool!r}, "
                f"{self.iteration!r} and {self.chosen!r}"
            )
        if (self.recipe is None) == (not self.reason):
            raise ValueError(f"a row has a recipe or a reason why it has none, got {self.recipe!r} and {self.reason!r}")


@dataclass(frozen=True, slots=True)
class Row:
    """One row on one test set."""

    name: str
    """The method with what tells it from others, as printed: `JSST (ours), PCA`."""
    keys: Mapping[str, str]
    """Every cell that is no figure, by column."""
    test: str
    """Name of the test set as printed."""
    data: str | None
    """Name of the test set in the registry of data sets; None where it is not there."""
    printed: Mapping[str, str]
    """Figures as printed, by column; empty for a row of ours that the paper lacks."""
    way: Way
    """How it is reproduced."""
    notes: tuple[str, ...] = ()
    """Ids of the notes that are about it."""


@dataclass(frozen=True, slots=True)
class Table:
    """A published table."""

    name: str
    """Paper and number: `jsst2021-3`."""
    title: str
    """The paper."""
    words: str
    """What the table is of."""
    protocol: str
    """The protocol of the paper, in words."""
    evaluation: str
    """Name of the protocol that follows it here, with its options."""
    components: int
    """Principal components that rows of these are compared by."""
    measures: Mapping[str, str | None]
    """Columns of figures, as printed, and the measure that each is; None where it is none of ours."""
    units: Mapping[str, Unit]
    """What the figures of each column that is a measure of ours are in."""
    rows: tuple[Row, ...]
    """In the printed order; rows of ours that the paper lacks stand at the end of their test set."""
    notes: tuple[Note, ...]
    """Those of the table, and those of its rows."""
    general: tuple[str, ...]
    """Ids of the notes that are about the whole table."""

    @property
    def tests(self) -> tuple[str, ...]:
        """Names of the test sets as printed, in order."""
        return tuple(dict.fromkeys(row.test for row in self.rows))
