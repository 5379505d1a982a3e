"""Compare: two sets of vectors of the same chips, query by query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from terrakin.errors import EvaluationError
from terrakin.evaluation.bootstrap import Resampling, interval, mean_values
from terrakin.evaluation.experiment import prepare
from terrakin.evaluation.labelled import Labelled
from terrakin.evaluation.outcome import Outcome, conduct
from terrakin.evaluation.report import Estimate
from terrakin.progress import Progress, silent

__all__ = ["Comparison", "compare", "must_be_the_same"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the second set of vectors changes."""

    first: Mapping[str, float]
    """Means of the first, by name of measure."""
    second: Mapping[str, float]
    """Means of the second."""
    differences: Mapping[str, Estimate]
    """Second minus first: mean over the same queries, and the interval of that difference."""
    queries: int
    """Queries that were compared."""


def compare(
    first: Labelled,
    second: Labelled,
    *,
    protocol: str = "loo",
    measures: Sequence[str] | None = None,
    ties: str = "id",
    mean: Literal["query", "class"] = "query",
    relevance: str | None = None,
    interval: Literal["query", "class"] = "query",
    level: float = 0.95,
    draws: int = 2000,
    seed: int = 0,
    progress: Progress = silent,
) -> Comparison:
    """The difference of two sets of vectors, with one interval from paired draws of the same queries.

    Queries differ more among each other than methods do, so two intervals that overlap say little; this one says whether the
    difference is real.

    Args:
        first: chips with vectors.
        second: the same chips, in any order, with other vectors.
        protocol: as in `evaluate`, like all that follow.
        measures: names.
        ties: what is done about equal distances.
        mean: over queries or classes.
        relevance: name of a rule.
        interval: what the bootstrap draws.
        level: share inside the interval.
        draws: resampled means.
        seed: of everything that is drawn.
        progress: told how many queries are done; counts each of the two from the start.

    Raises:
        UnknownNameError: for a protocol or measure that does not exist.
        EvaluationError: if ids, labels or queries of the two differ, or one of them cannot be evaluated.
    """
    how = Resampling(unit=interval, mean=mean, level=level, draws=draws, seed=seed)
    one, other = (
        conduct(
            prepare(labelled, protocol=protocol, relevance=relevance, seed=seed),
            measures=measures,
            ties=ties,
            seed=seed,
            progress=progress,
        )
        for labelled in (first, second)
    )
    _check(one, other)
    return _comparison(one, other, how)


def must_be_the_same(one: Labelled, other: Labelled) -> None:
    """Check that two sets of vectors are of the same chips; both in the order of ids.

    Raises:
        EvaluationError: if a chip is in one of the two alone, or its labels differ.
    """
    if list(one.ids) != list(other.ids):
        alone = sorted(set(one.ids) ^ set(other.ids))
        raise EvaluationError(f"only the same chips can be compared, but {alone[0]!r} is in one of the two alone")
    differing = next((one.ids[row] for row in range(len(one.ids)) if set(one.labels[row]) != set(other.labels[row])), None)
    if differing is not None:
        raise EvaluationError(f"only chips with the same labels can be compared, but those of {differing!r} differ")


def _comparison(one: Outcome, other: Outcome, how: Resampling) -> Comparison:
    _, classes = one.classes or (None, None)
    names = [measure.name for measure in one.measures]
    differences = other.values - one.values
    low, high = interval(differences, one.queries, classes, how)
    means = mean_values(differences, classes, how.mean)
    return Comparison(
        dict(zip(names, mean_values(one.values, classes, how.mean).tolist(), strict=True)),
        dict(zip(names, mean_values(other.values, classes, how.mean).tolist(), strict=True)),
        {name: Estimate(*map(float, ends)) for name, *ends in zip(names, means, low, high, strict=True)},
        len(one.queries),
    )


def _check(one: Outcome, other: Outcome) -> None:
    must_be_the_same(one.experiment.labelled, other.experiment.labelled)
    if not np.array_equal(one.queries, other.queries):
        raise EvaluationError("only the same queries can be compared, but the protocol asks others of the two; choose loo")
