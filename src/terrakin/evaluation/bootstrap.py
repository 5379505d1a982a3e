"""Bootstrap intervals: how far a mean over queries would move with other queries, or with other classes.

The units that are drawn are queries, or classes with all their queries; never single ranked chips.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from terrakin.errors import EvaluationError

__all__ = ["Resampling", "Unit", "Units", "interval", "mean_values", "quantiles", "resampled_means", "units"]

Unit = Literal["query", "class"]
Values = NDArray[np.float64]
Rows = NDArray[np.int64]

_CHUNK = 1 << 21
# Drawn numbers held at once. A generator yields the same numbers however many are asked for at a time.


@dataclass(frozen=True, slots=True)
class Resampling:
    """How intervals are made."""

    unit: Unit = "query"
    """What is drawn: queries, or whole classes. The second answers "how would this change with other classes" and is wider."""
    mean: Unit = "query"
    """What is averaged: all queries alike, or all classes alike."""
    level: float = 0.95
    """Share of the resampled means inside the interval, in (0, 1)."""
    draws: int = 2000
    """How many resampled means, at least 1."""
    seed: int = 0
    """Of the one generator that makes all draws."""

    def __post_init__(self) -> None:
        if self.unit not in ("query", "class") or self.mean not in ("query", "class"):
            raise EvaluationError(f"intervals and means are over query or class, got {self.unit!r} and {self.mean!r}")
        if not 0 < self.level < 1 or self.draws < 1:
            raise EvaluationError(f"a level is in (0, 1) and draws are at least 1, got {self.level} and {self.draws}")


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """What is drawn as a whole: sums of the values of each unit."""

    sums: Values
    """(U, M) sum over the unit's values."""
    counts: Rows
    """(U,) how many there are."""


def mean_values(values: Values, classes: Rows | None, mean: Unit) -> Values:
    """Mean of (V, M) values over queries, or over the means of classes (V,) that occur: (M,)."""
    return _one_mean(values) if mean == "query" or classes is None else _one_mean(_class_means(values, classes))


def interval(values: Values, queries: Rows, classes: Rows | None, how: Resampling) -> Values:
    """Ends of the percentile interval of each mean.

    Args:
        values: (V, M) of M measures; a query that was asked in several trials has several rows.
        queries: (V,) number of the query of each row; its rows are drawn together.
        classes: (V,) number of its class; None where queries have label sets.
        how: unit, mean, level, draws, seed.

    Returns:
        (2, M) low and high. Depends on nothing but the arguments: not on machine, threads or memory.

    Raises:
        EvaluationError: if a class is asked for and there are none.
    """
    if classes is None and "class" in (how.unit, how.mean):
        raise EvaluationError("a mean or an interval over classes needs chips with one class each; choose query for both")
    rng = np.random.default_rng(how.seed)
    if classes is None or how.mean == "query":
        of = queries if how.unit == "query" or classes is None else classes
        means = _bootstrap(units(values, of), how.draws, rng)
    elif how.unit == "class":
        per_class = _class_means(values, classes)
        means = _bootstrap(Units(per_class, np.ones(len(per_class), dtype=np.int64)), how.draws, rng)
    else:
        numbers = np.unique(classes)
        inside = (units(values[classes == one], queries[classes == one]) for one in numbers)
        means = sum((_bootstrap(part, how.draws, rng) for part in inside), start=np.zeros(1)) / len(numbers)
    return quantiles(means, ((1 - how.level) / 2, (1 + how.level) / 2))


def units(values: Values, of: Rows) -> Units:
    """Sums of the rows of (V, M) values that belong to each unit, given by number (V,)."""
    numbers, places = np.unique(of, return_inverse=True)
    sums: Values = np.stack([np.bincount(places, weights=column, minlength=len(numbers)) for column in values.T], axis=1)
    return Units(sums, np.bincount(places, minlength=len(numbers)))


def resampled_means(drawn: Units, draws: Rows) -> Values:
    """Means over what was drawn.

    Args:
        drawn: U units.
        draws: (B, U or any number) rows of `drawn`, with repetitions.

    Returns:
        (B, M).
    """
    # Gathered and summed row by row: a product with counts would go through BLAS, whose sums depend on the machine.
    sums = np.stack([column[draws].sum(axis=1) for column in np.ascontiguousarray(drawn.sums.T)], axis=1)
    means: Values = sums / drawn.counts[draws].sum(axis=1)[:, None]
    return means


def quantiles(means: Values, shares: tuple[float, ...]) -> Values:
    """Quantiles of (B, M), linear between order statistics at position (B - 1) p: (P, M)."""
    result: Values = np.quantile(means, shares, axis=0, method="linear")
    return result


def _bootstrap(drawn: Units, draws: int, rng: np.random.Generator) -> Values:
    return np.concatenate([resampled_means(drawn, chunk) for chunk in _draws(len(drawn.counts), draws, rng)])


def _draws(count: int, draws: int, rng: np.random.Generator) -> Iterator[Rows]:
    step = max(1, _CHUNK // count)
    for start in range(0, draws, step):
        yield rng.integers(count, size=(min(step, draws - start), count))


def _class_means(values: Values, classes: Rows) -> Values:
    per_class = units(values, classes)
    means: Values = per_class.sums / per_class.counts[:, None]
    return means


def _one_mean(values: Values) -> Values:
    # Along contiguous memory NumPy sums pairwise, whatever layout the values came in.
    means: Values = np.mean(np.ascontiguousarray(values.T), axis=1)
    return means
