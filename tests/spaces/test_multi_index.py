"""Multi-index hashing, against looking at every code."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrakin.spaces.hamming import popcount
from terrakin.spaces.kinds import topk
from terrakin.spaces.multi_index import MultiIndex
from terrakin.spaces.space import Space

CODES = {
    "drawn": lambda rng, count, width: rng.integers(0, 256, (count, width), dtype=np.uint8),
    "all equal": lambda rng, count, width: np.repeat(rng.integers(0, 256, (1, width), dtype=np.uint8), count, axis=0),
    "opposite": lambda rng, count, width: np.where(rng.random((count, 1)) < 0.5, np.uint8(0), np.uint8(255)).repeat(width, 1),
    "one bit each": lambda rng, count, width: np.packbits(
        np.arange(8 * width) == rng.integers(8 * width, size=(count, 1)), axis=1, bitorder="little"
    ),
    "of a few": lambda rng, count, width: rng.integers(0, 256, (5, width), dtype=np.uint8)[rng.integers(5, size=count)],
}


@pytest.mark.parametrize("kind", CODES)
@pytest.mark.parametrize("chunks", [1, 2, 3, 7, None])
def test_it_finds_what_looking_at_all_finds_for_every_k(kind, chunks) -> None:
    rng = np.random.default_rng(0)
    codes = CODES[kind](rng, 60, 3)
    index = MultiIndex(codes, chunks=chunks)
    for query in (codes[7], ~codes[7], rng.integers(0, 256, 3, dtype=np.uint8)):
        for k in range(1, 62):
            rows, distances = topk(Space("hamming", 24), query[None], codes, k)
            found = index.search(query, k)
            assert found.rows.tolist() == rows[0].tolist()
            assert found.distances.tolist() == distances[0].tolist()
            assert 0 < found.verified <= 1


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 300), st.sampled_from([1, 2, 4, 9]), st.integers(1, 20), st.data())
def test_it_is_exact_for_codes_of_any_length(seed, count, width, k, data) -> None:
    rng = np.random.default_rng(seed)
    codes = CODES[data.draw(st.sampled_from(sorted(CODES)))](rng, count, width)
    chunks = data.draw(st.none() | st.integers(-(-8 * width // 62), 8 * width))
    query = codes[0] ^ np.packbits(rng.random(8 * width) < data.draw(st.sampled_from([0.0, 0.05, 0.5])), bitorder="little")
    apart = popcount(codes ^ query)
    order = np.lexsort((np.arange(count), apart))[:k]
    found = MultiIndex(codes, chunks=chunks).search(query, k)
    assert found.rows.tolist() == order.tolist()
    assert found.distances.tolist() == apart[order].tolist()


def test_near_codes_are_found_without_looking_at_all() -> None:
    rng = np.random.default_rng(1)
    codes = CODES["drawn"](rng, 20_000, 8)
    near = codes[:200] ^ np.packbits(np.arange(64) == rng.integers(64, size=(200, 1)), axis=1, bitorder="little")
    index = MultiIndex(np.concatenate([codes, near]))
    found = index.search(codes[5], 2)
    assert (found.rows.tolist(), found.distances.tolist()) == ([5, 20_005], [0, 1])
    assert found.verified < 0.01


@pytest.mark.parametrize(
    ("codes", "chunks", "words"),
    [
        (np.empty((0, 4), np.uint8), None, "at least one code, got uint8 of"),
        (np.zeros((3, 4)), None, "got float64"),
        (np.zeros((3, 1), np.uint8), 9, "a chunk has 1 to 62 bits, which 9 chunks of 8 bits have not"),
        (np.zeros((3, 16), np.uint8), 2, "which 2 chunks of 128 bits have not"),
    ],
)
def test_what_cannot_be_is_refused(codes, chunks, words) -> None:
    with pytest.raises(ValueError, match=words):
        MultiIndex(codes, chunks=chunks)


def test_a_query_is_as_wide_as_the_codes() -> None:
    index = MultiIndex(np.zeros((3, 4), np.uint8))
    for query, k in ((np.zeros(3, np.uint8), 1), (np.zeros(4, np.uint8), 0)):
        with pytest.raises(ValueError, match="k at least 1, got"):
            index.search(query, k)
