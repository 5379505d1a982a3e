import numpy as np
import pytest

from terrakin.evaluation.labelled import Labelled, in_id_order
from terrakin.spaces.space import Space

SPACE = Space("l2", 2)


def test_everything_is_put_in_the_byte_order_of_ids():
    # "é" comes after "z" in UTF-8, and capitals before small letters.
    given = Labelled(
        ["é", "z", "B", "a"],
        [("1",), ("2",), ("3",), ()],
        np.arange(8, dtype=np.float32).reshape(4, 2),
        SPACE,
        splits=["test", None, "train", "val"],
        places=["p", "q", "r", "s"],
        years=[1, 2, 3, None],
        boxes=np.arange(16.0).reshape(4, 4),
        footprints=[b"1", b"2", None, b"4"],
        probabilities=np.eye(4, dtype=np.float32),
    )
    ordered = in_id_order(given)
    assert ordered.ids == ["B", "a", "z", "é"]
    assert ordered.labels == [("3",), (), ("2",), ("1",)]
    assert ordered.vectors[:, 0].tolist() == [4, 6, 2, 0]
    assert (ordered.splits, ordered.places) == (["train", "val", None, "test"], ["r", "s", "q", "p"])
    assert (ordered.years, ordered.footprints) == ([3, None, 2, 1], [None, b"4", b"2", b"1"])
    assert ordered.boxes[:, 0].tolist() == [8, 12, 4, 0]
    assert ordered.probabilities.argmax(axis=1).tolist() == [2, 3, 1, 0]
    assert given.ids[0] == "é"


def test_label_sets_are_told_from_classes():
    vectors = np.zeros((2, 2), dtype=np.float32)
    assert not Labelled(["a", "b"], [("x",), ()], vectors, SPACE).multi_label
    assert Labelled(["a", "b"], [("x", "y"), ()], vectors, SPACE).multi_label


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"ids": ["a", "a"]}, "'a' is there twice"),
        ({"labels": [()]}, "labels are 2 like the ids, got 1"),
        ({"vectors": np.zeros((2, 3), dtype=np.float32)}, r"vectors are \(2, 2\) float32 here, got \(2, 3\) float32"),
        ({"vectors": np.zeros((2, 2))}, r"got \(2, 2\) float64"),
        ({"years": [1, 2, 3]}, "years are 2 like the ids, got 3"),
    ],
)
def test_what_does_not_fit_together_is_refused(changed, words):
    fitting = {"ids": ["a", "b"], "labels": [(), ()], "vectors": np.zeros((2, 2), dtype=np.float32), "space": SPACE}
    with pytest.raises(ValueError, match=words):
        Labelled(**{**fitting, **changed})
