"""The hash functions that are hyperplanes in the space of the vectors: `sign`, `lsh`, `itq`."""

import numpy as np
import pytest

from terrakin.errors import HashingError
from terrakin.hashing.known import fit_hasher
from terrakin.spaces.hamming import pack_bits


def drawn(count=200, size=16, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(count, size)) * np.linspace(3, 0.5, size)).astype(np.float32) + 1


def test_as_many_bits_as_dimensions_are_the_signs_themselves():
    vectors = drawn()
    np.testing.assert_array_equal(fit_hasher("sign", vectors, bits=16).codes(vectors), pack_bits(vectors > 0))
    np.testing.assert_array_equal(fit_hasher("sign", vectors, bits=16).codes(np.zeros((1, 16), np.float32)), [[0, 0]])


def test_fewer_bits_are_the_signs_of_principal_components():
    vectors = drawn()
    centred = vectors - vectors.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    expected = centred @ directions[:8].T > 0
    bits = np.unpackbits(fit_hasher("sign", vectors, bits=8).codes(vectors), axis=1, bitorder="little").astype(bool)
    agreement = (bits == expected).mean(axis=0)
    # A component's sign is free.
    np.testing.assert_allclose(np.maximum(agreement, 1 - agreement), 1, atol=0.01)


def loss(hasher, vectors):
    """How far rotated rows are from the corners of a cube."""
    rows = (vectors - hasher.mean) @ hasher.directions
    return ((np.where(rows > 0, 1, -1) - rows) ** 2).sum()


def test_rotation_loses_less():
    vectors = drawn()
    assert loss(fit_hasher("itq", vectors, bits=8), vectors) < loss(fit_hasher("itq", vectors, bits=8, rounds=1), vectors)
    turned = fit_hasher("itq", vectors, bits=8).directions
    np.testing.assert_allclose(turned.T @ turned, np.eye(8), atol=1e-5)


def test_rounds_are_at_least_one():
    with pytest.raises(HashingError, match="hash function itq: rounds are at least 1, got 0"):
        fit_hasher("itq", drawn(), bits=8, rounds=0)


@pytest.mark.parametrize("name", ["sign", "itq"])
def test_no_more_bits_than_directions(name):
    with pytest.raises(HashingError, match=f"{name} takes one bit from each direction .* vary in 16 and 24 bits are asked for"):
        fit_hasher(name, drawn(), bits=24)
    with pytest.raises(HashingError, match=r"these 5 vary in 4 and 8 bits"):
        fit_hasher(name, drawn(5), bits=8)


def test_random_hyperplanes_give_any_number_of_bits():
    vectors = drawn(2000, size=3)
    codes = np.unpackbits(fit_hasher("lsh", vectors, bits=256).codes(vectors), axis=1)
    # Two vectors share a bit by the angle that they stand in, seen from the mean.
    one, other = (vectors - vectors.mean(axis=0))[:2].astype(float)
    angle = np.arccos(one @ other / np.linalg.norm(one) / np.linalg.norm(other))
    assert (codes[0] == codes[1]).mean() == pytest.approx(1 - angle / np.pi, abs=0.12)
