"""What every store must do, in the same way as the store in memory."""

import datetime as dt
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terrakin.archive.condition import All, Any, Compare, Condition, Inside, Missing, Not, OneOf
from terrakin.archive.lance import LanceStore
from terrakin.archive.memory import MemoryStore
from terrakin.archive.schema import CODE, VECTOR, chips_schema
from terrakin.archive.store import STORES, Store
from terrakin.errors import ArchiveError, ChipNotFoundError, FilterError
from terrakin.spaces.kinds import distances, pack
from terrakin.spaces.space import Space

SPACES = {
    "cosine": Space("cosine", 8),
    "pearson": Space("pearson", 8),
    "l2": Space("l2", 8),
    "hamming": Space("hamming", 16),
    "codeset": Space("codeset", 8, codes=3),
}

MAKERS: Mapping[str, Callable[[Path, Space], Store]] = {
    "memory": lambda path, space: MemoryStore(space),
    "lance": lambda path, space: LanceStore(path / "chips.lance", space),
}


def test_every_store_is_held_to_the_contract() -> None:
    assert set(MAKERS) == set(STORES)


@pytest.fixture(params=sorted(MAKERS))
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Space], Store]:
    return lambda space: MAKERS[request.param](tmp_path, space)


def chips(space: Space, ids: list[str], *, seed: int = 0, **columns: list) -> pa.Table:
    """Chips with random vectors; named columns replace the generated ones, `property__x` is a property."""
    rng, n = np.random.default_rng(seed), len(ids)
    raw = rng.normal(size=(n, space.size * space.codes))
    vectors = pack(space, columns.pop("raw", raw))
    made = {
        "id": ids,
        "scene": [name.partition("#")[0] for name in ids],
        "fingerprint": ["f"] * n,
        "col": list(range(n)),
        "row": [0] * n,
        "width": [256] * n,
        "height": [256] * n,
        "footprint": [None] * n,
        "west": [None] * n,
        "south": [None] * n,
        "east": [None] * n,
        "north": [None] * n,
        "datetime": [None] * n,
        "labels": [[] for _ in ids],
        "valid_share": [1.0] * n,
        "thumbnail": [b"jpeg"] * n,
    } | {name: values for name, values in columns.items() if not name.startswith("property__")}
    schema = chips_schema(space)
    arrays = {name: pa.array(values, schema.field(name).type) for name, values in made.items()}
    arrays[VECTOR] = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), space.width)
    for name, values in columns.items():
        if name.startswith("property__"):
            arrays["property:" + name.removeprefix("property__")] = pa.array(values)
    return pa.table(arrays)


def held(store: Store, where: Condition | None = None) -> list[str]:
    return sorted(name for batch in store.scan(["id"], where) for name in batch.column("id").to_pylist())


def test_a_new_store_is_empty(make) -> None:
    store = make(SPACES["cosine"])
    assert store.count() == 0
    assert held(store) == []
    assert store.columns() == chips_schema(SPACES["cosine"])
    ids, found = store.search(pack(store.space, np.ones((1, 8)))[0], k=3)
    assert (ids, len(found)) == ([], 0)
    assert store.take([], ["id"]).num_rows == 0


@pytest.mark.parametrize("kind", sorted(SPACES))
def test_search_is_a_full_sort_with_ties_by_the_bytes_of_ids(make, kind: str) -> None:
    space = SPACES[kind]
    store = make(space)
    ids = [f"{head}{number}" for number in range(40) for head in ("b/", "a/", "é/", "Z/", "\U0001f30d/", "￭/")]
    raw = np.repeat(np.random.default_rng(1).normal(size=(20, space.size * space.codes)), 12, axis=0)
    table = chips(space, ids, raw=raw)
    shuffled = table.take(np.random.default_rng(2).permutation(len(ids)))
    store.append(shuffled.slice(0, 100))
    store.append(shuffled.slice(100))
    vectors = pack(space, raw)
    for query in vectors[[0, 60, 239]]:
        exact = distances(space, query[None], vectors)[0]
        order = sorted(range(len(ids)), key=lambda row: (exact[row], ids[row].encode()))
        for k in (1, 5, 30, 1000):
            found, near = store.search(query, k=k)
            assert found == [ids[row] for row in order[:k]]
            assert near.dtype == np.float32
            assert near.tolist() == exact[order[:k]].tolist()


def test_a_filter_is_applied_before_ranking(make) -> None:
    space = SPACES["cosine"]
    store = make(space)
    ids = [f"s{number % 7}#{number:03d}" for number in range(300)]
    raw = np.repeat(np.random.default_rng(0).normal(size=(30, 8)), 10, axis=0)
    table = chips(space, ids, raw=raw, property__cloud=[number / 300 for number in range(300)])
    store.append(table.take(np.random.default_rng(1).permutation(300)))
    vectors = np.stack(table[VECTOR].to_numpy()).astype(np.float32)
    exact = distances(space, vectors[:1], vectors)[0]
    for where, passes in [
        (Compare("property:cloud", "<", 0.01), [n / 300 < 0.01 for n in range(300)]),
        (Compare("property:cloud", "<", 0.5), [n / 300 < 0.5 for n in range(300)]),
        (Not(Compare("scene", "=", "s3")), [n % 7 != 3 for n in range(300)]),
        (Compare("scene", "=", "absent"), [False] * 300),
    ]:
        rows = sorted(np.flatnonzero(passes), key=lambda row: (exact[row], ids[row]))
        found, near = store.search(vectors[0], k=20, where=where)
        assert found == [ids[row] for row in rows[:20]]
        assert near.tolist() == exact[rows[:20]].tolist()
        assert store.count(where) == sum(passes)
        assert held(store, where) == sorted(name for name, hit in zip(ids, passes, strict=True) if hit)


def test_ids_are_unique_and_a_refused_append_adds_nothing(make) -> None:
    store = make(SPACES["cosine"])
    store.append(chips(store.space, ["a", "b"]))
    with pytest.raises(ArchiveError, match="holds a chip 'b' already; nothing was added"):
        store.append(chips(store.space, ["c", "b"]))
    with pytest.raises(ArchiveError, match="two of the new chips have the id 'd'"):
        store.append(chips(store.space, ["d", "e", "d"]))
    assert held(store) == ["a", "b"]


def test_a_deleted_id_can_come_again(make) -> None:
    store = make(SPACES["cosine"])
    store.append(chips(store.space, ["s#1", "s#2", "t#1"]))
    assert store.delete(Compare("scene", "=", "s")) == 2
    assert store.delete(Compare("scene", "=", "s")) == 0
    assert held(store) == ["t#1"]
    store.append(chips(store.space, ["s#1"], seed=5))
    query = np.stack(chips(store.space, ["s#1"], seed=5)[VECTOR].to_numpy()).astype(np.float32)[0]
    assert store.search(query, k=1) == (["s#1"], np.array([0], dtype=np.float32))


def test_properties_are_added_when_first_seen(make) -> None:
    store = make(SPACES["cosine"])
    store.append(chips(store.space, ["a"], property__cloud=[0.5]))
    store.append(chips(store.space, ["b"], property__season=["dry"], property__cloud=[None]))
    store.append(chips(store.space, ["c"], **{"property__odd. `name` %2E 'x\"": [True], "property__n": [3]}))
    names = set(store.columns().names) - set(chips_schema(store.space).names)
    assert names == {"property:cloud", "property:season", "property:odd. `name` %2E 'x\"", "property:n"}
    assert held(store, Missing("property:cloud")) == ["b", "c"]
    assert held(store, Compare("property:odd. `name` %2E 'x\"", "=", True)) == ["c"]
    table = store.take(["c", "a"], ["id", "property:odd. `name` %2E 'x\"", "property:cloud", "property:n"])
    assert table.to_pylist() == [
        {"id": "c", "property:odd. `name` %2E 'x\"": True, "property:cloud": None, "property:n": 3.0},
        {"id": "a", "property:odd. `name` %2E 'x\"": None, "property:cloud": 0.5, "property:n": None},
    ]


def test_a_property_keeps_its_type(make) -> None:
    store = make(SPACES["cosine"])
    store.append(chips(store.space, ["a"], property__cloud=[0.5]))
    with pytest.raises(ArchiveError, match="property 'cloud' is double in the archive and string in the new chips"):
        store.append(chips(store.space, ["b"], property__cloud=["low"]))
    assert held(store) == ["a"]


def test_nan_is_missing_and_zero_has_no_sign(make) -> None:
    store = make(SPACES["cosine"])
    store.append(chips(store.space, ["a", "b", "c"], property__x=[float("nan"), -0.0, 2.0]))
    assert held(store, Missing("property:x")) == ["a"]
    assert held(store, Compare("property:x", ">", 1.0)) == ["c"]
    assert held(store, OneOf("property:x", (0.0, -5.0))) == ["b"]
    assert held(store, Compare("property:x", "=", -0.0)) == ["b"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop_columns(["scene"]), "need the column 'scene'"),
        (lambda t: t.append_column("cloud", pa.array([1.0])), "no column 'cloud'.*property:NAME"),
        (lambda t: t.set_column(0, "id", pa.array([1])), "'id' holds string, got int64"),
        (lambda t: t.set_column(0, "id", pa.array([None], pa.string())), "'id' has missing values"),
        (lambda t: t.append_column("property:d", pa.array([b"x"])), "property 'd' is text, a number or true/false, got binary"),
    ],
)
def test_chips_of_another_form_are_refused(make, change, words: str) -> None:
    store = make(SPACES["cosine"])
    with pytest.raises(ValueError, match=words):
        store.append(change(chips(store.space, ["a"])))
    assert store.count() == 0


def test_take_follows_the_order_asked_for(make) -> None:
    store = make(SPACES["cosine"])
    store.append(chips(store.space, ["a", "b", "c"]))
    assert store.take(["c", "a", "c"], ["col", "id"]).to_pylist() == [
        {"col": 2, "id": "c"},
        {"col": 0, "id": "a"},
        {"col": 2, "id": "c"},
    ]
    store.search(pack(store.space, np.ones((1, 8)))[0], k=1)
    assert store.take(["b"], ["thumbnail"])["thumbnail"].to_pylist() == [b"jpeg"]
    with pytest.raises(ChipNotFoundError, match="no chip 'd' in this archive"):
        store.take(["a", "d"], ["id"])


def test_an_unknown_id_gets_the_nearest(make) -> None:
    store = make(SPACES["cosine"])
    store.append(chips(store.space, ["forest/01.tif", "harbor/harbor01.tif", "river/x.tif"]))
    with pytest.raises(ChipNotFoundError, match=r"did you mean 'harbor/harbor01\.tif'\?"):
        store.take(["harbor/harbor1.tif"], ["id"])


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (Compare("property:clod", "<", 1.0), "no field named 'clod'; did you mean 'cloud'"),
        (Compare("property:cloud", "=", "low"), "'cloud' is a number and cannot be compared with 'low', text"),
        (Compare("labels", "=", 3.0), "'labels' is a list of text"),
        (Compare(VECTOR, "=", 3.0), "cannot be filtered by"),
        (Compare("datetime", "<", dt.datetime(2020, 1, 1)), "needs a time with its zone"),
        (OneOf("id", ()), "one of nothing"),
        (All(()), "no conditions"),
        (Inside(0, 10, 1, 5), "a box is"),
    ],
)
def test_conditions_are_checked_at_the_door(make, where: Condition, words: str) -> None:
    store = make(SPACES["cosine"])
    store.append(chips(store.space, ["a"], property__cloud=[0.5]))
    for ask in (store.count, store.delete, lambda w: list(store.scan(["id"], w))):
        with pytest.raises(FilterError, match=words):
            ask(where)
    with pytest.raises(FilterError, match=words):
        store.search(pack(store.space, np.ones((1, 8)))[0], k=1, where=where)


def test_compacting_changes_no_answer(make) -> None:
    space = SPACES["cosine"]
    store = make(space)
    for part in range(5):
        store.append(chips(space, [f"s{part}#{n}" for n in range(10)], seed=part))
    store.delete(Compare("scene", "=", "s2"))
    query = pack(space, np.random.default_rng(9).normal(size=(1, 8)))[0]
    where = Any((Compare("scene", "=", "s1"), Compare("id", ">", "s3#5")))
    before = (held(store), held(store, where), store.search(query, k=7)[0], store.search(query, k=7, where=where)[0])
    for _ in range(2):
        store.compact()
        after = (held(store), held(store, where), store.search(query, k=7)[0], store.search(query, k=7, where=where)[0])
        assert after == before
    store.append(chips(space, ["s9#1"]))
    assert store.count() == 41


def test_every_change_moves_the_checkpoint(make) -> None:
    store = make(SPACES["cosine"])
    seen = [store.checkpoint()]
    store.append(chips(store.space, ["a", "b"]))
    seen.append(store.checkpoint())
    store.delete(Compare("id", "=", "a"))
    seen.append(store.checkpoint())
    assert seen == sorted(set(seen))
    assert store.checkpoint() == seen[-1]


actions = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=4)),
        st.tuples(st.just("delete"), st.sampled_from("abcdefgh")),
        st.tuples(st.just("compact"), st.none()),
        st.tuples(st.just("search"), st.integers(1, 6)),
    ),
    max_size=12,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=actions)
def test_every_store_goes_the_way_of_the_one_in_memory(tmp_path_factory: pytest.TempPathFactory, actions) -> None:
    space = SPACES["hamming"]
    stores = [make(tmp_path_factory.mktemp("store"), space) for _, make in sorted(MAKERS.items())]
    for step, (action, argument) in enumerate(actions):
        answers = []
        for store in stores:
            try:
                if action == "append":
                    answers.append(store.append(chips(space, argument, seed=step)))
                elif action == "delete":
                    answers.append(store.delete(Compare("id", "=", argument)))
                elif action == "compact":
                    answers.append(store.compact())
                else:
                    ids, near = store.search(np.zeros(2, dtype=np.uint8), k=argument)
                    answers.append((ids, near.tolist()))
            except ArchiveError as exc:
                answers.append(str(exc))
        assert all(answer == answers[0] for answer in answers)
        assert len({tuple(held(store)) for store in stores}) == 1


# Codes beside the vectors.

CODES = Space("hamming", 8)


def signs(vectors: np.ndarray) -> np.ndarray:
    """The signs of eight dimensions: few bits, so that there are many ties."""
    return pack(CODES, vectors)


def with_codes(table: pa.Table) -> pa.Table:
    codes = signs(np.stack(table[VECTOR].to_numpy()))
    return table.append_column(CODE, pa.FixedSizeListArray.from_arrays(pa.array(codes.ravel()), CODES.width))


def test_codes_are_made_of_vectors_and_searched_with_ties_by_the_bytes_of_ids(make) -> None:
    store = make(SPACES["cosine"])
    assert store.codes is None
    ids = [f"{head}{number}" for number in range(50) for head in ("b/", "a/", "é/", "Z/", "\U0001f30d/", "￭/")]
    table = chips(store.space, ids).take(np.random.default_rng(2).permutation(len(ids)))
    store.append(table.slice(0, 100))
    before = store.checkpoint()
    store.add_codes(CODES, signs)
    assert store.codes == CODES
    assert store.checkpoint() > before
    assert store.columns().field(CODE) == chips_schema(store.space, CODES).field(CODE)
    # From then on chips bring their codes along.
    store.append(with_codes(table.slice(100)))
    by_id = dict(zip(table["id"].to_pylist(), signs(np.stack(table[VECTOR].to_numpy())), strict=True))
    taken = store.take(ids, ["id", CODE])
    assert [code.tolist() for code in by_id.values()] == [
        dict(zip(ids, taken[CODE].to_pylist(), strict=True))[name] for name in by_id
    ]
    codes = np.stack([by_id[name] for name in ids])
    for query in codes[[0, 77]]:
        exact = distances(CODES, query[None], codes)[0]
        order = sorted(range(len(ids)), key=lambda row: (exact[row], ids[row].encode()))
        for k in (1, 7, 40, 1000):
            found, near = store.search(query, k=k, by=CODE)
            assert found == [ids[row] for row in order[:k]]
            assert near.tolist() == exact[order[:k]].tolist()
        passing = [row for row in order if ids[row].startswith("a/")]
        where = OneOf("id", tuple(ids[row] for row in passing))
        assert store.search(query, k=9, where=where, by=CODE)[0] == [ids[row] for row in passing[:9]]
    # Vectors are searched as before.
    vector = np.asarray(table[VECTOR][0].values.to_numpy())
    assert store.search(vector, k=1)[0] == [table["id"][0].as_py()]


def test_chips_without_codes_are_refused_where_there_are_codes_and_the_other_way_round(make) -> None:
    store = make(SPACES["cosine"])
    with pytest.raises(ArchiveError, match="has no codes; `terrakin index --archive ARCHIVE --hash NAME` makes them"):
        store.search(np.zeros(1, np.uint8), k=1, by=CODE)
    with pytest.raises(ValueError, match="chips have no column 'code'"):
        store.append(with_codes(chips(store.space, ["a"])))
    store.add_codes(CODES, signs)  # an empty store can have codes as well
    assert store.search(np.zeros(1, np.uint8), k=1, by=CODE)[0] == []
    with pytest.raises(ValueError, match="chips need the column 'code'"):
        store.append(chips(store.space, ["a"]))
    store.append(with_codes(chips(store.space, ["a"])))
    assert store.search(np.zeros(1, np.uint8), k=1, by=CODE)[0] == ["a"]


def test_codes_are_dropped_and_made_anew_with_other_bits(make) -> None:
    store = make(SPACES["cosine"])
    store.append(chips(store.space, ["a", "b", "c", "d"], property__cloud=[0.1, 0.2, 0.3, 0.4]))
    store.add_codes(CODES, signs)
    with pytest.raises(ArchiveError, match="has codes of 8 bits already; drop them first"):
        store.add_codes(CODES, signs)
    store.delete(Compare("id", "=", "b"))
    store.compact()
    store.drop_codes()
    store.drop_codes()  # there are none any more
    assert store.codes is None
    wide = Space("hamming", 16)
    store.add_codes(wide, lambda vectors: np.hstack([signs(vectors), ~signs(vectors)]))
    assert store.codes == wide
    rows = store.take(["a", "c", "d"], [CODE, VECTOR, "property:cloud"])
    first = signs(np.stack(rows[VECTOR].to_numpy()))
    assert np.stack(rows[CODE].to_numpy()).tolist() == np.hstack([first, ~first]).tolist()
    assert rows["property:cloud"].to_pylist() == [0.1, 0.3, 0.4]


def test_codes_that_do_not_fit_are_refused_and_leave_no_codes(make) -> None:
    store = make(SPACES["cosine"])
    store.append(chips(store.space, ["a", "b"]))
    with pytest.raises((ValueError, ArchiveError), match="shape"):
        store.add_codes(Space("hamming", 16), signs)
    assert store.codes is None
