"""Whitening by the scatter within classes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrakin.training.whitening import Whitening, within_class


def scatter(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Mean outer product of what rows differ from the mean of their class, one row after the other."""
    total = np.zeros((rows.shape[1], rows.shape[1]))
    for row, label in zip(rows.astype(float), labels, strict=True):
        apart = row - rows[labels == label].astype(float).mean(axis=0)
        total += np.outer(apart, apart)
    return total / len(rows)


def some_rows(seed: int, size: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(classes, size=40 * classes)
    shape = rng.normal(size=(size, size)) + np.eye(size)
    rows = 5 * rng.normal(size=(classes, size))[labels] + rng.normal(size=(len(labels), size)) @ shape
    return rows.astype(np.float32), labels


@given(seed=st.integers(0, 10_000), size=st.integers(1, 6), classes=st.integers(1, 5))
def test_classes_scatter_alike_in_all_directions(seed: int, size: int, classes: int) -> None:
    rows, labels = some_rows(seed, size, classes)
    within = scatter(rows, labels)
    if np.linalg.cond(within) > 1e4:
        return
    whitened = within_class(rows, labels, shrinkage=0.0).apply(rows)
    np.testing.assert_allclose(scatter(whitened, labels), np.eye(size), atol=1e-2)
    np.testing.assert_allclose(whitened.mean(axis=0), 0, atol=1e-2)


def test_it_is_the_inverse_root_of_the_scatter_with_its_shrinkage() -> None:
    rows, labels = some_rows(3, 4, 3)
    within = scatter(rows, labels)
    floored = within + 0.5 * np.trace(within) / 4 * np.eye(4)
    found = within_class(rows, labels, shrinkage=0.5)
    # Its square, inverted, is what it whitens; and it turns nothing, being symmetric.
    np.testing.assert_allclose(np.linalg.inv(found.matrix @ found.matrix), floored, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(found.matrix, found.matrix.T, atol=1e-6)
    np.testing.assert_allclose(found.mean, rows.mean(axis=0), rtol=1e-4, atol=1e-4)
    assert found.matrix.dtype == found.mean.dtype == found.apply(rows).dtype == np.float32


def test_more_shrinkage_whitens_less() -> None:
    rows, labels = some_rows(3, 4, 3)
    uneven = [np.linalg.cond(within_class(rows, labels, shrinkage=shrinkage).matrix) for shrinkage in (0.0, 0.1, 1.0, 100.0)]
    assert uneven == sorted(uneven, reverse=True)
    assert uneven[-1] == pytest.approx(1, abs=0.05)


def test_what_tells_classes_apart_stays() -> None:
    """Two classes apart along the first axis, each spread along the second: by hand."""
    rows = np.array([[0, -2], [0, 2], [1, -2], [1, 2]], np.float32)
    found = within_class(rows, np.array([0, 0, 1, 1]), shrinkage=0.5)
    # Variances 0 and 4, and half of their mean more: 1 and 5.
    np.testing.assert_allclose(found.matrix, np.diag([1, 5**-0.5]), atol=1e-6)
    np.testing.assert_allclose(found.mean, [0.5, 0])


def test_shrinkage_out_of_range() -> None:
    rows, labels = some_rows(3, 4, 3)
    with pytest.raises(ValueError, match=r"a shrinkage is above 0 where some direction does not vary .*, got -0\.1"):
        within_class(rows, labels, shrinkage=-0.1)
    alike = np.zeros((6, 2), np.float32)
    with pytest.raises(ValueError, match="a shrinkage is above 0"):
        within_class(alike, np.arange(6) % 2, shrinkage=0.1)


def test_a_map_is_applied_row_by_row() -> None:
    some = Whitening(np.array([1, 2], np.float32), np.array([[2, 0], [1, 3]], np.float32))
    np.testing.assert_allclose(some.apply(np.array([[1, 2], [2, 4]], np.float32)), [[0, 0], [4, 6]])


def test_leading_components_are_the_first_of_all_of_them() -> None:
    rows, labels = some_rows(3, 6, 3)
    whole = within_class(rows, labels, shrinkage=0.5)
    part, all_of_it = whole.leading(rows, 2), whole.leading(rows, 6)
    np.testing.assert_allclose(part.apply(rows), all_of_it.apply(rows)[:, :2], atol=1e-5)
    # All of them only turn what is whitened, and none varies more than the one before.
    white, turned = whole.apply(rows), all_of_it.apply(rows)
    np.testing.assert_allclose(turned @ turned.T, white @ white.T, atol=1e-4)
    assert sorted(turned.var(axis=0), reverse=True) == pytest.approx(turned.var(axis=0))
