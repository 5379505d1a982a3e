"""Evaluate: labelled chips and a protocol in, a report out."""

from collections.abc import Sequence
from typing import Literal

from terrakin.evaluation.bootstrap import Resampling
from terrakin.evaluation.experiment import prepare
from terrakin.evaluation.labelled import Labelled
from terrakin.evaluation.outcome import conduct
from terrakin.evaluation.report import Report
from terrakin.evaluation.summary import summarise
from terrakin.progress import Progress, silent

__all__ = ["evaluate"]


def evaluate(
    labelled: Labelled,
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
    include_self: bool = False,
    progress: Progress = silent,
) -> Report:
    """Measure how well vectors find relevant chips.

    Args:
        labelled: chips with vectors and ground truth, in any order; the result does not depend on it.
        protocol: what is asked of which gallery: `loo`, `split`, or one of the papers', with options after colons.
        measures: names such as `map` and `p@10`; the protocol's own where not given.
        ties: what is done about equal distances: `id` (sorted by id), `expected` (mean over all orders), `best`, `worst`,
            `sample`. For bits, where ties are common, expected values are given beside those of `id`.
        mean: over all queries alike, or over classes alike.
        relevance: `same-class`, `share-any`, `share-all`, `jaccard>=t`, `same-labels`, `same-place`, `overlap>=f`; where not
            given, the protocol's own, or the one that fits the labels.
        interval: what the bootstrap draws: queries, or whole classes.
        level: share of resampled means inside the interval.
        draws: resampled means.
        seed: of everything that is drawn: queries, orders of ties, resampled means.
        include_self: leave queries in their own rankings; only to reproduce figures of others who did.
        progress: told how many queries are done.

    Raises:
        UnknownNameError: for a protocol or measure that does not exist, naming the nearest.
        EvaluationError: if these chips lack what is needed, or no query has a relevant chip.
    """
    how = Resampling(unit=interval, mean=mean, level=level, draws=draws, seed=seed)
    experiment = prepare(labelled, protocol=protocol, relevance=relevance, seed=seed, include_self=include_self)
    expected = experiment.plan.trials[0].space.is_binary and ties == "id"
    outcome = conduct(experiment, measures=measures, ties=ties, expected=expected, seed=seed, progress=progress)
    return summarise(outcome, how)
