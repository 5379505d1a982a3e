"""Conditions mean the same in Lance, over Arrow tables and to a plain reader."""

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terrakin.archive.condition import All, Any, Compare, Condition, Exactly, Inside, Missing, Not, OneOf
from terrakin.archive.condition_mask import to_mask
from terrakin.archive.condition_sql import to_sql
from terrakin.archive.condition_types import MAX_DEPTH, check
from terrakin.archive.lance_names import stored_name
from terrakin.errors import FilterError

SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("col", pa.int32()),
        ("share", pa.float32()),
        ("property:cloud", pa.float64()),
        ('property:odd. `%`\' "name"', pa.string()),
        ("property:night", pa.bool_()),
        ("datetime", pa.timestamp("us", tz="UTC")),
        ("labels", pa.list_(pa.string())),
        ("west", pa.float64()),
        ("south", pa.float64()),
        ("east", pa.float64()),
        ("north", pa.float64()),
    ]
)

TEXTS = ["", "a", "b", "B", "l'île", "ﬃ", "\U0001f30d", "\n\\\0", "%_*", "-- '; DROP"]
NUMBERS = [0.0, -0.0, 0.1, 0.9, 1.0, 2.5, -3.0, 1e-30, 1e300, 2.0**53, float(np.float32(0.1))]
TIMES = [
    dt.datetime(*when, tzinfo=dt.UTC)
    for when in [(1, 1, 2), (1969, 12, 31, 23, 59, 59, 999999), (1970, 1, 1), (2020, 6, 1, 10, 30), (9999, 12, 30)]
]
EDGES = [-180.0, -170.0, -1.0, 0.0, 1.0, 170.0, 180.0]

texts, numbers, times = st.sampled_from(TEXTS), st.sampled_from(NUMBERS), st.sampled_from(TIMES)
boxes = st.tuples(st.sampled_from(EDGES), st.sampled_from([-5.0, 0.0]), st.sampled_from(EDGES), st.sampled_from([0.0, 5.0]))


@st.composite
def rows(draw: st.DrawFn) -> dict[str, object]:
    west, south, east, north = draw(st.one_of(boxes, st.just((None,) * 4)))
    return {
        "id": draw(texts),
        "col": draw(st.none() | st.integers(-3, 3)),
        "share": draw(st.none() | st.sampled_from([0.0, 0.1, 0.9, 1.0])),
        "property:cloud": draw(st.none() | numbers.map(lambda number: number + 0.0)),
        'property:odd. `%`\' "name"': draw(st.none() | texts),
        "property:night": draw(st.none() | st.booleans()),
        "datetime": draw(st.none() | times),
        "labels": draw(st.lists(texts, max_size=3)),
        "west": west,
        "south": south,
        "east": east,
        "north": north,
    }


LITERALS = {
    "id": texts,
    "col": numbers,
    "share": numbers,
    "property:cloud": numbers,
    'property:odd. `%`\' "name"': texts,
    "property:night": st.booleans(),
    "datetime": times,
    "labels": texts,
}

fields = st.sampled_from(sorted(LITERALS))
operators = st.sampled_from(["=", "<", "<=", ">", ">="])
leaves = st.one_of(
    fields.flatmap(
        lambda name: st.builds(Compare, st.just(name), st.just("=") if "night" in name else operators, LITERALS[name])
    ),
    fields.flatmap(lambda name: st.builds(OneOf, st.just(name), st.lists(LITERALS[name], min_size=1, max_size=3).map(tuple))),
    st.builds(Exactly, st.just("labels"), st.lists(texts, min_size=1, max_size=3).map(tuple)),
    st.builds(Missing, st.sampled_from(SCHEMA.names)),
    boxes.map(lambda box: Inside(*box)),
)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.builds(All, st.lists(inner, min_size=1, max_size=3).map(tuple)),
        st.builds(Any, st.lists(inner, min_size=1, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)


def passes(condition: Condition, row: Mapping[str, object]) -> bool:
    """What a condition means, one chip at a time."""
    match condition:
        case Not(inner):
            return not passes(inner, row)
        case All(parts):
            return all(passes(part, row) for part in parts)
        case Any(parts):
            return any(passes(part, row) for part in parts)
        case Missing(field):
            return row[field] is None or row[field] == []
        case Exactly(field, values):
            return set(row[field] or ()) == set(values)
        case OneOf(field, values):
            return any(passes(Compare(field, "=", value), row) for value in values)
        case Inside(west, south, east, north):
            if row["west"] is None:
                return False
            pieces = [(a, b) for a, b in parts_of(row["west"], row["east"])]
            overlap = any(a <= d and c <= b for a, b in pieces for c, d in parts_of(west, east))
            return overlap and row["south"] <= north and row["north"] >= south
        case Compare(field, operator, value):
            members = row[field] if isinstance(row[field], list) else [row[field]]
            if field == "share":
                members, value = [None if m is None else np.float32(m) for m in members], as_float32(value)
            if isinstance(value, str):
                members, value = [None if m is None else m.encode() for m in members], value.encode()
            return any(member is not None and compare(member, operator, value) for member in members)


def as_float32(value: float) -> np.float32:
    with np.errstate(over="ignore"):
        return np.float32(value)


def parts_of(west: float, east: float) -> list[tuple[float, float]]:
    return [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]


def compare(a, operator: str, b) -> bool:
    return bool({"=": a == b, "<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[operator])


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(table=st.lists(rows(), min_size=1, max_size=8), asked=st.lists(conditions, min_size=1, max_size=4))
def test_lance_and_masks_agree_with_the_plain_meaning(tmp_path_factory: pytest.TempPathFactory, table, asked) -> None:
    import lance

    arrow = pa.Table.from_pylist(table, schema=SCHEMA)
    numbered = arrow.append_column("place", pa.array(range(len(table))))
    path = tmp_path_factory.mktemp("lance") / "t.lance"
    dataset = lance.write_dataset(numbered.rename_columns([stored_name(name) for name in numbered.schema.names]), path)
    for condition in asked:
        expected = [passes(condition, row) for row in table]
        assert to_mask(condition, arrow).tolist() == expected
        found = dataset.to_table(columns=["place"], filter=to_sql(condition, SCHEMA))["place"].to_pylist()
        assert sorted(found) == [place for place, hit in enumerate(expected) if hit]


def test_the_deepest_condition_is_answered_and_a_deeper_one_refused(tmp_path) -> None:
    import lance

    dataset = lance.write_dataset(pa.table({"id": ["a", "b"]}), tmp_path / "t.lance")
    leaf: Condition = Missing("id")
    for level in range(MAX_DEPTH - 1):
        leaf = Not(leaf) if level % 3 == 0 else (All if level % 3 == 1 else Any)((leaf, Compare("id", "=", "a")))
    expected = [passes(leaf, {"id": "a"}), passes(leaf, {"id": "b"})]
    assert to_mask(leaf, pa.table({"id": ["a", "b"]})).tolist() == expected
    assert dataset.count_rows(filter=to_sql(leaf, SCHEMA)) == sum(expected)
    with pytest.raises(FilterError, match=f"more than {MAX_DEPTH} levels deep"):
        check(Not(leaf), SCHEMA)


def test_many_values_are_one_question(tmp_path) -> None:
    import lance

    ids = [f"scene's/{number}.tif" for number in range(3000)]
    dataset = lance.write_dataset(pa.table({"id": ids}), tmp_path / "t.lance")
    assert dataset.count_rows(filter=to_sql(OneOf("id", tuple(ids[::2])), SCHEMA)) == 1500


def test_a_filter_cannot_leave_its_quotes() -> None:
    hostile = "x' OR 1=1 --"
    assert to_sql(Compare("id", "=", hostile), SCHEMA) == "`id` = 'x'' OR 1=1 --'"
