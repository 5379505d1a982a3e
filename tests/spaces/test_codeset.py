import numpy as np
import pytest
from numpy.typing import NDArray

from terrakin.spaces import codeset
from terrakin.spaces.kinds import distances, pack, topk
from terrakin.spaces.space import Space

RULES = ("half", "full", "zero-code")
LACKING = {"half": 0.5, "full": 1.0, "zero-code": 0.5}


def packed(space: Space, n: int, *, seed: int = 0) -> NDArray[np.uint8]:
    """Code sets that lack a third of their codes; by the rule of zero codes, others' bits stand in their place."""
    rng = np.random.default_rng(seed)
    there = rng.random((n, space.codes)) < 2 / 3
    codes = rng.integers(0, 256, (n, space.codes, space.size // 8), dtype=np.uint8)
    instead = codes[0] if space.missing == "zero-code" else np.uint8(0)
    codes = np.where(there[:, :, None], codes, instead)
    return np.hstack([np.packbits(there, axis=1, bitorder="little"), codes.reshape(n, -1)])


def by_loop(space: Space, query: NDArray[np.uint8], chip: NDArray[np.uint8]) -> float:
    head = -(-space.codes // 8)
    wanted, there = (np.unpackbits(one[:head], bitorder="little") for one in (query, chip))
    ours, theirs = (np.unpackbits(one[head:]).reshape(space.codes, space.size) for one in (query, chip))
    if not wanted[: space.codes].any():
        return LACKING[space.missing] * space.codes * space.size
    total = 0.0
    for code in range(space.codes):
        if not wanted[code]:
            continue
        if there[code] or space.missing == "zero-code":
            total += (ours[code] != theirs[code]).sum()
        else:
            total += LACKING[space.missing] * space.size
    return total


@pytest.fixture(params=[(rule, size, codes) for rule in RULES for size, codes in ((8, 1), (32, 8), (24, 9), (16, 17))], ids=str)
def space(request: pytest.FixtureRequest) -> Space:
    rule, size, codes = request.param
    return Space("codeset", size, codes=codes, missing=rule)


def test_the_fast_form_equals_the_loop(space) -> None:
    sets = packed(space, 30)
    expected = [[by_loop(space, query, chip) for chip in sets] for query in sets]
    assert np.array_equal(distances(space, sets, sets), np.array(expected, dtype=np.float32))


def test_a_set_with_a_code_lies_at_0_from_itself(space) -> None:
    sets = packed(space, 20)
    wanted = np.unpackbits(sets[:, : -(-space.codes // 8)], axis=1).any(axis=1)
    assert not np.diag(distances(space, sets, sets))[wanted].any()


@pytest.mark.parametrize("k", [1, 7, 300])
def test_the_nearest_are_those_of_sorting_everything(space, k, monkeypatch) -> None:
    monkeypatch.setattr(codeset, "_BLOCK", 64 * space.width)
    sets = packed(space, 300)
    sets[100:200] = sets[:100]  # ties
    rows = np.sort(np.random.default_rng(1).choice(300, 130, replace=False))
    for among in (None, rows):
        near, at = sets if among is None else sets[among], np.arange(300) if among is None else among
        table = distances(space, sets[:5], near)
        order = np.argsort(table, axis=1, kind="stable")[:, :k]
        found, apart = topk(space, sets[:5], sets, k, among)
        assert np.array_equal(found, at[order])
        assert np.array_equal(apart, np.take_along_axis(table, order, axis=1))


def test_only_codes_that_the_query_has_count() -> None:
    space = Space("codeset", 8, codes=2)
    first = [1.0] * 8 + [np.nan] * 8
    both = [1.0] * 7 + [-1.0] + [1.0] * 8
    sets = pack(space, np.array([first, both]))
    # The first asks for its one code, of which one bit differs; the other asks for both, of which the first lacks one.
    assert distances(space, sets, sets).tolist() == [[0, 1], [1 + 4, 0]]


@pytest.mark.parametrize(("rule", "expected"), [("half", 4), ("full", 8), ("zero-code", 3)])
def test_a_missing_code_counts_by_the_rule(rule, expected) -> None:
    space = Space("codeset", 8, codes=1, missing=rule)
    query = np.array([[1, 0b0000_0111]], dtype=np.uint8)
    chip = np.array([[0, 0]], dtype=np.uint8)
    assert distances(space, query, chip) == expected


def test_zero_codes_compare_by_their_bits() -> None:
    space = Space("codeset", 8, codes=1, missing="zero-code")
    query, chip = np.array([[1, 0b0111]], dtype=np.uint8), np.array([[0, 0b1100]], dtype=np.uint8)
    assert distances(space, query, chip) == 3


def test_absent_codes_are_stored_as_zero_bits() -> None:
    space = Space("codeset", 8, codes=2)
    assert pack(space, np.array([[np.nan] * 8 + [1.0] * 8])).tolist() == [[0b10, 0, 255]]


def test_a_rule_is_one_of_three_and_of_code_sets_alone() -> None:
    with pytest.raises(ValueError, match="one of half, full, zero-code, got 'none'"):
        Space("codeset", 8, missing="none")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="only a codeset can lack codes"):
        Space("hamming", 8, missing="full")
