import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from terrakin.errors import EvaluationError, UnknownNameError
from terrakin.evaluation import rankings, scoring
from terrakin.evaluation.evaluate import evaluate
from terrakin.evaluation.experiment import prepare, ranked_queries
from terrakin.evaluation.labelled import Labelled


def plain_rankings(labelled: Labelled) -> dict[str, list[str]]:
    """Leave-one-out by Euclidean distance on a line, with loops."""
    at = dict(zip(labelled.ids, labelled.vectors[:, 0].tolist(), strict=True))
    return {
        query: sorted((other for other in at if other != query), key=lambda other: (abs(at[query] - at[other]), other.encode()))
        for query in at
    }


def plain_mean_average_precision(labelled: Labelled) -> float:
    labels = dict(zip(labelled.ids, labelled.labels, strict=True))
    values = []
    for query, ranking in plain_rankings(labelled).items():
        flags = [bool(labels[query]) and labels[query] == labels[other] for other in ranking]
        if any(flags):
            values.append(np.mean([np.mean(flags[: i + 1]) for i, flag in enumerate(flags) if flag]))
    return float(np.mean(values))


@pytest.fixture
def line(on_a_line):
    # e is alone in its class and f has none: neither has a relevant chip.
    return on_a_line(["a", "b", "c", "d", "e", "f", "g"], ["x", "y", "x", "y", "z", (), "x"], [0, 1, 2, 2, 5, 1, 9])


def test_mean_average_precision_equals_the_plain_loops(line):
    report = evaluate(line, measures=["map"])
    assert report.measures["map"].value == pytest.approx(plain_mean_average_precision(line), abs=1e-12)
    assert (report.protocol["queries"], report.protocol["excluded"], report.protocol["gallery"]) == (5, 2, 6)
    assert (report.protocol["smallest_r"], report.protocol["largest_r"]) == (1, 2)


def test_rankings_for_export_equal_the_plain_loops(line):
    found = list(ranked_queries(prepare(line)))
    assert {one.id: one.ids for one in found} == plain_rankings(line)
    assert found[0].relevance.tolist() == [other in ("c", "g") for other in found[0].ids]
    assert found[0].distances.tolist() == [1, 1, 2, 2, 5, 9]
    assert {one.trial for one in found} == {0}


def test_the_order_of_the_chips_and_the_blocks_changes_nothing(clusters, monkeypatch: pytest.MonkeyPatch):
    labelled = clusters(kind="hamming")
    whole = evaluate(labelled, draws=50)
    order = np.random.default_rng(0).permutation(len(labelled.ids))
    shuffled = replace(
        labelled,
        ids=[labelled.ids[i] for i in order],
        labels=[labelled.labels[i] for i in order],
        vectors=labelled.vectors[order],
    )
    monkeypatch.setattr(scoring, "BLOCK", 100)
    monkeypatch.setattr(rankings.rank, "__kwdefaults__", {"queries": None, "block": 100})
    assert evaluate(shuffled, draws=50) == whole


def test_anmrr_uses_the_largest_class_of_the_whole_evaluation(clusters, monkeypatch: pytest.MonkeyPatch):
    labelled = clusters()
    labels = [("c00",) if i < 25 else labels for i, labels in enumerate(labelled.labels)]
    labelled = replace(labelled, labels=labels)
    whole = evaluate(labelled, measures=["anmrr", "anmrr:2ng"], draws=10)
    monkeypatch.setattr(rankings.rank, "__kwdefaults__", {"queries": None, "block": 1})
    assert evaluate(labelled, measures=["anmrr", "anmrr:2ng"], draws=10).measures == whole.measures
    assert whole.measures["anmrr"].value != whole.measures["anmrr:2ng"].value


def test_a_report_has_every_default_measure_with_an_interval_around_it(clusters):
    report = evaluate(clusters(), draws=200)
    assert list(report.measures)[:3] == ["map", "p@5", "p@10"]
    assert {"anmrr", "map@10:found", "r-precision", "hitrate@1", "recall@10"} <= set(report.measures)
    for name, estimate in report.measures.items():
        assert estimate.low - 1e-12 <= estimate.value <= estimate.high + 1e-12, name
    assert all(low <= high for low, high in report.class_intervals.values())
    assert report.ceilings["p@5"] == 1
    assert report.ceilings["p@20"] == pytest.approx(9 / 20)
    assert report.precision_curve[5] == pytest.approx(report.measures["p@5"].value, abs=1e-12)
    assert list(report.precision_curve) == list(range(1, 40))
    assert sorted(report.per_class) == ["c00", "c01", "c02", "c03"]
    means = [values["anmrr"] for values in report.per_class.values()]
    assert np.mean(means) == pytest.approx(report.measures["anmrr"].value, abs=1e-12)
    for label, values in report.per_class.items():
        ends = {name: report.per_class_intervals[label][name] for name in values}
        assert all(low - 1e-12 <= values[name] <= high + 1e-12 for name, (low, high) in ends.items()), label
    assert any(low < high for ends in report.per_class_intervals.values() for low, high in ends.values())
    assert "p@50, p@100, recall@100 look beyond the end of the gallery of 39" in report.warnings
    assert any("only 4 classes" in words for words in report.warnings)


def test_the_worst_queries_come_first_with_their_hits(line):
    report = evaluate(line)
    assert [one.average_precision for one in report.worst] == sorted(one.average_precision for one in report.worst)
    # From b, d comes fourth; from c, a comes fourth and g sixth.
    assert [(one.id, one.average_precision) for one in report.worst[:2]] == [("b", 1 / 4), ("c", pytest.approx(7 / 24))]
    hits = report.worst[1].hits
    assert [hit.id for hit in hits] == plain_rankings(line)["c"]
    assert [hit.rank for hit in hits] == [1, 2, 3, 4, 5, 6]
    assert [hit.relevant for hit in hits] == [hit.id in ("a", "g") for hit in hits]
    assert all(first.distance <= second.distance for first, second in pairwise(hits))


@pytest.mark.parametrize("mean", ["query", "class"])
def test_means_over_queries_and_classes(line, mean):
    report = evaluate(line, measures=["map"], mean=mean)
    classes = {"x": 3, "y": 2}
    values = [report.per_class[label]["map"] for label in classes]
    weights = list(classes.values()) if mean == "query" else [1, 1]
    assert report.measures["map"].value == pytest.approx(np.average(values, weights=weights), abs=1e-12)
    assert report.protocol["mean"] == mean


def test_the_interval_over_classes_takes_the_place_of_the_other_when_asked_for(clusters):
    over_queries, over_classes = (evaluate(clusters(), interval=unit, draws=100) for unit in ("query", "class"))
    for name, (low, high) in over_queries.class_intervals.items():
        assert (over_classes.measures[name].low, over_classes.measures[name].high) == (low, high)
    assert over_classes.class_intervals == {}
    assert over_classes.protocol["interval"] == {"kind": "class", "level": 0.95, "draws": 100, "seed": 0}


class TestTies:
    @pytest.fixture
    def tied(self, on_a_line):
        return on_a_line(["a", "b", "c", "d", "e"], ["x", "y", "x", "y", "x"], [0, 1, 1, 1, 2])

    @pytest.mark.parametrize("name", ["map", "p@2", "hitrate@1"])
    def test_expected_lies_between_worst_and_best(self, tied, name):
        worst, expected, best = (
            evaluate(tied, measures=[name], ties=ties).measures[name].value for ties in ("worst", "expected", "best")
        )
        assert worst < expected < best
        sampled = evaluate(tied, measures=[name], ties="sample:500").measures[name].value
        assert sampled == pytest.approx(expected, abs=0.05)

    def test_samples_depend_on_the_seed_alone(self, tied, monkeypatch: pytest.MonkeyPatch):
        one, same, other = (evaluate(tied, measures=["map"], ties="sample:3", seed=seed).measures for seed in (1, 1, 2))
        assert one == same != other
        monkeypatch.setattr(rankings.rank, "__kwdefaults__", {"queries": None, "block": 1})
        assert evaluate(tied, measures=["map"], ties="sample:3", seed=1).measures == one

    def test_the_share_of_tied_queries_is_reported(self, tied, line, on_a_line):
        # From b, c and d the others on their spot tie, and a and e; from a and e the three.
        assert evaluate(tied).protocol["tied_queries"] == 1
        assert evaluate(on_a_line(["a", "b", "c"], ["x", "x", "x"], [0, 1, 3])).protocol["tied_queries"] == 0
        assert evaluate(tied, ties="sample:2").protocol["ties"] == "sample:2"

    def test_bits_have_expected_values_beside_those_of_the_ids(self, clusters):
        report = evaluate(clusters(kind="hamming"))
        without = {"anmrr", "map@10:found"}
        assert set(report.expected) == set(report.measures) - without
        expected = evaluate(clusters(kind="hamming"), ties="expected")
        for name, estimate in expected.measures.items():
            assert report.expected[name] == pytest.approx(estimate.value, abs=1e-12)
        assert "anmrr, map@10:found left out: no expected value over ties is known; ties id measures them" in expected.warnings
        assert evaluate(clusters()).expected == {}

    def test_what_has_no_closed_form_is_refused_when_asked_for(self, tied):
        with pytest.raises(EvaluationError, match="no expected value of anmrr; leave it out, or use ties id"):
            evaluate(tied, measures=["map", "anmrr"], ties="expected")


def test_label_sets_have_measures_of_their_own(on_a_line):
    labelled = on_a_line(["a", "b", "c", "d"], [("x", "y"), ("y",), ("x", "y", "z"), ("z",)], [0, 1, 2, 4])
    report = evaluate(labelled)
    assert report.protocol["relevance"] == "share-any"
    assert next(iter(report.measures)) == "label-accuracy@20"
    assert report.class_intervals == {}
    # z is on c and d: (2/3 + 1/2 + 1/3)/3 and (1/3 + 0 + 0)/3.
    c, d = (1 / 2 * 0 + 1 / 3 + 2 / 3 + 1 / 3) / 3, (1 / 3 + 0 + 0) / 3
    assert report.per_class["z"]["label-accuracy@20"] == pytest.approx((c + d) / 2, abs=1e-12)
    with pytest.raises(EvaluationError, match="a mean or an interval over classes needs chips with one class each"):
        evaluate(labelled, mean="class")
    strict = evaluate(labelled, relevance="jaccard>=0.6", measures=["map"])
    assert (strict.protocol["queries"], strict.protocol["relevance"]) == (2, "jaccard>=0.6")


def test_a_query_without_any_gain_is_left_out_of_every_mean(on_a_line):
    labelled = on_a_line(["a", "b", "c", "d"], [("x",), ("x",), ("y",), ()], [0, 1, 2, 3], places=["p", "p", "q", "q"])
    report = evaluate(labelled, relevance="same-place", measures=["p@1", "acg@1"])
    assert report.protocol["queries"] == 4
    # c and d have relevant chips, but nothing in the gallery shares a label with them.
    assert evaluate(labelled, relevance="same-place", measures=["p@1", "ndcg@3"]).protocol["excluded"] == 2


def test_include_self_finds_every_query_first(line):
    report = evaluate(line, measures=["p@1"], include_self=True)
    assert report.protocol["self"] == "kept"
    assert evaluate(line, measures=["p@1"]).protocol["self"] == "left out"
    # The two chips at 1 and the two at 2 tie with a query's own copy, and ids decide.
    assert report.measures["p@1"].value == pytest.approx(5 / 6)


def test_progress_counts_all_queries(line):
    seen: list[tuple[int, int | None]] = []
    evaluate(line, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (7, 7)


def test_the_report_is_json_and_markdown(line):
    report = evaluate(line)
    found = json.loads(report.to_json())
    assert found["queries"] == {"evaluated": 5, "without_relevant": 2}
    assert found["protocol"]["measures"]["anmrr"] == "K = min(4 NG, 2 GTM) as in MPEG-7; 0 is best"
    assert "| mAP |" in report.to_markdown()


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"measures": ["mapp"]}, UnknownNameError, r"no measures named 'mapp'; did you mean 'map'\?"),
        ({"measures": []}, EvaluationError, "no measure is left to compute; name at least one"),
        ({"protocol": "lo"}, UnknownNameError, r"no protocols named 'lo'; did you mean 'loo'\?"),
        ({"ties": "random"}, EvaluationError, "there is no tie rule 'random'"),
        ({"level": 95}, EvaluationError, r"a level is in \(0, 1\)"),
        ({"interval": "chip"}, EvaluationError, "over query or class, got 'chip'"),
        ({"relevance": "same-place"}, EvaluationError, "compares places, but these chips have none"),
    ],
)
def test_wrong_wishes_are_refused(line, options, error, words):
    with pytest.raises(error, match=words):
        evaluate(line, **options)


def test_nothing_to_find_is_an_error(on_a_line):
    with pytest.raises(EvaluationError, match="none of the 3 queries has a relevant chip in the gallery"):
        evaluate(on_a_line(["a", "b", "c"], ["x", "y", "z"], [0, 1, 2]))
    with pytest.raises(EvaluationError, match="none of the 2 chips has one"):
        evaluate(on_a_line(["a", "b"], [(), ()], [0, 1]))
