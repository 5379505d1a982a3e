"""Queries by sets of labels."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrakin.archive.condition import All, Compare, Exactly, OneOf
from terrakin.archive.memory import MemoryStore
from terrakin.archive.schema import VECTOR, chips_schema
from terrakin.errors import FilterError
from terrakin.search.label_sets import LabelSet, jaccard, label_set, nearest_by_overlap
from terrakin.search.query import Query
from terrakin.search.rank import rank
from terrakin.spaces.space import Space

SPACE = Space("l2", 2)
NAMES = ("Beaches, dunes, sands", "Pastures", "Sea and ocean", "l'île")


def store_of(labels: Sequence[Sequence[str]], distances: Sequence[float]) -> MemoryStore:
    """Chips `c000`, `c001`, ... at these distances from the origin."""
    store = MemoryStore(SPACE)
    schema = chips_schema(SPACE)
    vectors = np.array([[distance, 0] for distance in distances], np.float32)
    columns = {
        "id": [f"c{number:03}" for number in range(len(labels))],
        "labels": [sorted(each) for each in labels],
        VECTOR: pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), 2),
    }
    usual = {"scene": "s", "fingerprint": "f", "col": 0, "row": 0, "width": 1, "height": 1, "valid_share": 1.0}
    arrays = []
    for field in schema:
        values = columns.get(field.name, [usual.get(field.name)] * len(labels))
        arrays.append(values if isinstance(values, pa.Array) else pa.array(values, field.type))
    store.append(pa.Table.from_arrays(arrays, schema=schema))
    return store


LABELS = (
    [NAMES[0]],
    [NAMES[0], NAMES[2]],
    [NAMES[1]],
    [NAMES[0], NAMES[1], NAMES[2]],
    [NAMES[2]],
    [],
)
STORE = store_of(LABELS, [6, 5, 4, 3, 2, 1])


def asked(match: str, *labels: str, k: int = 10) -> list[tuple[str, float]]:
    wanted = label_set(STORE, labels, match)
    overlap = wanted if wanted.match == "overlap" else None
    query = Query("q", np.zeros(2, np.float32), k, wanted.condition, str(wanted), overlap=overlap)
    return [(hit.id, hit.distance) for hit in rank("a", STORE, query).hits]


def test_at_least_these() -> None:
    assert asked("at-least", NAMES[0], NAMES[2]) == [("c003", 3.0), ("c001", 5.0)]
    assert asked("at-least", NAMES[0]) == [("c003", 3.0), ("c001", 5.0), ("c000", 6.0)]


def test_exactly_these() -> None:
    assert asked("exactly", NAMES[2], NAMES[0]) == [("c001", 5.0)]
    assert asked("exactly", NAMES[0]) == [("c000", 6.0)]


def test_overlap_divides_distances() -> None:
    # Overlaps with the two labels: c000 1/2, c001 2/2, c003 2/3, c004 1/2.
    assert asked("overlap", NAMES[0], NAMES[2]) == [("c004", 2.0), ("c003", 3.0), ("c001", 5.0), ("c000", 6.0)]
    assert asked("overlap", NAMES[2]) == [("c004", 2.0), ("c003", 3.0), ("c001", 5.0)]
    # Of the two labels c003 has both, and another one: 3 / (2/3) = 4.5 comes before 5.
    assert [name for name, _ in asked("overlap", NAMES[0], NAMES[2], k=2)] == ["c004", "c003"]


def test_words_quote_names() -> None:
    both = (NAMES[0], NAMES[2])
    assert str(LabelSet(both)) == "labels 'Beaches, dunes, sands', 'Sea and ocean'"
    assert str(LabelSet(both, "exactly")) == "labels 'Beaches, dunes, sands', 'Sea and ocean' alone"
    assert str(LabelSet(both, "overlap")) == "some of labels 'Beaches, dunes, sands', 'Sea and ocean'"


def test_conditions_are_those_of_filters() -> None:
    assert LabelSet(("a",)).condition == Compare("labels", "=", "a")
    assert LabelSet(("a", "b")).condition == All((Compare("labels", "=", "a"), Compare("labels", "=", "b")))
    assert LabelSet(("a", "b"), "exactly").condition == Exactly("labels", ("a", "b"))
    assert LabelSet(("a", "b"), "overlap").condition == OneOf("labels", ("a", "b"))


def test_a_label_is_named_once() -> None:
    assert label_set(STORE, [NAMES[0], NAMES[0]], "exactly") == LabelSet((NAMES[0],), "exactly")
    assert label_set(STORE, [], "at-least") is None


@pytest.mark.parametrize(
    ("labels", "match", "words"),
    [
        (["Pasture"], "at-least", r"no chip has the label 'Pasture'; did you mean 'Pastures'\? The archive has 3 labels"),
        ([NAMES[0], NAMES[3]], "at-least", r"""no chip has the label "l'île"\. The archive has 3 labels"""),
        (
            [f"{NAMES[1]}, {NAMES[2]}"],
            "at-least",
            r"no chip has the label 'Pastures, Sea and ocean'; give each of several labels its own --label\. The archive has",
        ),
        ([], "exactly", "no label is named that chips could match by 'exactly'; name some, with --label"),
        ([NAMES[0]], "exact", r"labels match at-least, exactly, overlap, got 'exact'; did you mean 'exactly'\?"),
    ],
)
def test_labels_that_are_not_there_are_told(labels: list[str], match: str, words: str) -> None:
    with pytest.raises(FilterError, match=words):
        label_set(STORE, labels, match)


def test_a_column_of_text_holds_no_set() -> None:
    with pytest.raises(FilterError, match="a list of text is of exactly one value or more; got field 'id', text, of exactly 1"):
        STORE.count(Exactly("id", ("c000",)))
    with pytest.raises(FilterError, match="got field 'labels', a list of text, of exactly 0 values"):
        STORE.count(Exactly("labels", ()))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_looking_at_few_chips_is_looking_at_all(data: st.DataObject) -> None:
    """More chips than are looked at first, with distances that are often equal."""
    count = data.draw(st.integers(1, 200))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    labels = [[name for name in NAMES if rng.random() < 0.4] for _ in range(count)]
    distances = rng.integers(0, data.draw(st.sampled_from([2, 50, 1000])), count).astype(float)
    k, without = data.draw(st.integers(1, 12)), {f"c{number:03}" for number in rng.integers(0, count, 2)}
    wanted = LabelSet(tuple(data.draw(st.sets(st.sampled_from(NAMES), min_size=1))), "overlap")
    found = nearest_by_overlap(
        store_of(labels, distances), np.zeros(2, np.float32), wanted, k=k, where=wanted.condition, without=without
    )
    ranked = sorted(
        (distance / jaccard(wanted.labels, held), f"c{number:03}", distance)
        for number, (held, distance) in enumerate(zip(labels, distances, strict=True))
        if jaccard(wanted.labels, held) > 0 and f"c{number:03}" not in without
    )
    assert found == [(name, distance) for _, name, distance in ranked[:k]]
