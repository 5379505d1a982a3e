"""The worst queries: where to look first for what a model does not see, or for labels that are wrong."""

import numpy as np

from terrakin.evaluation.experiment import Experiment
from terrakin.evaluation.rankings import rank
from terrakin.evaluation.report import JudgedHit, JudgedQuery
from terrakin.evaluation.scoring import Scores

__all__ = ["worst_queries"]

QUERIES = 10
"""Queries that are shown."""
HITS = 10
"""Hits of each that are shown."""


def worst_queries(experiment: Experiment, scores: Scores) -> tuple[JudgedQuery, ...]:
    """The queries of lowest average precision in the first trial, worst first, ties by id, with their first hits.

    Args:
        experiment: what was done.
        scores: of its first trial.
    """
    trial, labelled = experiment.plan.trials[0], experiment.labelled
    # Rankings are not kept while scoring; ranking ten queries once more costs nothing.
    lowest = np.argsort(scores.average_precisions, kind="stable")[:QUERIES]
    found: list[JudgedQuery] = []
    for block in rank(trial, labelled.ids, queries=scores.queries[lowest]):
        relevance = np.take_along_axis(experiment.rule(block.queries, trial.gallery), block.places, axis=1)
        for query, places, apart, flags in zip(block.queries, block.places, block.distances, relevance, strict=True):
            hits = tuple(
                JudgedHit(rank_, labelled.ids[row], float(distance), bool(flag), tuple(labelled.labels[row]))
                for rank_, (row, distance, flag) in enumerate(
                    zip(trial.gallery[places[:HITS]].tolist(), apart[:HITS], flags[:HITS], strict=True), start=1
                )
            )
            average = float(scores.average_precisions[lowest[len(found)]])
            found.append(JudgedQuery(labelled.ids[query], average, tuple(labelled.labels[query]), hits))
    return tuple(found)
