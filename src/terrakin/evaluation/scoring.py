"""Scoring: the values of every query of a trial, block by block, so that rankings are never held for all queries at once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from terrakin.errors import EvaluationError
from terrakin.evaluation.labelled import Labelled
from terrakin.evaluation.measures.average_precision import average_precision
from terrakin.evaluation.measures.judged import Judged, LabelOverlap
from terrakin.evaluation.measures.measure import Measure
from terrakin.evaluation.rankings import BLOCK, RankedBlock, rank
from terrakin.evaluation.relevance import LabelSets, Rule, label_sets
from terrakin.evaluation.ties import TieGroups, TieRule, best_order, sampled_order, tie_groups, worst_order
from terrakin.evaluation.trial import Trial

__all__ = ["CURVE", "Scores", "Scoring", "relevant_counts", "score"]

CURVE = 100
"""Positions of the precision curve."""

FIRST = 10
"""Hits among which ties are looked for."""

Values = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scoring:
    """What is computed of a ranking."""

    measures: Sequence[Measure]
    """M measures."""
    ties: TieRule
    """What is done about ties."""
    expected: bool
    """True adds means over all orders of tied chips, for measures that have a closed form."""
    seed: int
    """Of sampled orders."""


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """Values of the queries of one trial that have an answer."""

    queries: Rows
    """(V,) rows of these queries."""
    relevant: Rows
    """(V,) R, relevant chips in the gallery."""
    values: Values
    """(V, M) one column a measure, by the tie rule."""
    expected: Values
    """(V, M) means over all orders of tied chips; NaN for measures without a closed form, or where not asked for."""
    precisions: Values
    """(V, K) P@k for k from 1 to 100, or to the size of a smaller gallery."""
    average_precisions: Values
    """(V,) standard average precision, ties by id."""
    tied: NDArray[np.bool_]
    """(V,) True where two of the first 10 hits are at the same distance."""

    def take(self, chosen: NDArray[np.bool_]) -> "Scores":
        """Those of the chosen queries."""
        return Scores(*(getattr(self, field.name)[chosen] for field in fields(self)))


def score(
    trial: Trial, labelled: Labelled, rule: Rule, scoring: Scoring, *, advance: Callable[[int], None]
) -> tuple[Scores, Rows]:
    """Rank, judge and measure the queries of a trial.

    Args:
        trial: queries, gallery and vectors.
        labelled: the chips, in the order of ids.
        rule: relevance.
        scoring: what is computed.
        advance: told how many more queries are done.

    Returns:
        Scores of the queries for which every measure is defined, and the rows of the others: those without a relevant chip in
        the gallery, and those for which nothing in the gallery has any gain.

    Raises:
        EvaluationError: if that leaves no query, or a measure cannot be computed.
    """
    relevant = relevant_counts(trial, rule)
    answered: NDArray[np.bool_] = relevant > 0
    if not answered.any():
        raise EvaluationError(
            f"none of the {len(relevant)} queries has a relevant chip in the gallery, so there is nothing to measure; "
            f"label more chips, or choose another relevance rule or protocol"
        )
    advance(int(np.count_nonzero(~answered)))
    compares_labels = any(labelled.labels) and any(measure.formula.reads_labels for measure in scoring.measures)
    sets = label_sets(labelled) if compares_labels else None
    parts = []
    done = 0
    for block in rank(trial, labelled.ids, queries=trial.queries[answered]):
        counts = relevant[answered][done : done + len(block.queries)]
        parts.append(_score_block(block, _judged(block, trial, rule, counts, int(relevant.max()), sets), scoring))
        done += len(block.queries)
        advance(len(block.queries))
    scores = Scores(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Scores)))
    defined: NDArray[np.bool_] = np.all(np.isfinite(scores.values), axis=1)
    return scores.take(defined), np.sort(np.concatenate([trial.queries[~answered], scores.queries[~defined]]))


def relevant_counts(trial: Trial, rule: Rule) -> Rows:
    """R of each query of the trial, (Q,); a query that is left out of its own ranking does not count for itself."""
    step = max(1, BLOCK // len(trial.gallery))
    counts = []
    for start in range(0, len(trial.queries), step):
        queries = trial.queries[start : start + step]
        relevance = rule(queries, trial.gallery)
        found = np.count_nonzero(relevance, axis=1)
        if trial.leaves_one_out:
            found = found - relevance[np.arange(len(queries)), np.searchsorted(trial.gallery, queries)]
        counts.append(found)
    return np.concatenate(counts).astype(np.int64)


def _judged(
    block: RankedBlock, trial: Trial, rule: Rule, relevant: Rows, largest_relevant: int, sets: LabelSets | None
) -> Judged:
    relevance = np.take_along_axis(rule(block.queries, trial.gallery), block.places, axis=1)
    overlap = None
    if sets is not None:
        shared = np.take_along_axis(sets.shared(block.queries, trial.gallery), block.places, axis=1)
        overlap = LabelOverlap(shared, sets.sizes[trial.gallery][block.places], sets.sizes[block.queries], sets.vocabulary)
    return Judged(relevance, relevant, trial.ranked, largest_relevant, overlap)


def _score_block(block: RankedBlock, judged: Judged, scoring: Scoring) -> Scores:
    groups = tie_groups(block.distances) if scoring.expected or scoring.ties.kind != "id" else None
    expected = np.full((len(judged.relevant), len(scoring.measures)), np.nan)
    for i, measure in enumerate(scoring.measures):
        if scoring.expected and groups is not None and measure.formula.expected is not None:
            expected[:, i] = measure.expected(judged, groups)
    if groups is not None and scoring.ties.kind == "expected":
        values = np.stack([measure.expected(judged, groups) for measure in scoring.measures], axis=1)
        precisions = _precisions(groups.means(judged.relevance))
    else:
        orders = list(_orders(block, judged, groups, scoring))
        values = np.mean([np.stack([measure(one) for measure in scoring.measures], axis=1) for one in orders], axis=0)
        precisions = np.mean([_precisions(one.relevance) for one in orders], axis=0)
    return Scores(
        block.queries,
        judged.relevant,
        values,
        expected,
        precisions,
        average_precision(judged.relevance, judged.relevant),
        (block.distances[:, 1:FIRST] == block.distances[:, : FIRST - 1][:, : block.distances.shape[1] - 1]).any(axis=1),
    )


def _orders(block: RankedBlock, judged: Judged, groups: TieGroups | None, scoring: Scoring) -> Iterator[Judged]:
    """The rankings in each order of tied chips that the tie rule asks for."""
    shared = None if judged.labels is None else judged.labels.shared
    kind = scoring.ties.kind
    if groups is None or kind == "id":
        yield judged
    elif kind in ("best", "worst"):
        yield _reordered(judged, (best_order if kind == "best" else worst_order)(groups, judged.relevance, shared))
    else:
        for draw in range(scoring.ties.samples):
            # A query's draws depend on nothing but the seed and its row, so that blocks of any size draw alike.
            seeds = np.stack(
                [np.full_like(block.queries, scoring.seed), block.queries, np.full_like(block.queries, draw)], axis=1
            )
            yield _reordered(judged, sampled_order(groups, seeds))


def _reordered(judged: Judged, order: Rows) -> Judged:
    labels = judged.labels
    if labels is not None:
        shared, sizes = (np.take_along_axis(values, order, axis=1) for values in (labels.shared, labels.sizes))
        labels = replace(labels, shared=shared, sizes=sizes)
    return replace(judged, relevance=np.take_along_axis(judged.relevance, order, axis=1), labels=labels)


def _precisions(relevance: NDArray[np.bool_] | Values) -> Values:
    first = relevance[:, :CURVE]
    precisions: Values = np.cumsum(first, axis=1, dtype=np.float64) / np.arange(1, first.shape[1] + 1)
    return precisions
