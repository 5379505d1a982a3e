"""The five spaces, each against values that can be checked by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from terrakin.spaces.kinds import distances, pack
from terrakin.spaces.space import Space

TWO = Space("cosine", 2)


def test_cosine_is_one_minus_the_cosine_of_the_angle() -> None:
    angles = np.deg2rad([0, 60, 90, 180, 300])
    packed = pack(TWO, np.stack([np.cos(angles), np.sin(angles)], axis=1) * [[1], [2], [0.1], [1e30], [1e-30]])
    np.testing.assert_allclose(distances(TWO, packed[:1], packed)[0], [0, 0.5, 1, 2, 0.5], atol=1e-7)


def test_pearson_ignores_offset_and_gain() -> None:
    space = Space("pearson", 4)
    ramp = np.array([1.0, 2, 3, 4])
    packed = pack(space, np.stack([ramp, 10 + 3 * ramp, -ramp, [1, -1, -1, 1]]))
    np.testing.assert_allclose(distances(space, packed[:1], packed)[0], [0, 0, 2, 1], atol=1e-7)


def test_pearson_is_the_correlation_in_any_order_of_the_components() -> None:
    space, rng = Space("pearson", 64), np.random.default_rng(0)
    raw = rng.normal(size=(20, 64)) + 3
    packed, shuffled = pack(space, raw), pack(space, raw[:, rng.permutation(64)])
    # Stored components are multiples of 2**-25.
    np.testing.assert_allclose(packed.astype(np.float64) @ packed.T, np.corrcoef(raw), rtol=0, atol=1e-7)
    np.testing.assert_allclose(distances(space, packed, packed), 1 - np.corrcoef(raw), rtol=0, atol=2e-7)
    np.testing.assert_allclose(distances(space, shuffled, shuffled), distances(space, packed, packed), rtol=0, atol=1e-7)


def test_l2_is_the_length_of_the_difference() -> None:
    space = Space("l2", 2)
    packed = pack(space, np.array([[0, 0], [3, 4], [-6, 8], [1e30, 0]]))
    assert distances(space, packed[:1], packed)[0].tolist() == [0, 5, 10, np.float32(1e30)]


def test_hamming_counts_differing_bits() -> None:
    space = Space("hamming", 16)
    packed = pack(space, np.array([[1] * 16, [-1] * 16, [1, 0] * 8, [1] * 15 + [-1]]))
    assert packed.tolist() == [[255, 255], [0, 0], [0b01010101] * 2, [255, 127]]
    assert distances(space, packed[:1], packed)[0].tolist() == [0, 16, 8, 1]
    assert pack(space, packed) is not None
    assert np.array_equal(pack(space, packed), packed)


@given(bits=hnp.arrays(bool, st.tuples(st.integers(1, 6), st.integers(1, 9).map(lambda n: 8 * n))))
def test_packed_bits_hold_every_bit(bits: np.ndarray) -> None:
    packed = pack(Space("hamming", bits.shape[1]), np.where(bits, 1.0, -1.0))
    assert np.array_equal(np.unpackbits(packed, axis=1, bitorder="little").astype(bool), bits)
    table = distances(Space("hamming", bits.shape[1]), packed, packed)
    assert table.tolist() == [[float((a != b).sum()) for b in bits] for a in bits]


ONES, ZEROS, LACKS = [1.0] * 8, [-1.0] * 8, [np.nan] * 8
SETS = Space("codeset", 8, codes=2)


def test_codeset_asks_only_for_codes_that_the_query_has() -> None:
    packed = pack(SETS, np.array([ONES + LACKS, ONES + ZEROS, ZEROS + ONES, LACKS + ONES, LACKS + LACKS]))
    assert packed.tolist() == [[1, 255, 0], [3, 255, 0], [3, 0, 255], [2, 0, 255], [0, 0, 0]]
    # Rows ask, columns answer; a code that the answer lacks costs half its bits.
    assert distances(SETS, packed, packed).tolist() == [
        [0, 0, 8, 4, 4],
        [4, 0, 16, 12, 8],
        [12, 16, 0, 4, 8],
        [4, 8, 0, 0, 4],
        [8, 8, 8, 8, 8],
    ]


def test_codeset_of_nine_codes_has_two_bytes_of_presence() -> None:
    space = Space("codeset", 8, codes=9)
    packed = pack(space, np.array([LACKS * 8 + ONES, ONES * 9]))
    assert packed[:, :2].tolist() == [[0, 1], [255, 1]]
    assert distances(space, packed, packed).tolist() == [[0, 0], [32, 0]]


@pytest.mark.parametrize(
    ("kind", "vectors", "words"),
    [
        ("cosine", [[1, 1], [0, 0]], "row 1 is all zero and has no direction"),
        ("cosine", [[np.nan, 1]], "row 0 holds NaN or infinity"),
        ("pearson", [[1, 2], [1, 3], [7, 7]], "row 2 has equal values everywhere, which correlate with nothing"),
        ("l2", [[1, 1e300]], "row 0 holds NaN, infinity or a value beyond float32"),
    ],
)
def test_a_vector_that_cannot_be_compared_is_refused(kind: str, vectors: list, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        pack(Space(kind, 2), np.array(vectors))


def test_a_code_that_is_partly_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="row 0 holds infinity, or NaN in part of a code"):
        pack(SETS, np.array([ONES + ONES[:7] + [np.nan]]))


vectors = hnp.arrays(
    np.float64, st.tuples(st.integers(2, 8), st.just(5)), elements=st.floats(-1e3, 1e3).map(lambda x: round(x, 3))
).filter(lambda v: (np.ptp(v, axis=1) > 0).all() and (np.abs(v).max(axis=1) > 0).all())


@settings(max_examples=100)
@given(raw=vectors)
def test_float_spaces_agree_with_their_definition(raw: np.ndarray) -> None:
    def cosine(a: np.ndarray, b: np.ndarray) -> float:
        return 1 - float(a @ b) / (float(np.linalg.norm(a)) * float(np.linalg.norm(b)))

    definitions = {
        "cosine": cosine,
        "pearson": lambda a, b: cosine(a - a.mean(), b - b.mean()),
        "l2": lambda a, b: float(np.linalg.norm(a - b)),
    }
    for kind, definition in definitions.items():
        space = Space(kind, 5)
        packed = pack(space, raw)
        expected = [[definition(a, b) for b in raw] for a in raw]
        np.testing.assert_allclose(distances(space, packed, packed), expected, rtol=1e-6, atol=2e-4 if kind == "l2" else 2e-7)


def test_equal_vectors_tie_to_the_bit_among_near_ones() -> None:
    rng = np.random.default_rng(0)
    for kind in ("cosine", "pearson", "l2"):
        space = Space(kind, 1280)
        base = rng.normal(size=1280)
        raw = base + 1e-6 * rng.normal(size=(300, 1280))
        raw[::7] = raw[0]
        packed = pack(space, raw)
        for rows in (1, 3, 50, 300):
            near = distances(space, packed[:rows], packed)
            assert np.unique(near[:, ::7], axis=1).shape[1] == 1
            assert len(np.unique(near[0])) > 100
