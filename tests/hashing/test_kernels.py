"""Kernels: held to scikit-learn's, and to what a kernel is."""

import numpy as np
import pytest

from terrakin.errors import HashingError
from terrakin.hashing.kernels import KERNELS
from terrakin.hashing.known import fit_hasher


def histograms(count, seed=0, size=9):
    rows = np.random.default_rng(seed).gamma(0.5, size=(count, size))
    rows[:, 2] = 0
    return rows


def test_they_are_scikit_learns():
    pairwise = pytest.importorskip("sklearn.metrics.pairwise")
    one, other = histograms(12), histograms(5, seed=1)
    np.testing.assert_allclose(KERNELS["rbf"].values(one, other, 0.3), pairwise.rbf_kernel(one, other, 0.3), rtol=1e-10)
    np.testing.assert_allclose(KERNELS["chi2"].values(one, other, 0.3), pairwise.chi2_kernel(one, other, 0.3), rtol=1e-10)


def test_intersection_by_hand():
    values = KERNELS["hik"].values(np.array([[2.0, 6.0, 0.0], [0.0, 0.0, 0.0]]), np.array([[1.0, 1.0, 2.0]]), 1.0)
    np.testing.assert_allclose(values, [[0.25 + 0.25], [0.0]])


@pytest.mark.parametrize("name", sorted(KERNELS))
def test_they_are_kernels(name):
    rows, kernel = histograms(40), KERNELS[name]
    values = kernel.values(rows, rows, kernel.scale(rows))
    np.testing.assert_allclose(values, values.T, atol=1e-12)
    np.testing.assert_allclose(np.diag(values), 1, atol=1e-12)
    assert np.linalg.eigvalsh(values).min() > -1e-8


def test_scales_of_rbf():
    anchors, items = histograms(7), histograms(11, seed=2)
    apart = [((one - other) ** 2).sum() for row, one in enumerate(anchors) for other in anchors[row + 1 :]]
    assert KERNELS["rbf"].scale(anchors) == pytest.approx(1 / np.median(apart))
    mean = np.mean([((one - other) ** 2).sum() for one in items for other in anchors])
    assert KERNELS["rbf"].scale(anchors, items) == pytest.approx(1 / (2 * mean))


def test_scale_of_chi2():
    anchors = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 0.0]])
    assert KERNELS["chi2"].scale(anchors) == pytest.approx(3 / (2 + 1 + 1))


@pytest.mark.parametrize("name", ["chi2", "hik"])
def test_negative_values_are_no_histogram(name):
    vectors = histograms(30).astype(np.float32)
    hasher = fit_hasher("kulsh", vectors, bits=8, kernel=name)
    vectors[3, 1] = -0.5
    words = f"the kernel {name} compares histograms, and vector 3 holds -0.5; choose rbf"
    with pytest.raises(ValueError, match=words):
        hasher.codes(vectors)
    with pytest.raises(HashingError, match=f"the kernel {name} compares histograms"):
        fit_hasher("kulsh", vectors, bits=8, kernel=name)
    with pytest.raises(HashingError, match=f"the kernel {name} compares histograms"):
        fit_hasher("kslsh", vectors, bits=8, kernel=name, labels=[("a",), ("b",)] * 15)
