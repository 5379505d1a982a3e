"""Measuring robustness: distorted queries against an undistorted gallery."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from terrakin.evaluation.bootstrap import Resampling, interval, mean_values
from terrakin.evaluation.compare import must_be_the_same
from terrakin.evaluation.distortions.distortion import Distortion
from terrakin.evaluation.experiment import Experiment, prepare
from terrakin.evaluation.labelled import Labelled
from terrakin.evaluation.measures.known import measure
from terrakin.evaluation.protocols.parts import hash_of
from terrakin.evaluation.report import Estimate
from terrakin.evaluation.robustness.answers import MEASURES, Answers, Embed, ask, steps_of
from terrakin.evaluation.robustness.queries import choose_queries
from terrakin.evaluation.robustness.report import NONE, Bearing, Robustness, Step
from terrakin.progress import Progress, silent

__all__ = ["Subject", "robustness"]

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What is measured: chips with the vectors of a model, and a way to more of these."""

    name: str
    """What it is called in the report."""
    labelled: Labelled
    """The chips, in any order."""
    embed: Embed
    """Gives vectors of variants of these chips."""


def robustness(
    subjects: Sequence[Subject],
    distortions: Sequence[Distortion],
    *,
    queries: int | None = None,
    relevance: str | None = None,
    draws: int = 2000,
    seed: int = 0,
    progress: Progress = silent,
) -> Robustness:
    """Measure how far retrieval falls under distortions of the query.

    The protocol is leave-one-out: a chip asks, distorted, and all other chips, undistorted, are ranked. Of its own undistorted
    chip the place in the whole gallery is told.

    Args:
        subjects: one model, or two that are asked the same.
        distortions: what is done to queries.
        queries: how many ask, spread over the classes; all that have a relevant chip where None.
        relevance: name of a rule; what fits the labels where None.
        draws: resampled means of each interval.
        seed: of the choice of queries and of the intervals.
        progress: told how many images are embedded.

    Raises:
        EvaluationError: if chips or labels of the subjects differ, none has a relevant one, or a file has changed.
        ValueError: if there are no distortions, fewer than 1 query, or other than one or two subjects.
    """
    if not distortions or (queries is not None and queries < 1) or len(subjects) not in (1, 2):
        raise ValueError("robustness needs a distortion, a query, and one or two models")
    experiments = [prepare(subject.labelled, relevance=relevance) for subject in subjects]
    must_be_the_same(experiments[0].labelled, experiments[-1].labelled)
    asking, excluded = choose_queries(experiments[0], queries, seed=seed)
    how = Resampling(draws=draws, seed=seed)
    total, done = len(subjects) * len(asking) * steps_of(distortions), 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        progress(done, total)

    answers = [
        ask(experiment, asking, distortions, subject.embed, advance=advance)
        for subject, experiment in zip(subjects, experiments, strict=True)
    ]
    available = len(experiments[0].plan.trials[0].queries) - excluded
    return Robustness(
        distortions={
            one.name: {"words": one.words, "unit": one.unit, "neutral": one.neutral, "strengths": list(one.strengths)}
            for one in distortions
        },
        bearings=tuple(_bearing(subject, found, distortions, how) for subject, found in zip(subjects, answers, strict=True)),
        protocol=_protocol(experiments[0], asking, excluded, available, how),
        differences=_differences(answers[0], answers[1], distortions, how) if len(answers) == 2 else {},
        warnings=_warnings(experiments[0]),
    )


def _bearing(subject: Subject, answers: Answers, distortions: Sequence[Distortion], how: Resampling) -> Bearing:
    names = [(NONE, 0.0), *((one.name, strength) for one in distortions for strength in one.strengths)]
    reference, *steps = (_step(*name, answers, number, how) for number, name in enumerate(names))
    means = {name: _estimates(values, how) for name, values in _mean_values(answers, distortions).items()}
    return Bearing(subject.name, subject.labelled.space, reference, tuple(steps), means)


def _step(distortion: str, strength: float, answers: Answers, number: int, how: Resampling) -> Step:
    values, ranks = answers.values[number], answers.ranks[number]
    (first,) = _estimates((ranks == 1)[:, None], how, names=("first",)).values()
    return Step(
        distortion,
        float(strength),
        _estimates(values, how),
        _estimates(answers.values[0] - values, how),
        first,
        float(np.median(ranks)),
    )


def _mean_values(answers: Answers, distortions: Sequence[Distortion]) -> dict[str, Values]:
    """Each query's mean over the strengths of a distortion, (Q, M), by its name; under `all` the mean of these means."""
    means: dict[str, Values] = {}
    start = 1
    for one in distortions:
        means[one.name] = answers.values[start : start + len(one.strengths)].mean(axis=0)
        start += len(one.strengths)
    return {"all": np.mean(list(means.values()), axis=0), **means}


def _differences(
    first: Answers, second: Answers, distortions: Sequence[Distortion], how: Resampling
) -> dict[str, Mapping[str, Estimate]]:
    ours = {NONE: first.values[0], **_mean_values(first, distortions)}
    theirs = {NONE: second.values[0], **_mean_values(second, distortions)}
    return {name: _estimates(ours[name] - theirs[name], how) for name in ours}


def _estimates(
    values: NDArray[np.float64] | NDArray[np.bool_], how: Resampling, *, names: Sequence[str] = MEASURES
) -> dict[str, Estimate]:
    """Means of (Q, M) values with their intervals over queries."""
    numbers = values.astype(np.float64)
    low, high = interval(numbers, np.arange(len(numbers)), None, how)
    means = mean_values(numbers, None, how.mean)
    return {name: Estimate(*map(float, ends)) for name, *ends in zip(names, means, low, high, strict=True)}


def _protocol(
    experiment: Experiment, asking: NDArray[np.int64], excluded: int, available: int, how: Resampling
) -> dict[str, object]:
    ids = experiment.labelled.ids
    trial = experiment.plan.trials[0]
    chosen = "all" if len(asking) == available else f"spread over classes by a hash of ids, seed {how.seed}"
    return {
        "name": experiment.protocol,
        "queries": len(asking),
        "available": available,
        "excluded": excluded,
        "chosen": chosen,
        "gallery": trial.ranked,
        "relevance": experiment.relevance,
        "ties": "id",
        "interval": {"kind": how.unit, "level": how.level, "draws": how.draws, "seed": how.seed},
        "queries_hash": hash_of([ids[row] for row in asking.tolist()]),
        "gallery_hash": hash_of([ids[row] for row in trial.gallery.tolist()]),
        "measures": {name: measure(name).formula.words for name in MEASURES},
    }


def _warnings(experiment: Experiment) -> tuple[str, ...]:
    ranked = experiment.plan.trials[0].ranked
    return (f"p@10 looks beyond the end of the gallery of {ranked}",) if ranked < 10 else ()
