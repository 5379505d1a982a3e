"""What every protocol does, on data that it can run on and on data that it cannot."""

import dataclasses
import json

import numpy as np
import pytest

from terrakin.errors import EvaluationError, UnknownNameError
from terrakin.evaluation.evaluate import evaluate
from terrakin.evaluation.experiment import prepare
from terrakin.evaluation.labelled import Labelled, in_id_order
from terrakin.evaluation.measures.known import measure
from terrakin.evaluation.protocols.known import PROTOCOLS, protocol
from terrakin.evaluation.relevance import relevance_rule
from terrakin.spaces.kinds import pack
from terrakin.spaces.space import Space

CLASSES, SIZE = 3, 12
COUNT = CLASSES * SIZE


def chips(kind: str = "cosine", **more) -> Labelled:
    rng = np.random.default_rng(0)
    classes = np.repeat(np.arange(CLASSES), SIZE)
    vectors = rng.normal(size=(CLASSES, 16))[classes] + rng.normal(size=(COUNT, 16))
    space = Space(kind, 16)
    ids = [f"c{one}/{i:03d}" for i, one in enumerate(classes)]
    labels = more.pop("labels", [(f"c{one}",) for one in classes])
    return Labelled(ids, labels, pack(space, vectors), space, **more)


def label_sets() -> Labelled:
    return chips(labels=[(f"c{i % 3}", "d") if i % 2 else (f"c{i % 3}",) for i in range(COUNT)])


def years() -> Labelled:
    return chips(years=[2018 + i % 2 for i in range(COUNT)], places=[f"p{i // 2}" for i in range(COUNT)])


def softmax() -> Labelled:
    probabilities = np.random.default_rng(1).dirichlet(np.ones(CLASSES), COUNT).astype(np.float32)
    return chips(probabilities=probabilities)


RUNS = {
    "loo": ("loo", chips, COUNT, COUNT - 1),
    "split": ("split", chips, None, None),
    "jsst20": ("jsst20:size=8", chips, 5 * CLASSES * 2, COUNT - 1),
    "multicode": ("multicode", label_sets, COUNT, COUNT - 1),
    "mhcln": ("mhcln", lambda: chips("hamming"), CLASSES * 4, CLASSES * 4 - 1),
    "gesk": ("gesk", years, COUNT // 2, COUNT // 2),
    "gcnn-nwpu": ("gcnn-nwpu:share=0.5", chips, CLASSES * 6, CLASSES * 6 - 1),
    "keyregion": ("keyregion:queries=4:gallery=6:size=5", chips, CLASSES * 4, CLASSES * 6),
    "keyregion-weighted": ("keyregion-weighted:queries=4:gallery=6:size=5", softmax, CLASSES * 4, CLASSES * 6),
}
"""A run of every protocol: its name with options, data, and the queries and gallery that these give."""

REFUSALS = {
    "loo": [(lambda: one_chip(), "leave-one-out needs at least 2 chips, got 1")],
    "split": [(lambda: one_chip(), "needs queries and a gallery, but the hash split of 1 chips gives")],
    "jsst20": [
        (label_sets, "needs one class a chip, but these have label sets"),
        (lambda: chips("hamming"), "compares float embeddings, but these are hamming codes"),
        (lambda: one_chip(), "asks with 0.2 of each class, but the largest of 1 has 1 chips"),
    ],
    "multicode": [(chips, "compares label sets, but no chip has more than one label")],
    "mhcln": [
        (chips, "compares hash codes by Hamming distance, but these vectors are cosine"),
        (lambda: chips("hamming", labels=[()] * COUNT), "needs one class a chip, but none of these 36 has a label"),
    ],
    "gesk": [
        (chips, "needs chips of 2019, but they have no dates"),
        (
            lambda: chips(years=[2019] * COUNT),
            "needs chips of 2018, but they are of 2019; choose others with gesk:gallery=YEAR",
        ),
        (lambda: chips(years=[2018 + i % 2 for i in range(COUNT)]), "needs boxes, footprints or places of the chips"),
    ],
    "gcnn-nwpu": [
        (label_sets, "needs one class a chip, but these have label sets"),
        (lambda: one_chip(), "leaves 0 of 1 chips to ask"),
    ],
    "keyregion": [
        (chips, "needs 50 chips of each class, but 'c0' has 12; ask for fewer with keyregion:queries=4"),
        (label_sets, "needs one class a chip"),
    ],
    "keyregion-weighted": [(chips, "needs class probabilities, but these chips have none")],
}
"""Data that each protocol cannot be run on, and what it says is missing."""


def one_chip() -> Labelled:
    whole = chips()
    return Labelled(whole.ids[:1], whole.labels[:1], whole.vectors[:1], whole.space)


def test_the_tables_cover_the_registry():
    assert set(RUNS) == set(REFUSALS) == set(PROTOCOLS)


@pytest.mark.parametrize("name", RUNS)
def test_a_run_gives_a_report_with_its_facts(name):
    text, make, queries, gallery = RUNS[name]
    report = evaluate(make(), protocol=text, draws=20)
    facts = report.protocol
    assert facts["name"] == text
    if queries is not None:
        assert (facts["queries"] + facts["excluded"], facts["gallery"]) == (queries, gallery)
    wanted = {
        "smallest_r",
        "largest_r",
        "tied_queries",
        "seeds",
        "queries_hash",
        "gallery_hash",
        "relevance",
        "self",
        "ties",
        "mean",
    }
    assert wanted <= set(facts)
    assert facts["smallest_r"] >= 1
    assert json.loads(report.to_json())["protocol"]["name"] == text


@pytest.mark.parametrize("name", RUNS)
def test_a_plan_is_sound(name):
    text, make, _, _ = RUNS[name]
    experiment = prepare(make(), protocol=text)
    for trial in experiment.plan.trials:
        assert (np.diff(trial.queries) > 0).all()
        assert (np.diff(trial.gallery) > 0).all()
        assert trial.vectors.shape == (COUNT, trial.space.width)
    assert [measure(one).name for one in experiment.plan.measures] == list(experiment.plan.measures)
    relevance_rule(experiment.plan.relevance, experiment.labelled)
    json.dumps(experiment.plan.facts)


@pytest.mark.parametrize("name", RUNS)
def test_the_order_of_the_chips_does_not_matter(name):
    text, make, _, _ = RUNS[name]
    labelled = make()
    order = np.random.default_rng(2).permutation(COUNT)
    changed = {
        field.name: value[order] if isinstance(value, np.ndarray) else [value[i] for i in order]
        for field in dataclasses.fields(labelled)
        if field.name != "space" and (value := getattr(labelled, field.name)) is not None
    }
    shuffled = dataclasses.replace(labelled, **changed)
    assert evaluate(shuffled, protocol=text, draws=5) == evaluate(labelled, protocol=text, draws=5)


@pytest.mark.parametrize("name", RUNS)
def test_the_same_seed_asks_the_same_and_another_asks_others_where_something_is_drawn(name):
    text, make, _, _ = RUNS[name]
    drawn = [
        [(trial.queries.tolist(), trial.gallery.tolist()) for trial in prepare(make(), protocol=text, seed=seed).plan.trials]
        for seed in (3, 3, 4)
    ]
    assert drawn[0] == drawn[1]
    draws = name in ("split", "jsst20", "gcnn-nwpu", "keyregion", "keyregion-weighted")
    assert (drawn[0] != drawn[2]) == draws
    assert bool(prepare(make(), protocol=text).plan.facts.get("seeds")) == draws


@pytest.mark.parametrize(("name", "make", "words"), [(name, *case) for name, cases in REFUSALS.items() for case in cases])
def test_what_is_missing_is_said(name, make, words):
    with pytest.raises(EvaluationError, match=words):
        protocol(name).plan(in_id_order(make()), seed=0)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_unknown_options_and_wrong_values_are_refused(name):
    with pytest.raises(EvaluationError, match=f"protocol {name} has no option 'siez'"):
        protocol(f"{name}:siez=3")
    for field in dataclasses.fields(protocol(name)):
        if field.type is not str:
            with pytest.raises(EvaluationError, match=rf"option {field.name} of protocol {name} is a (int|float), got 'many'"):
                protocol(f"{name}:{field.name}=many")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("loo:part=some", "part is all or test, got 'some'"),
        ("split:query=0", r"query is in \(0, 1\) and train in \[0, 1\), got 0.0 and 0.5"),
        ("jsst20:size=1", "size is at least 2"),
        ("mhcln:train=1", r"train is in \[0, 1\), got 1.0"),
        ("gesk:gallery=2019", "queries and gallery are of different years, got 2019 for both"),
        ("gcnn-nwpu:share=0", r"share is in \(0, 1\], got 0.0"),
        ("keyregion:queries=0", "queries, gallery and size are at least 1, got 0, 30, 19"),
        ("keyregion-weighted:size=0", "queries, gallery and size are at least 1, got 20, 30, 0"),
    ],
)
def test_options_out_of_range_are_refused(text, words):
    with pytest.raises(EvaluationError, match=words):
        protocol(text)


def test_an_unknown_protocol_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"no protocols named 'jsst'; did you mean 'jsst20'\?"):
        protocol("jsst")
