"""Codes as bytes."""

import numpy as np
import pytest

from terrakin.spaces.hamming import pack_bits, popcount


@pytest.mark.parametrize("bits", range(1, 71))
def test_bits_come_back_and_are_counted(bits):
    given = np.random.default_rng(bits).random((9, bits)) < 0.5
    packed = pack_bits(given)
    assert packed.shape == (9, -(-bits // 8))
    np.testing.assert_array_equal(np.unpackbits(packed, axis=1, bitorder="little")[:, :bits], given)
    np.testing.assert_array_equal(popcount(packed), given.sum(axis=1))
