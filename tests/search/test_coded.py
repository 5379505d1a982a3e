"""Search by codes: shortlists with their ties, and recall against an oracle."""

import json

import numpy as np
import pyarrow as pa
import pytest

from terrakin.archive.condition import OneOf
from terrakin.archive.memory import MemoryStore
from terrakin.archive.schema import VECTOR, chips_schema
from terrakin.search.code_recall import NAME, measure_code_recall, remembered_code_recall
from terrakin.search.coded import Coded, nearest_by_codes
from terrakin.spaces.kinds import distances, pack
from terrakin.spaces.space import Space

SPACE, BITS = Space("cosine", 12), Space("hamming", 8)
COUNT = 400
IDS = [f"s{number % 7}#{number:03d}" for number in range(COUNT)]


def encode(vectors: np.ndarray) -> np.ndarray:
    return pack(BITS, vectors[:, :8])


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    drawn = pack(SPACE, np.random.default_rng(0).normal(size=(COUNT, SPACE.size)))
    drawn[300:310] = drawn[5]  # ties of vectors as well
    return drawn


@pytest.fixture(scope="module")
def store(vectors: np.ndarray) -> MemoryStore:
    schema = chips_schema(SPACE)
    values = {
        "id": IDS,
        "scene": [name.partition("#")[0] for name in IDS],
        "fingerprint": ["f"] * COUNT,
        **{name: [0] * COUNT for name in ("col", "row", "width", "height")},
        "labels": [[]] * COUNT,
        "valid_share": [1.0] * COUNT,
    }
    columns = {
        field.name: pa.array(values.get(field.name, [None] * COUNT), field.type) for field in schema if field.name != VECTOR
    }
    columns[VECTOR] = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), SPACE.width)
    made = MemoryStore(SPACE)
    made.append(pa.table(columns))
    made.add_codes(BITS, encode)
    return made


def sorted_rows(exact: np.ndarray, among: np.ndarray) -> list[int]:
    return sorted(among.tolist(), key=lambda row: (exact[row], IDS[row].encode()))


def bits_to(query: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    codes = np.unpackbits(encode(np.vstack([query, vectors])), axis=1)
    return (codes[0] != codes[1:]).sum(axis=1)


def answer(query: np.ndarray, vectors: np.ndarray, k: int, shortlist: int | None, among: np.ndarray) -> list[str]:
    """What a search by codes finds, by sorting everything."""
    bits, exact = bits_to(query, vectors), distances(SPACE, query[None], vectors)[0]
    if shortlist is None:
        return [IDS[row] for row in sorted_rows(bits, among)[:k]]
    last = np.sort(bits[among])[min(k * shortlist, len(among)) - 1]
    return [IDS[row] for row in sorted_rows(exact, among[bits[among] <= last])[:k]]


@pytest.mark.parametrize("shortlist", [None, 1, 2, 5, 1000])
@pytest.mark.parametrize("k", [1, 6, 500])
def test_a_shortlist_takes_all_that_tie_with_its_last_and_is_ranked_by_vectors(store, vectors, k, shortlist) -> None:
    for row in (0, 5, 77):
        query = Coded(vectors[row], encode(vectors[row : row + 1])[0], shortlist)
        found, near = nearest_by_codes(store, query, k=k)
        assert found == answer(vectors[row], vectors, k, shortlist, np.arange(COUNT))
        truth = bits_to(vectors[row], vectors) if shortlist is None else distances(SPACE, vectors[row : row + 1], vectors)[0]
        assert near.tolist() == [truth[IDS.index(name)] for name in found]


def test_a_long_shortlist_is_read_block_by_block(store, vectors, monkeypatch) -> None:
    taken, take = [], store.take
    monkeypatch.setattr(store, "take", lambda ids, columns: taken.append(len(ids)) or take(ids, columns))
    monkeypatch.setattr("terrakin.search.coded._BLOCK", 64)
    query = Coded(vectors[5], encode(vectors[5:6])[0], COUNT)
    assert nearest_by_codes(store, query, k=20)[0] == answer(vectors[5], vectors, 20, COUNT, np.arange(COUNT))
    assert taken == [64] * 6 + [16]


def test_a_filter_comes_before_the_shortlist(store, vectors) -> None:
    among = np.arange(0, COUNT, 7)
    where = OneOf("scene", ("s0",))
    for shortlist in (None, 2):
        query = Coded(vectors[1], encode(vectors[1:2])[0], shortlist)
        assert nearest_by_codes(store, query, k=5, where=where)[0] == answer(vectors[1], vectors, 5, shortlist, among)
        assert nearest_by_codes(store, query, k=5, where=OneOf("scene", ("absent",)))[0] == []


def test_a_shortlist_is_at_least_k() -> None:
    with pytest.raises(ValueError, match="a shortlist is at least 1 times k, got 0"):
        Coded(np.zeros(12, np.float32), np.zeros(1, np.uint8), 0)


@pytest.mark.parametrize("shortlist", [None, 3])
def test_recall_is_the_share_of_the_nearest_by_vectors_that_is_found(store, vectors, shortlist) -> None:
    shares = []
    for row in range(COUNT):
        exact = distances(SPACE, vectors[row : row + 1], vectors)[0]
        others = np.delete(np.arange(COUNT), row)
        last = np.sort(exact[others])[3]
        found = [name for name in answer(vectors[row], vectors, 5, shortlist, np.arange(COUNT)) if name != IDS[row]][:4]
        shares.append(np.mean([exact[IDS.index(name)] <= last for name in found]))
    recall = measure_code_recall(store, encode, k=4, shortlist=shortlist, queries=COUNT)
    assert recall.value == pytest.approx(np.mean(shares))
    assert (recall.k, recall.queries, recall.chips) == (4, COUNT, COUNT)
    assert 0 < recall.value < 1
    assert measure_code_recall(store, encode, k=4, shortlist=COUNT).value == 1


def test_recall_is_measured_once_for_each_state_k_and_shortlist(store, tmp_path, monkeypatch) -> None:
    first = remembered_code_recall(tmp_path, store, encode, k=4, shortlist=None)
    other = remembered_code_recall(tmp_path, store, encode, k=4, shortlist=3)
    assert first.value < other.value
    assert first.queries == 100

    def broken(*_: object, **__: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr("terrakin.search.code_recall.measure_code_recall", broken)
    assert remembered_code_recall(tmp_path, store, encode, k=4, shortlist=None) == first
    assert remembered_code_recall(tmp_path, store, encode, k=4, shortlist=3) == other
    # Another state, or a file that is none.
    held, version = json.loads((tmp_path / NAME).read_text()), store.checkpoint()
    assert held["version"] == version
    for text in (json.dumps({**held, "version": version - 1}), "[]", "{", json.dumps({"version": version})):
        (tmp_path / NAME).write_text(text)
        with pytest.raises(AssertionError, match="measured again"):
            remembered_code_recall(tmp_path, store, encode, k=4, shortlist=None)


def test_recall_of_a_folder_that_cannot_be_written_is_measured_each_time(store, tmp_path) -> None:
    folder = tmp_path / "absent"
    assert remembered_code_recall(folder, store, encode, k=4, shortlist=None).queries == 100
    assert not folder.exists()


def test_recall_of_an_empty_store() -> None:
    empty = MemoryStore(SPACE)
    empty.add_codes(BITS, encode)
    assert measure_code_recall(empty, encode, k=4).queries == 0
