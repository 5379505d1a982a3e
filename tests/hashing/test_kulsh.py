"""Kernelised hashing without labels: identities of its weights, and how often codes agree."""

import numpy as np
import pytest

from terrakin.errors import HashingError
from terrakin.hashing.kernels import RBF
from terrakin.hashing.known import fit_hasher
from terrakin.hashing.kulsh import centred, hyperplanes, inverse_root


def drawn(count, size=6, seed=0):
    return np.random.default_rng(seed).normal(size=(count, size))


def plane(kernel, bits=12, subset=5, seed=0):
    return hyperplanes(kernel, bits, subset, np.random.default_rng(seed))


def subsets(count, bits=12, subset=5, seed=0):
    """The indicators that `plane` draws."""
    rng, chosen = np.random.default_rng(seed), np.zeros((count, bits))
    for bit in range(bits):
        chosen[rng.choice(count, subset, replace=False), bit] = 1
    return chosen


def in_the_middle(kernel):
    middle = np.eye(len(kernel)) - 1 / len(kernel)
    return middle @ kernel @ middle


def rbf(rows, others=None):
    return RBF.values(rows, rows if others is None else others, RBF.scale(rows))


def test_centring_takes_the_means_off_both_sides():
    kernel = rbf(drawn(40))
    np.testing.assert_allclose(centred(kernel), in_the_middle(kernel), rtol=0, atol=1e-12)


@pytest.mark.parametrize("copies", [1, 2])
def test_the_inverse_root_leaves_eigenvalues_of_zero_out(copies):
    # 40 different anchors, once or twice: 39 directions after centring, and else nothing but rounding.
    matrix = in_the_middle(rbf(np.tile(drawn(40), (copies, 1))))
    root = inverse_root(matrix)
    _, vectors = np.linalg.eigh(matrix)
    kept = vectors[:, -39:]
    np.testing.assert_allclose(root @ matrix @ root, kept @ kept.T, rtol=0, atol=1e-8)
    np.testing.assert_allclose(root @ (np.eye(40 * copies) - kept @ kept.T), 0, atol=1e-8)
    assert not inverse_root(np.zeros((3, 3))).any()


def test_weights_are_the_inverse_root_of_the_centred_kernel():
    kernel = rbf(drawn(40))
    centre, weights = plane(kernel)
    np.testing.assert_allclose(weights, inverse_root(in_the_middle(kernel)) @ subsets(40), rtol=0, atol=1e-8)
    np.testing.assert_allclose(centre, kernel.mean(axis=0), rtol=0, atol=1e-12)


def test_weights_sum_to_zero():
    _, weights = plane(rbf(drawn(40)))
    assert (np.abs(weights.sum(axis=0)) < 1e-8 * np.linalg.norm(weights, axis=0)).all()


def test_centring_by_the_column_means_is_enough():
    rows = drawn(40)
    kernel, query = rbf(rows), rbf(drawn(15, seed=1), rows)
    centre, weights = plane(kernel)
    full = query - query.mean(axis=1, keepdims=True) - kernel.mean(axis=0) + kernel.mean()
    np.testing.assert_allclose(full @ weights, (query - centre) @ weights, atol=1e-8)
    less_overall = (query - centre) @ (weights - weights.mean(axis=0))
    np.testing.assert_allclose(less_overall, (query - centre) @ weights, atol=1e-8)


def test_a_linear_kernel_is_whitening_of_the_input():
    rows, queries, subset = drawn(50, size=4), drawn(9, size=4, seed=1), 5
    centre, weights = plane(rows @ rows.T, subset=subset)
    mean = rows.mean(axis=0)
    values, vectors = np.linalg.eigh((rows - mean).T @ (rows - mean) / 50)
    inverse_root = vectors @ np.diag(values**-0.5) @ vectors.T
    sums = (rows - mean).T @ subsets(50, subset=subset) / subset
    expected = (queries - mean) @ inverse_root @ sums
    # sqrt(p) / t is left out of the weights: it changes no sign.
    np.testing.assert_allclose(np.sqrt(50) / subset * (queries @ rows.T - centre) @ weights, expected, atol=1e-10)


def test_equal_anchors_do_not_blow_up():
    rows = drawn(20)
    twice = np.concatenate([rows, rows])
    _, weights = plane(rbf(twice))
    _, once = plane(rbf(rows))
    assert np.abs(weights).max() < 10 * np.abs(once).max()


def test_two_items_share_a_bit_by_their_angle():
    rows = drawn(120)
    kernel = in_the_middle(rbf(rows))
    centre, weights = plane(rbf(rows), bits=4000, subset=30)
    bits = (rbf(rows) - centre) @ weights > 0
    lengths = np.sqrt(np.diag(kernel))
    angles = np.arccos(np.clip(kernel / np.outer(lengths, lengths), -1, 1))
    shared = np.array([[(one == other).mean() for other in bits[:30]] for one in bits[:30]])
    assert np.abs(shared - (1 - angles[:30, :30] / np.pi)).mean() < 0.02


def test_all_anchors_make_no_hyperplane():
    for subset in (0, 40, 41):
        with pytest.raises(ValueError, match=f"a subset has 1 to 39 of 40 anchors, got {subset}"):
            plane(rbf(drawn(40)), subset=subset)


def test_a_kernel_to_which_all_are_alike_is_refused():
    with pytest.raises(HashingError, match="all 10 anchors are alike to the kernel"):
        plane(np.ones((10, 10)))


def test_few_vectors_make_few_anchors():
    vectors = np.repeat(drawn(9), 3, axis=0).astype(np.float32)
    hasher = fit_hasher("kulsh", vectors, bits=16)
    assert hasher.anchors.shape == (9, 6)
    assert hasher.origin.options == {"kernel": "rbf", "anchors": 9, "subset": 2}
    with pytest.raises(HashingError, match="cannot fit kulsh: among 21 vectors only 7 are different and it needs 8"):
        fit_hasher("kulsh", vectors[:21], bits=16)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"anchors": 7}, "anchors are at least 8, got 7"), ({"subset": 0}, "a subset has at least 1 anchor, got 0")],
)
def test_options_out_of_range_are_refused(options, words):
    with pytest.raises(HashingError, match=f"hash function kulsh: {words}"):
        fit_hasher("kulsh", drawn(30).astype(np.float32), bits=8, **options)


def test_every_option_changes_something():
    vectors = np.abs(drawn(60)).astype(np.float32)
    usual = fit_hasher("kulsh", vectors, bits=16).codes(vectors)
    for options in ({"kernel": "chi2"}, {"anchors": 20}, {"subset": 3}, {"seed": 1}):
        assert (fit_hasher("kulsh", vectors, bits=16, **options).codes(vectors) != usual).any()
