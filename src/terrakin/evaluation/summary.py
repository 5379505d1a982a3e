"""A summary: means, intervals and the facts beside them, from the values of every query."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrakin.evaluation.bootstrap import Resampling, interval, mean_values
from terrakin.evaluation.measures.precision import precision_ceiling
from terrakin.evaluation.names import parse_name
from terrakin.evaluation.outcome import Outcome
from terrakin.evaluation.protocols.parts import hash_of
from terrakin.evaluation.report import Estimate, Report
from terrakin.evaluation.worst import worst_queries

__all__ = ["FEW_CLASSES", "summarise"]

FEW_CLASSES = 10
"""With fewer classes than this, an interval over classes is drawn from too few units to be trusted."""

Values = NDArray[np.float64]
Average = Callable[[Values], Values]


def summarise(outcome: Outcome, how: Resampling) -> Report:
    """The report of an outcome.

    Raises:
        EvaluationError: if means or intervals over classes are asked for, and the chips have no single class.
    """
    names = [measure.name for measure in outcome.measures]
    values, queries = outcome.values, outcome.queries
    _, classes = outcome.classes or (None, None)
    low, high = interval(values, queries, classes, how)

    def average(of_queries: Values) -> Values:
        return mean_values(of_queries, classes, how.mean)

    class_intervals, few = _class_intervals(outcome, how)
    per_class, per_class_intervals = _per_class(outcome, how)
    return Report(
        measures={name: Estimate(*map(float, ends)) for name, *ends in zip(names, average(values), low, high, strict=True)},
        per_class=per_class,
        per_class_intervals=per_class_intervals,
        ceilings=_ceilings(outcome, average),
        precision_curve=_precision_curve(outcome, average),
        space=outcome.experiment.plan.trials[0].space,
        protocol=_protocol(outcome, how),
        worst=worst_queries(outcome.experiment, outcome.trials[0]),
        expected=_expected(outcome, average),
        class_intervals=class_intervals,
        spread=_spread(outcome, how),
        warnings=(*outcome.warnings, *few),
    )


def _class_intervals(outcome: Outcome, how: Resampling) -> tuple[dict[str, tuple[float, float]], tuple[str, ...]]:
    """Intervals over classes beside those over queries, and a warning where there are few classes."""
    if outcome.classes is None or len(outcome.classes[0]) < 2:
        return {}, ()
    names, numbers = outcome.classes
    few = f"only {len(names)} classes: intervals over classes need {FEW_CLASSES} to be trusted"
    warnings = (few,) if len(names) < FEW_CLASSES else ()
    if how.unit == "class":
        return {}, warnings
    low, high = interval(outcome.values, outcome.queries, numbers, replace(how, unit="class"))
    ends = zip(low.tolist(), high.tolist(), strict=True)
    return dict(zip((measure.name for measure in outcome.measures), ends, strict=True)), warnings


def _per_class(
    outcome: Outcome, how: Resampling
) -> tuple[dict[str, dict[str, float]], dict[str, dict[str, tuple[float, float]]]]:
    """Means over the queries that carry each label, and intervals over these; with one label a chip that is its class."""
    members: dict[str, list[int]] = {}
    for place, row in enumerate(outcome.queries.tolist()):
        for label in outcome.experiment.labelled.labels[row]:
            members.setdefault(label, []).append(place)
    names = [measure.name for measure in outcome.measures]
    within = replace(how, unit="query", mean="query")
    means: dict[str, dict[str, float]] = {}
    intervals: dict[str, dict[str, tuple[float, float]]] = {}
    for label in sorted(members):
        values = outcome.values[members[label]]
        low, high = interval(values, outcome.queries[members[label]], None, within).tolist()
        means[label] = dict(zip(names, values.mean(axis=0).tolist(), strict=True))
        intervals[label] = dict(zip(names, zip(low, high, strict=True), strict=True))
    return means, intervals


def _ceilings(outcome: Outcome, average: Average) -> dict[str, float]:
    relevant = np.concatenate([scores.relevant for scores in outcome.trials])
    return {
        measure.name: float(average(precision_ceiling(relevant, measure.cutoff)[:, None])[0])
        for measure in outcome.measures
        if parse_name(measure.name).family == "p" and measure.cutoff is not None
    }


def _precision_curve(outcome: Outcome, average: Average) -> dict[int, float]:
    shortest = min(scores.precisions.shape[1] for scores in outcome.trials)
    means = average(np.concatenate([scores.precisions[:, :shortest] for scores in outcome.trials]))
    return {k: float(value) for k, value in enumerate(means, start=1)}


def _expected(outcome: Outcome, average: Average) -> dict[str, float]:
    means = average(np.concatenate([scores.expected for scores in outcome.trials]))
    return {measure.name: float(value) for measure, value in zip(outcome.measures, means, strict=True) if not np.isnan(value)}


def _spread(outcome: Outcome, how: Resampling) -> dict[str, float]:
    """Standard deviation of the means of the trials, (n - 1) in the divisor; nothing for a single trial."""
    if len(outcome.trials) < 2:
        return {}
    ends = np.cumsum([0, *(len(scores.queries) for scores in outcome.trials)])
    classes = outcome.classes
    means = [
        mean_values(scores.values, None if classes is None else classes[1][start:end], how.mean)
        for scores, start, end in zip(outcome.trials, ends[:-1], ends[1:], strict=True)
    ]
    deviations = np.std(means, axis=0, ddof=1)
    return {measure.name: float(value) for measure, value in zip(outcome.measures, deviations, strict=True)}


def _protocol(outcome: Outcome, how: Resampling) -> dict[str, Any]:
    experiment, trials = outcome.experiment, outcome.experiment.plan.trials
    relevant = np.concatenate([scores.relevant for scores in outcome.trials])
    asked = [experiment.labelled.ids[row] for trial in trials for row in trial.queries.tolist()]
    ties = f"sample:{outcome.ties.samples}" if outcome.ties.kind == "sample" else outcome.ties.kind
    interval_facts = {"kind": how.unit, **{key: value for key, value in asdict(how).items() if key not in ("unit", "mean")}}
    return {
        "name": experiment.protocol,
        "queries": len(outcome.queries),
        "excluded": outcome.excluded,
        "gallery": min(trial.ranked for trial in trials),
        "trials": len(trials),
        "self": "left out" if trials[0].leaves_one_out else "kept" if trials[0].include_self else "not in the gallery",
        "relevance": experiment.relevance,
        "smallest_r": int(relevant.min()),
        "largest_r": int(relevant.max()),
        "ties": ties,
        "tied_queries": float(np.mean(np.concatenate([scores.tied for scores in outcome.trials]))),
        "mean": how.mean,
        "interval": interval_facts,
        "seeds": [],
        **experiment.plan.facts,
        "queries_hash": hash_of(asked),
        "gallery_hash": hash_of([experiment.labelled.ids[row] for row in trials[0].gallery.tolist()]),
        "measures": {measure.name: measure.formula.words for measure in outcome.measures},
    }
