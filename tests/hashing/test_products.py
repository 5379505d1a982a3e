"""Products that do not depend on batch, order or layout."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrakin.hashing import products as module
from terrakin.hashing.products import products


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 70), st.integers(1, 17), st.integers(-30, 30))
def test_they_are_products_and_depend_on_a_row_and_a_direction_alone(seed, count, size, bits, power):
    rng = np.random.default_rng(seed)
    rows, directions = rng.normal(size=(count, size)) * 2.0**power, rng.normal(size=(size, bits))
    whole = products(rows, directions)
    lengths = np.outer(np.linalg.norm(rows, axis=1), np.linalg.norm(directions, axis=0))
    assert (np.abs(whole - rows @ directions) <= 2.0**-40 * lengths).all()
    np.testing.assert_array_equal(products(rows[-1:], directions), whole[-1:])
    np.testing.assert_array_equal(products(rows, directions[:, :1]), whole[:, :1])
    order = rng.permutation(size)
    np.testing.assert_array_equal(products(rows[:, order], directions[order])[:, :], whole)


def test_rows_of_zeros_give_zeros():
    np.testing.assert_array_equal(products(np.zeros((2, 3)), np.ones((3, 4))), np.zeros((2, 4)))


def test_blocks_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    rows, directions = rng.normal(size=(30, 8)), rng.normal(size=(8, 5))
    whole = products(rows, directions)
    monkeypatch.setattr(module, "_BLOCK", 24)
    np.testing.assert_array_equal(products(rows, directions), whole)


@pytest.mark.parametrize("size", [1, 2, 16, 128, 1280, 4096])
def test_they_are_as_near_as_said_at_the_worst(size):
    # Values that lie half a step off what the high part keeps, or what both keep: everything lost adds up.
    for value in (np.ldexp(round(2**24 / np.sqrt(size) - 40) + 0.4999, -24), np.nextafter(1, 2)):
        row = np.full((1, size), value)
        exact = size * Fraction(float(value)) ** 2
        off = abs(Fraction(float(products(row, row.T)[0, 0])) - exact) / exact
        assert off <= (np.sqrt(size) + size / 32) * 2.0**-43


@pytest.mark.parametrize("size", [4096])
def test_long_vectors_are_exact_too(size):
    rng = np.random.default_rng(0)
    rows, directions = rng.normal(size=(7, size)), rng.normal(size=(size, 8))
    np.testing.assert_array_equal(products(rows[::-1], directions)[::-1], products(rows, directions))
    np.testing.assert_array_equal(products(rows[:, ::-1], directions[::-1]), products(rows, directions))
