"""What single protocols promise; what all of them promise is in the contract suite."""

from dataclasses import replace

import numpy as np
import pytest
import shapely

from terrakin.errors import EvaluationError
from terrakin.evaluation.evaluate import evaluate
from terrakin.evaluation.experiment import prepare
from terrakin.evaluation.protocols.parts import hash_of, hash_share, share_of


@pytest.mark.parametrize(
    ("count", "share", "whole"), [(55, 0.2, 11), (59, 0.2, 11), (100, 0.29, 29), (10, 0.7, 7), (3, 0.2, 0)]
)
def test_a_share_is_rounded_down(count, share, whole):
    assert share_of(count, share) == whole


class TestSplit:
    def test_adding_chips_moves_no_other(self, clusters):
        few, many = (prepare(clusters(classes), protocol="split") for classes in (3, 6))
        roles = []
        for experiment in (few, many):
            trial, ids = experiment.plan.trials[0], experiment.labelled.ids
            roles.append({ids[row]: "query" for row in trial.queries} | {ids[row]: "gallery" for row in trial.gallery})
        assert all(roles[1].get(chip) == roles[0].get(chip) for chip in few.labelled.ids)
        assert len(roles[1]) > len(roles[0])

    def test_shares_are_about_what_was_asked_for(self):
        shares = [hash_share(f"chip-{i}", 0) for i in range(10_000)]
        # Uniform: a hundredth is three standard errors of each tenth.
        assert np.histogram(shares, bins=10, range=(0, 1))[0] == pytest.approx(np.full(10, 1000), abs=100)

    def test_queries_gallery_and_training_part_are_apart(self, clusters):
        labelled = clusters(size=30)
        plan = prepare(labelled, protocol="split:query=0.3:train=0.4").plan
        trial = plan.trials[0]
        assert not set(trial.queries) & set(trial.gallery)
        assert len(trial.queries) + len(trial.gallery) + plan.facts["train"] == 120
        assert not trial.leaves_one_out

    def test_the_hash_names_the_split(self, clusters):
        hashes = {
            prepare(clusters(), protocol=text, seed=seed).plan.facts["split_hash"]
            for text, seed in (("split", 0), ("split", 1), ("split:query=0.5", 0), ("split:query=0.2:train=0.5", 0))
        }
        assert len(hashes) == 3
        assert all(len(one) == 16 for one in hashes)

    def test_an_official_query_and_gallery_part_is_taken_as_it_is(self, clusters):
        parts = ["query", "gallery", "gallery", "train", None] * 8
        plan = prepare(clusters(splits=parts), protocol="split").plan
        assert plan.trials[0].queries.tolist() == [i for i, part in enumerate(parts) if part == "query"]
        assert plan.trials[0].gallery.tolist() == [i for i, part in enumerate(parts) if part == "gallery"]
        assert (plan.facts["split"], plan.facts["train"], plan.facts["seeds"]) == ("official", 8, [])

    def test_of_official_parts_only_the_test_part_is_used(self, clusters):
        parts = ["train", "val", "test", "test"] * 10
        plan = prepare(clusters(splits=parts), protocol="split").plan
        trial = plan.trials[0]
        assert sorted([*trial.queries, *trial.gallery]) == [i for i, part in enumerate(parts) if part == "test"]
        assert (plan.facts["split"], plan.facts["train"]) == ("official test part by hash", 20)


def test_leave_one_out_of_the_official_test_part(clusters):
    parts = ["train", "test"] * 20
    assert prepare(clusters(splits=parts), protocol="loo:part=test").plan.trials[0].queries.tolist() == list(range(1, 40, 2))
    with pytest.raises(EvaluationError, match="needs an official split, but these chips have none"):
        prepare(clusters(), protocol="loo:part=test")


class TestJsst20:
    def test_a_fifth_of_each_class_asks_everything_else(self, clusters):
        experiment = prepare(clusters(3, 14), protocol="jsst20:size=4")
        assert len(experiment.plan.trials) == 5
        for trial in experiment.plan.trials:
            assert [sum(row // 14 == one for row in trial.queries) for one in range(3)] == [2, 2, 2]
            assert trial.gallery.tolist() == list(range(42))
            assert (trial.leaves_one_out, trial.ranked) == (True, 41)
            assert (trial.space.kind, trial.space.size) == ("pearson", 4)

    def test_mean_and_spread_over_seeds(self, clusters):
        whole = evaluate(clusters(), protocol="jsst20:size=8", draws=10)
        single = [evaluate(clusters(), protocol="jsst20:size=8:seeds=1", seed=seed, draws=10) for seed in range(5)]
        values = [one.measures["map"].value for one in single]
        assert whole.measures["map"].value == pytest.approx(np.mean(values), abs=1e-12)
        assert whole.spread["map"] == pytest.approx(np.std(values, ddof=1), abs=1e-12)
        assert whole.protocol["seeds"] == [0, 1, 2, 3, 4]
        assert single[0].spread == {}

    def test_other_classes_do_not_change_who_asks(self, clusters):
        few, many = (prepare(clusters(classes), protocol="jsst20:size=4:seeds=1") for classes in (2, 4))
        asked = [{one.labelled.ids[row] for row in one.plan.trials[0].queries} for one in (few, many)]
        assert asked[0] < asked[1]

    def test_fewer_dimensions_than_asked_for_are_said(self, clusters):
        report = evaluate(clusters(), protocol="jsst20", draws=5)
        assert "protocol jsst20 reduces to 128 dimensions, but only 16 are left of 16 and a gallery of 40" in report.warnings
        assert report.space.size == 16
        assert evaluate(clusters(), protocol="jsst20:size=16", draws=5).protocol["reduction"].endswith("16 dimensions")


def test_mhcln_leaves_the_first_six_tenths_of_each_class_for_training(clusters):
    plan = prepare(clusters(2, 11, kind="hamming"), protocol="mhcln").plan
    # ceil(0.6 x 11) = 7 train.
    assert plan.trials[0].queries.tolist() == [7, 8, 9, 10, 18, 19, 20, 21]
    assert plan.facts["train"] == 14
    assert "map@20:found" in plan.measures
    assert evaluate(clusters(2, 11, kind="hamming"), protocol="mhcln", draws=5).expected["map"] > 0


class TestGesk:
    @pytest.fixture
    def years(self, clusters):
        return clusters(years=[2018 if i % 2 else 2019 for i in range(40)])

    def test_hits_show_half_of_the_same_ground(self, years):
        boxes = np.array([[i // 2, 0, i // 2 + 1, 1] for i in range(40)], dtype=float)
        report = evaluate(replace(years, boxes=boxes), protocol="gesk", draws=5)
        assert report.protocol["relevance"] == "overlap>=0.5"
        assert (report.protocol["queries"], report.protocol["gallery"], report.protocol["largest_r"]) == (20, 20, 1)
        assert (report.space.kind, report.protocol["self"]) == ("l2", "not in the gallery")
        assert list(report.measures) == ["hitrate@1", "hitrate@5", "hitrate@10", "hitrate@100"]
        footprints = [shapely.box(*box).wkb for box in boxes]
        assert evaluate(replace(years, footprints=footprints), protocol="gesk", draws=5) == report

    def test_without_boxes_a_hit_is_the_same_place(self, years):
        report = evaluate(replace(years, places=[f"{i // 4}" for i in range(40)]), protocol="gesk", draws=5)
        assert (report.protocol["relevance"], report.protocol["largest_r"]) == ("same-place", 2)

    def test_other_years(self, years):
        labelled = replace(years, places=[f"{i // 4}" for i in range(40)])
        assert prepare(labelled, protocol="gesk:gallery=2019:queries=2018").plan.trials[0].queries[0] == 1


def test_gcnn_takes_the_official_test_part_or_draws_a_tenth(clusters):
    parts = ["test" if i % 4 == 0 else "train" for i in range(40)]
    assert prepare(clusters(splits=parts), protocol="gcnn-nwpu").plan.trials[0].queries.tolist() == list(range(0, 40, 4))
    drawn = prepare(clusters(2, 30), protocol="gcnn-nwpu").plan.trials[0].queries
    assert [sum(row // 30 == one for row in drawn) for one in range(2)] == [3, 3]


class TestKeyRegion:
    TEXT = "keyregion:queries=3:gallery=5:size=4"

    def test_queries_and_gallery_of_each_class_are_apart(self, clusters):
        trial = prepare(clusters(), protocol=self.TEXT).plan.trials[0]
        assert not set(trial.queries) & set(trial.gallery)
        assert [sum(row // 10 == one for row in trial.queries) for one in range(4)] == [3] * 4
        assert [sum(row // 10 == one for row in trial.gallery) for one in range(4)] == [5] * 4
        assert (trial.space.kind, trial.space.size) == ("l2", 4)

    def test_components_are_those_of_the_gallery_alone(self, clusters):
        labelled = clusters()
        trial = prepare(labelled, protocol=self.TEXT).plan.trials[0]
        vectors = labelled.vectors.copy()
        vectors[trial.queries] = vectors[trial.queries[::-1]]
        moved = prepare(replace(labelled, vectors=vectors), protocol=self.TEXT).plan.trials[0]
        assert moved.vectors[trial.gallery].tolist() == trial.vectors[trial.gallery].tolist()

    def test_probabilities_that_know_the_class_help(self, clusters):
        classes = np.repeat(np.arange(4), 10)
        sure = (0.9 * np.eye(4)[classes] + 0.025).astype(np.float32)
        labelled = clusters(noise=3.0, probabilities=sure)
        plain, weighted = (
            evaluate(labelled, protocol=name + self.TEXT.removeprefix("keyregion"), draws=5)
            for name in ("keyregion", "keyregion-weighted")
        )
        assert plain.measures["map"].value < 0.9 < weighted.measures["map"].value

    def test_unit_vectors_that_are_all_alike_cannot_be_reduced(self, clusters):
        labelled = clusters()
        with pytest.raises(
            EvaluationError, match=r"protocol keyregion cannot reduce these vectors: .*all 20 embeddings are the same"
        ):
            prepare(replace(labelled, vectors=np.repeat(labelled.vectors[:1], 40, axis=0)), protocol=self.TEXT)


def test_lists_are_named_by_a_hash():
    assert hash_of(["a", "b"]) == hash_of(["a", "b"]) != hash_of(["b", "a"])
    assert hash_of(["ab"]) != hash_of(["a", "b"])
