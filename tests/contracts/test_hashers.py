"""What every hash function must do."""

import io

import numpy as np
import pytest

from terrakin.errors import HashingError
from terrakin.hashing.known import HASHERS, fit_hasher, load_hasher

NAMES = sorted(HASHERS)
BITS, SIZE, CLASSES = 16, 24, 4
QUICK = {"dhn": {"steps": 3, "width": 12, "depth": 1}, "mhcln": {"steps": 3, "width": 12, "depth": 1}}
"""Options of those that would take long."""

pytestmark = pytest.mark.parametrize("name", NAMES)


def drawn(count=80, seed=0):
    """Vectors of classes that lie apart, and their labels."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(CLASSES, SIZE))
    which = np.arange(count) % CLASSES
    vectors = (centres[which] + 0.5 * rng.normal(size=(count, SIZE))).astype(np.float32)
    return vectors, [(f"class-{label}",) for label in which]


@pytest.fixture(scope="module")
def fitted():
    """A function that fits each hash function once."""
    kept = {}

    def fit(name):
        if name not in kept:
            vectors, labels = drawn()
            kept[name] = fit_hasher(name, vectors, bits=BITS, labels=labels, seed=3, **QUICK.get(name, {}))
        return kept[name]

    return fit


def test_it_says_what_it_is(name, fitted):
    hasher = fitted(name)
    assert (hasher.kind, hasher.bits, hasher.size, hasher.seed) == (name, BITS, SIZE, 3)


def test_codes_are_packed(name, fitted):
    codes = fitted(name).codes(drawn(30, seed=1)[0])
    assert (codes.shape, codes.dtype) == ((30, BITS // 8), np.uint8)
    assert fitted(name).codes(np.zeros((0, SIZE), np.float32)).shape == (0, BITS // 8)


def test_bits_tell_vectors_apart(name, fitted):
    bits = np.unpackbits(fitted(name).codes(drawn(60, seed=1)[0]), axis=1)
    assert len(np.unique(bits, axis=0)) > 1
    assert bits.any()
    assert not bits.all()


def test_the_same_arguments_give_the_same_function(name, fitted):
    vectors, labels = drawn()
    before = vectors.copy()
    again = fit_hasher(name, vectors, bits=BITS, labels=labels, seed=3, **QUICK.get(name, {}))
    np.testing.assert_array_equal(vectors, before)
    for key, array in fitted(name).arrays().items():
        np.testing.assert_array_equal(again.arrays()[key], array)


def test_equal_vectors_get_equal_codes_wherever_they_stand(name, fitted):
    hasher, vectors = fitted(name), drawn(67, seed=2)[0]
    whole = hasher.codes(vectors)
    for row in range(0, 67, 7):
        np.testing.assert_array_equal(hasher.codes(vectors[row : row + 1])[0], whole[row])
    np.testing.assert_array_equal(hasher.codes(vectors[::-1])[::-1], whole)
    np.testing.assert_array_equal(hasher.codes(np.asfortranarray(vectors)), whole)
    np.testing.assert_array_equal(hasher.codes(np.concatenate([vectors, vectors]))[67:], whole)


def test_an_archive_with_everything_twice_can_be_fitted(name):
    vectors, labels = drawn(40)
    twice = fit_hasher(name, np.concatenate([vectors, vectors]), bits=BITS, labels=labels * 2, **QUICK.get(name, {}))
    codes = twice.codes(vectors)
    for array in twice.arrays().values():
        assert array.dtype.kind in "U" or np.isfinite(array).all()
    assert len(np.unique(codes, axis=0)) > 1


def test_it_comes_back_from_a_file(name, fitted):
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **fitted(name).arrays())
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        again = load_hasher(dict(arrays))
    vectors = drawn(30, seed=5)[0]
    np.testing.assert_array_equal(again.codes(vectors), fitted(name).codes(vectors))
    assert (again.kind, again.seed, again.bits, again.size) == (name, 3, BITS, SIZE)
    assert again.origin == fitted(name).origin


def test_other_dimensions_are_refused(name, fitted):
    with pytest.raises(ValueError, match=rf"have the shape \(N, {SIZE}\), got \(2, {SIZE + 1}\)"):
        fitted(name).codes(np.zeros((2, SIZE + 1), np.float32))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(name, fitted, bad):
    vectors, labels = drawn(20)
    vectors[7, 3] = bad
    with pytest.raises(ValueError, match="vector 7 holds NaN or infinity"):
        fitted(name).codes(vectors)
    with pytest.raises(ValueError, match="vector 7 holds NaN or infinity"):
        fit_hasher(name, vectors, bits=BITS, labels=labels)


def test_too_few_vectors_are_refused(name):
    vectors, labels = drawn(2)
    for count in (0, 1):
        with pytest.raises(HashingError, match=f"{name} "):
            fit_hasher(name, vectors[:count], bits=BITS, labels=labels[:count])


def test_vectors_that_are_all_the_same_are_refused(name):
    vectors, labels = drawn(40)
    with pytest.raises(HashingError, match=name):
        fit_hasher(name, np.repeat(vectors[:1], 40, axis=0), bits=BITS, labels=labels, **QUICK.get(name, {}))


@pytest.mark.parametrize("bits", [0, 7, 12])
def test_odd_lengths_are_refused(name, bits):
    vectors, labels = drawn(40)
    with pytest.raises(ValueError, match=rf"a multiple of 8 bits, at least 8, got {bits}"):
        fit_hasher(name, vectors, bits=bits, labels=labels)


def test_unknown_options_are_refused(name):
    vectors, labels = drawn(40)
    with pytest.raises(HashingError, match=f"hash function {name} has no option 'nonsense'; it has"):
        fit_hasher(name, vectors, bits=BITS, labels=labels, nonsense=1)


def test_labels_are_needed_where_they_are_learnt_from(name):
    vectors, labels = drawn(40)
    if not HASHERS[name].supervised:
        assert fit_hasher(name, vectors, bits=BITS).bits == BITS
        return
    with pytest.raises(HashingError, match=f"{name} learns from labels and there are none; label the chips, or choose"):
        fit_hasher(name, vectors, bits=BITS)
    with pytest.raises(
        HashingError, match=f"{name} learns from two different labels at least; these 40 vectors are all of one"
    ):
        fit_hasher(name, vectors, bits=BITS, labels=[("one",)] * 40)
    with pytest.raises(HashingError, match="these 40 vectors are without a label"):
        fit_hasher(name, vectors, bits=BITS, labels=[()] * 40)
    with pytest.raises(ValueError, match="labels are 40 like the vectors, got 3"):
        fit_hasher(name, vectors, bits=BITS, labels=labels[:3])
