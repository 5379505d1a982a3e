"""Exhaustive search: what the contract of spaces does not reach."""

import numpy as np
import pytest

from terrakin.spaces import shortlist
from terrakin.spaces.exact import ExactIndex
from terrakin.spaces.kinds import distances, pack
from terrakin.spaces.space import Space


def gallery(space: Space, n: int) -> np.ndarray:
    rng = np.random.default_rng(n)
    return pack(space, rng.normal(size=(n, space.size)))


def test_the_given_array_is_kept_and_not_copied() -> None:
    space = Space("cosine", 8)
    vectors = gallery(space, 100)
    assert np.shares_memory(ExactIndex(space, vectors).vectors, vectors)


@pytest.mark.parametrize("kind", ["cosine", "l2", "hamming"])
@pytest.mark.parametrize("share", [0.001, 0.02, 0.04, 0.9])
def test_few_and_many_rows_of_a_filter_give_the_same_answer(kind: str, share: float) -> None:
    space = Space(kind, 32)
    vectors = gallery(space, 20_000)
    rows = np.flatnonzero(np.random.default_rng(1).random(20_000) < share)
    exact = distances(space, vectors[:1], vectors[rows])[0]
    found, near = ExactIndex(space, vectors).search(vectors[0], 10, rows)
    order = np.argsort(exact, kind="stable")[:10]
    assert found.tolist() == rows[order].tolist()
    assert near.tolist() == exact[order].tolist()


@pytest.mark.parametrize("kind", ["cosine", "l2"])
@pytest.mark.parametrize("spread", [1e-5, 1e-6, 1e-7])
def test_near_ties_that_float32_cannot_tell_apart_are_told_apart(kind: str, spread: float) -> None:
    space = Space(kind, 64)
    for seed in range(6):
        rng = np.random.default_rng(seed)
        raw = rng.normal(size=64) + spread * rng.normal(size=(5000, 64))
        vectors = pack(space, raw)
        query = pack(space, rng.normal(size=(1, 64)))[0]
        exact = distances(space, query[None], vectors)[0]
        found, _ = ExactIndex(space, vectors).search(query, 25)
        assert found.tolist() == np.argsort(exact, kind="stable")[:25].tolist()


def test_l2_beyond_the_range_of_float32_squares_is_still_exact() -> None:
    space = Space("l2", 8)
    rng = np.random.default_rng(3)
    for scale in (1e-25, 1e25):
        vectors = pack(space, scale * rng.normal(size=(1000, 8)))
        exact = distances(space, vectors[:30], vectors)
        found, near = ExactIndex(space, vectors).search_many(vectors[:30], 5)
        assert found.tolist() == np.argsort(exact, axis=1, kind="stable")[:, :5].tolist()
        assert near.tolist() == np.sort(exact, axis=1)[:, :5].tolist()


def test_a_query_of_nan_is_refused() -> None:
    space = Space("cosine", 8)
    with pytest.raises(ValueError, match="a query holds NaN or infinity"):
        ExactIndex(space, gallery(space, 10)).search(np.full(8, np.nan, dtype=np.float32), 1)


def test_the_shortlist_is_searched_again_only_where_it_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    space = Space("cosine", 8)
    vectors = gallery(space, 5000)
    vectors[1000:3000] = vectors[7]
    asked = []
    within = shortlist.scan.within
    monkeypatch.setattr(shortlist.scan, "within", lambda *given: asked.append(1) or within(*given))
    index = ExactIndex(space, vectors)
    index.search(vectors[0], 10)
    assert len(asked) == 0
    assert index.search(vectors[7], 10)[0].tolist() == [7, *range(1000, 1009)]
    assert len(asked) == 1
