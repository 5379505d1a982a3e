import numpy as np
import pytest
import shapely

from terrakin.errors import EvaluationError
from terrakin.evaluation.labelled import Labelled
from terrakin.evaluation.relevance import label_sets, overlap_of_boxes, relevance_rule
from terrakin.spaces.space import Space


def chips(labels=None, count=None, **more) -> Labelled:
    count = count or len(labels)
    vectors = np.zeros((count, 1), dtype=np.float32)
    return Labelled([f"{i}" for i in range(count)], labels or [()] * count, vectors, Space("l2", 1), **more)


def matrix(name: str, labelled: Labelled) -> list[list[int]]:
    rows = np.arange(len(labelled.ids))
    return relevance_rule(name, labelled)(rows, rows).astype(int).tolist()


def test_same_class():
    assert matrix("same-class", chips([("a",), ("b",), ("a",), ()])) == [[1, 0, 1, 0], [0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]]


SETS = [("a", "b", "c"), ("b", "c"), ("a", "b", "c"), ("d",), ()]


@pytest.mark.parametrize(
    ("name", "first_row"),
    [
        ("share-any", [1, 1, 1, 0, 0]),
        ("jaccard>=0.5", [1, 1, 1, 0, 0]),
        ("jaccard>=0.7", [1, 0, 1, 0, 0]),
        ("jaccard>=1", [1, 0, 1, 0, 0]),
        ("share-all", [1, 0, 1, 0, 0]),
        ("same-labels", [1, 0, 1, 0, 0]),
    ],
)
def test_label_sets(name, first_row):
    found = matrix(name, chips(SETS))
    assert found[0] == first_row
    # Without labels a chip is relevant for none, not even for another without labels.
    assert found[4] == [0] * 5


def test_all_labels_of_the_query_are_at_least_what_is_shared():
    assert matrix("share-all", chips(SETS)) == [
        [1, 0, 1, 0, 0],
        [1, 1, 1, 0, 0],
        [1, 0, 1, 0, 0],
        [0, 0, 0, 1, 0],
        [0, 0, 0, 0, 0],
    ]


@pytest.mark.parametrize(("shared", "union"), [(3, 5), (1, 3), (7, 10), (2, 3), (9, 10), (1, 10), (3, 10)])
def test_a_share_that_equals_the_threshold_is_enough(shared, union):
    labelled = chips([tuple(f"{i:02d}" for i in range(shared)), tuple(f"{i:02d}" for i in range(union))])
    assert matrix(f"jaccard>={shared / union}", labelled)[0][1] == 1


def test_the_label_sets_of_a_collection():
    sets = label_sets(chips(SETS))
    assert sets.vocabulary == 4
    assert sets.sizes.tolist() == [3, 2, 3, 1, 0]
    assert sets.shared(np.array([0, 3]), np.arange(5)).tolist() == [[3, 2, 3, 0, 0], [0, 0, 0, 1, 0]]


def test_same_place():
    assert matrix("same-place", chips(count=3, places=["x", None, "x"])) == [[1, 0, 1], [0, 0, 0], [1, 0, 1]]


@pytest.mark.parametrize(("shift", "share"), [(0.25, 0.5625), (0.3, 0.49), (0.0, 1.0), (1.0, 0.0), (-0.25, 0.5625), (2.0, 0.0)])
def test_the_overlap_of_shifted_squares(shift, share):
    square = np.array([[10.0, 20.0, 11.0, 21.0]])
    assert overlap_of_boxes(square, square + shift)[0, 0] == pytest.approx(share, abs=1e-12)


def shifted_boxes() -> np.ndarray:
    return np.array([[0, 0, 1, 1], [0.25, 0.25, 1.25, 1.25], [0.3, 0.3, 1.3, 1.3], [0, 0, 4, 4], [np.nan] * 4])


OVERLAPS = [[1, 1, 0, 1, 0], [1, 1, 1, 1, 0], [0, 1, 1, 1, 0], [0, 0, 0, 1, 0], [0, 0, 0, 0, 0]]
"""At least half of the query is shown: a large chip answers a small one inside it, not the other way round."""


def test_overlap_of_boxes():
    assert matrix("overlap>=0.5", chips(count=5, boxes=shifted_boxes())) == OVERLAPS


def test_overlap_of_footprints_equals_that_of_boxes():
    footprints = [shapely.box(*box).wkb for box in shifted_boxes()[:4]]
    assert matrix("overlap>=0.5", chips(count=5, footprints=[*footprints, None])) == OVERLAPS


def test_a_part_of_the_rows():
    rule = relevance_rule("overlap>=0.5", chips(count=4, footprints=[shapely.box(*box).wkb for box in shifted_boxes()[:4]]))
    assert rule(np.array([2, 0]), np.array([1, 2])).astype(int).tolist() == [[1, 1], [1, 0]]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("same-clas", r"no relevance rule 'same-clas'; did you mean 'same-class'\?"),
        ("jaccard>=0", r"no relevance rule 'jaccard>=0'"),
        ("jaccard>=1.5", r"with t and f above 0, at most 1"),
        ("overlap>=f", r"no relevance rule 'overlap>=f'"),
        ("", r"no relevance rule ''"),
    ],
)
def test_unknown_rules_are_refused(name, words):
    with pytest.raises(EvaluationError, match=words):
        relevance_rule(name, chips(SETS))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("same-class", "relevance same-class compares labels, but none of the 2 chips has one"),
        ("share-any", "relevance share-any compares labels, but none of the 2 chips has one"),
        ("same-place", "relevance same-place compares places, but these chips have none"),
        ("overlap>=0.5", "compares footprints, but these chips have neither boxes nor footprints"),
    ],
)
def test_what_is_missing_is_named(name, words):
    with pytest.raises(EvaluationError, match=words):
        relevance_rule(name, chips(count=2))


def test_a_class_is_one_label():
    with pytest.raises(EvaluationError, match="same-class needs one label a chip, but some have several; choose share-any"):
        relevance_rule("same-class", chips(SETS))
