import dataclasses

import numpy as np
import pytest

from terrakin.errors import EvaluationError
from terrakin.evaluation import rankings
from terrakin.evaluation.rankings import rank
from terrakin.evaluation.trial import Trial
from terrakin.spaces.space import Space

IDS = ["a", "b", "c", "d"]
ROWS = np.arange(4)


def trial(at: list[float], *, queries=ROWS, gallery=ROWS, **more) -> Trial:
    return Trial(np.array(queries), np.array(gallery), np.array(at, dtype=np.float32)[:, None], Space("l2", 1), **more)


def answers(one: Trial, **more) -> list[list[str]]:
    return [[IDS[one.gallery[place]] for place in row] for block in rank(one, IDS, **more) for row in block.places]


def test_the_query_is_left_out_by_id_and_ties_are_by_id():
    # b and d lie on the same spot: they are duplicates with ids of their own, and stay.
    assert answers(trial([0, 1, 3, 1])) == [["b", "d", "c"], ["d", "a", "c"], ["b", "d", "a"], ["b", "a", "c"]]


def test_the_query_can_be_kept():
    assert answers(trial([0, 1, 3, 1], include_self=True))[3] == ["b", "d", "a", "c"]


def test_a_gallery_apart_is_ranked_whole():
    one = trial([0, 1, 3, 1], queries=[0, 2], gallery=[1, 3])
    assert not one.leaves_one_out
    assert answers(one) == [["b", "d"], ["b", "d"]]


@pytest.mark.parametrize("block", [1, 5, 8, 100])
def test_blocks_change_nothing(block):
    rng = np.random.default_rng(0)
    one = trial(rng.integers(0, 3, 4).tolist())
    assert answers(one, block=block) == answers(one)


def test_some_queries_alone():
    assert answers(trial([0, 1, 3, 1]), queries=np.array([2])) == [["b", "d", "a"]]


def test_distances_are_those_of_the_order():
    (block,) = rank(trial([0, 1, 3, 1]), IDS)
    assert block.distances.tolist() == [[1, 1, 3], [0, 1, 2], [2, 2, 3], [0, 1, 2]]


def test_a_distance_that_is_not_a_number_is_an_error(monkeypatch: pytest.MonkeyPatch):
    apart = np.zeros((4, 4), dtype=np.float32)
    apart[0, 2] = np.nan
    monkeypatch.setattr(rankings, "distances", lambda space, queries, gallery: apart)
    with pytest.raises(EvaluationError, match="the distance of 'a' and 'c' is not a number; index these chips again"):
        list(rank(trial([0, 1, 3, 1]), IDS))


def test_infinite_distances_rank_last_by_id(monkeypatch: pytest.MonkeyPatch):
    # No built-in space has infinite distances; one of a third party may.
    monkeypatch.setattr(
        rankings, "distances", lambda space, queries, gallery: np.array([[np.inf, 3, np.inf]], dtype=np.float32)
    )
    assert answers(trial([0, 1, 3, 1], queries=[0], gallery=[1, 2, 3])) == [["c", "b", "d"]]


def test_class_probabilities_weight_distances():
    # d (1 - p_q[c_r]) (1 - p_r[c_q]); a and c are of class 0, b of class 1.
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.5, 0.5]], dtype=np.float32)
    one = trial([0, 1, 3, 9], queries=[0], gallery=[1, 2], probabilities=probabilities)
    (block,) = rank(one, IDS)
    # b: 1 x (1 - 0.1) x (1 - 0.2) = 0.72; c: 3 x (1 - 0.9) x (1 - 0.6) = 0.12.
    assert block.distances[0] == pytest.approx([0.12, 0.72], abs=1e-6)
    assert answers(one) == [["c", "b"]]
    assert answers(dataclasses.replace(one, probabilities=None)) == [["b", "c"]]


@pytest.mark.parametrize(
    ("queries", "gallery", "words"),
    [
        ([0, 1], [1, 2], "all queries or none"),
        ([], [1], "needs queries and a gallery"),
        ([0], [0], "needs queries and a gallery"),
    ],
)
def test_trials_that_cannot_be(queries, gallery, words):
    with pytest.raises(ValueError, match=words):
        trial([0, 1, 3, 1], queries=np.array(queries, dtype=int), gallery=gallery)
