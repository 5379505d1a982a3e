"""A published table beside figures of ours: values alone, printed by `terrakin.views.reproduction`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from terrakin.papers.table import Row, Table

__all__ = ["Entry", "Ours", "Reproduction", "Spread"]


@dataclass(frozen=True, slots=True)
class Spread:
    """A measure over runs that differ in their seed alone."""

    values: tuple[float, ...]
    """One a run, unrounded; at least one."""

    @property
    def mean(self) -> float:
        """Over the runs."""
        return float(np.mean(self.values))

    @property
    def deviation(self) -> float | None:
        """Standard deviation over the runs, (n - 1) in the divisor; None for one run.

        >>> Spread((0.5, 0.7)).deviation
        0.1414...
        """
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else None


@dataclass(frozen=True, slots=True)
class Ours:
    """Figures of ours for one row on one test set, with what they depend on."""

    recipe: str
    """Name of the recipe."""
    seeds: tuple[int, ...]
    """Of the runs, one each."""
    paper: Mapping[str, Spread]
    """By name of measure, by the protocol that follows the paper."""
    standard: Mapping[str, Spread]
    """By name of measure, leave-one-out on the same vectors."""
    training: str
    """What was trained on what, and where that is other than the paper and other than the recipe, in words."""
    evaluation: str
    """The protocol that follows the paper, in words."""
    leave_one_out: str
    """The standard protocol, in words."""
    facts: Mapping[str, Any]
    """The same for programs, JSON-able."""
    warnings: tuple[str, ...] = ()
    """What a reader must know before quoting a figure."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row with what became of it."""

    row: Row
    """As printed."""
    ours: tuple[Ours, ...]
    """Readings of the row, the recipe's own first; none where there is no figure."""
    states: tuple[str, ...]
    """Why figures are missing and what would give them, or in a dry run what would be done; none where nothing is missing."""


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A table with what became of each of its rows."""

    table: Table
    """As printed."""
    entries: tuple[Entry, ...]
    """One a row, in the table's order, of those that were asked for."""
    measures: tuple[str, ...]
    """Names of measures of ours, the paper's first."""
