"""What every kind of space must do."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from terrakin.spaces.exact import ExactIndex
from terrakin.spaces.kinds import SPACES, distances, pack, topk
from terrakin.spaces.space import Space

CODES = {"codeset": 5}
# Kinds that hold several codes.


@pytest.fixture(params=sorted(SPACES))
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


def space_of(kind: str, size: int = 16) -> Space:
    return Space(kind, size, codes=CODES.get(kind, 1))


def raw_vectors(space: Space, n: int, *, seed: int = 0) -> NDArray[np.float64]:
    """Vectors of which many are equal and many nearly so; code sets lack a third of their codes."""
    rng = np.random.default_rng(seed)
    few = rng.normal(size=(max(1, n // 4), space.codes, space.size))
    if space.kind == "codeset":
        few[rng.random(few.shape[:2]) < 1 / 3] = np.nan
    vectors = few[rng.integers(len(few), size=n)]
    near = rng.random(n) < 0.3
    vectors[near] *= 1 + 1e-6 * rng.normal(size=vectors[near].shape)
    return vectors.reshape(n, space.codes * space.size)


def test_packed_vectors_have_the_shape_and_type_of_the_space(kind: str) -> None:
    space = space_of(kind)
    packed = pack(space, raw_vectors(space, 7))
    assert packed.shape == (7, space.width)
    assert packed.dtype == space.dtype
    assert pack(space, raw_vectors(space, 0)).shape == (0, space.width)


def test_packing_one_equals_packing_many_and_leaves_the_input_alone(kind: str) -> None:
    space = space_of(kind)
    raw = raw_vectors(space, 20)
    before = raw.copy()
    packed = pack(space, raw)
    assert np.array_equal(raw, before, equal_nan=True)
    for row in range(20):
        assert np.array_equal(pack(space, raw[row : row + 1])[0], packed[row])


def test_a_vector_is_nearest_to_itself(kind: str) -> None:
    space = space_of(kind)
    packed = pack(space, raw_vectors(space, 40))
    table = distances(space, packed, packed)
    assert table.dtype == np.float32
    assert (np.diag(table) == 0).all() or kind == "codeset"  # a code set without any code says nothing, even to itself
    assert (table >= 0).all()


def test_a_distance_depends_on_its_two_vectors_alone(kind: str) -> None:
    space = space_of(kind)
    packed = pack(space, raw_vectors(space, 60))
    table = distances(space, packed, packed)
    order = np.random.default_rng(3).permutation(60)
    assert np.array_equal(distances(space, packed, packed[order]), table[:, order])
    for row in range(0, 60, 7):
        assert np.array_equal(distances(space, packed[row : row + 1], packed)[0], table[row])
        assert np.array_equal(distances(space, packed, packed[row : row + 1])[:, 0], table[:, row])


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(sorted(SPACES)),
    n=st.integers(1, 400),
    k=st.integers(1, 60),
    size=st.sampled_from([8, 24, 64]),
    share=st.none() | st.sampled_from([0.0, 0.02, 0.5, 1.0]),
    seed=st.integers(0, 99),
)
def test_topk_is_a_full_sort_with_ties_by_row(kind: str, n: int, k: int, size: int, share: float | None, seed: int) -> None:
    space = space_of(kind, size)
    packed = pack(space, raw_vectors(space, n, seed=seed))
    rng = np.random.default_rng(seed)
    rows = None if share is None else np.flatnonzero(rng.random(n) < share)
    queries = packed[rng.integers(n, size=3)]
    table = distances(space, queries, packed)
    found, near = topk(space, queries, packed, k, rows)
    among = np.arange(n) if rows is None else rows
    for i in range(3):
        order = among[np.argsort(table[i, among], kind="stable")][:k]
        assert found[i].tolist() == order.tolist()
        assert near[i].tolist() == table[i, order].tolist()


@pytest.mark.parametrize("ties", [1, 3000, 6000])
def test_topk_is_right_inside_huge_groups_of_equals(kind: str, ties: int) -> None:
    space = space_of(kind)
    packed = pack(space, raw_vectors(space, 6000, seed=4))
    places = np.random.default_rng(5).permutation(6000)[:ties]
    packed[places] = packed[places[0]]
    index = ExactIndex(space, packed)
    table = distances(space, packed[places[:1]], packed)[0]
    for k in (1, 10, 100):
        order = np.argsort(table, kind="stable")[:k]
        found, near = index.search(packed[places[0]], k)
        assert found.tolist() == order.tolist()
        assert near.tolist() == table[order].tolist()
        rows = np.flatnonzero(np.arange(6000) % 3)
        order = rows[np.argsort(table[rows], kind="stable")][:k]
        assert index.search(packed[places[0]], k, rows)[0].tolist() == order.tolist()


def test_a_batch_is_its_queries_one_by_one(kind: str) -> None:
    space = space_of(kind)
    packed = pack(space, raw_vectors(space, 3000, seed=6))
    index = ExactIndex(space, packed)
    queries = packed[:50]
    found, near = index.search_many(queries, 10)
    for i in range(50):
        one_found, one_near = index.search(queries[i], 10)
        assert one_found.tolist() == found[i].tolist()
        assert one_near.tolist() == near[i].tolist()


def test_a_wrong_shape_or_type_is_refused(kind: str) -> None:
    space = space_of(kind)
    packed = pack(space, raw_vectors(space, 3))
    with pytest.raises(
        ValueError, match=rf"vectors of this {kind} space have the shape \(N, {16 * space.codes}\), got \(3, 5\)"
    ):
        pack(space, np.ones((3, 5)))
    with pytest.raises(ValueError, match=rf"queries of this {kind} space are {space.dtype} of the shape"):
        distances(space, packed[:, :-1], packed)
    with pytest.raises(ValueError, match=rf"gallery vectors of this {kind} space are {space.dtype}"):
        distances(space, packed, packed.astype(np.int32))
    with pytest.raises(ValueError, match="an index of this space needs"):
        ExactIndex(space, packed.astype(np.int32))
    with pytest.raises(ValueError, match="k is at least 1, got 0"):
        topk(space, packed, packed, 0)


def test_infinity_is_refused_with_its_row(kind: str) -> None:
    space = space_of(kind)
    raw = np.nan_to_num(raw_vectors(space, 4), nan=1.0)
    raw[2, 3] = np.inf
    with pytest.raises(ValueError, match="vector in row 2 holds"):
        pack(space, raw)


def test_an_empty_gallery_answers_nothing(kind: str) -> None:
    space = space_of(kind)
    packed = pack(space, raw_vectors(space, 2))
    found, near = ExactIndex(space, packed[:0]).search(packed[0], 5)
    assert (found.shape, near.shape, found.dtype, near.dtype) == ((0,), (0,), np.int64, np.float32)
    assert ExactIndex(space, packed).search(packed[0], 5, np.empty(0, dtype=np.int64))[0].tolist() == []
