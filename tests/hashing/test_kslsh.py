"""Kernelised hashing from labels: its gradient, its residual, and that it learns."""

import numpy as np
import pytest

from terrakin.errors import HashingError
from terrakin.hashing import kslsh
from terrakin.hashing.kernels import RBF
from terrakin.hashing.known import fit_hasher
from terrakin.hashing.nesterov import minimise
from terrakin.hashing.similarity import similarity
from terrakin.spaces.kinds import topk
from terrakin.spaces.space import Space


def problem(count=60, width=15, seed=0):
    rng = np.random.default_rng(seed)
    kernel = rng.normal(size=(count, width))
    labels = [(f"c{row % 4}",) for row in range(count)]
    # Items of a class are a little alike.
    kernel += 0.8 * rng.normal(size=(4, width))[np.arange(count) % 4]
    return kernel - kernel.mean(axis=0), similarity(labels)


def test_the_gradient_is_that_of_finite_differences():
    kernel, pairs = problem()
    weights = 0.3 * np.random.default_rng(1).normal(size=kernel.shape[1])
    _, slope = kslsh.smooth(kernel, pairs, weights)
    steps = 1e-6 * np.eye(len(weights))
    differences = [
        (kslsh.smooth(kernel, pairs, weights + step)[0] - kslsh.smooth(kernel, pairs, weights - step)[0]) / 2e-6
        for step in steps
    ]
    np.testing.assert_allclose(slope, differences, rtol=1e-6, atol=1e-6 * np.abs(slope).max())


def test_nothing_overflows():
    kernel, pairs = problem()
    value, slope = kslsh.smooth(1e4 * kernel, pairs, np.ones(kernel.shape[1]))
    assert np.isfinite(value)
    assert np.isfinite(slope).all()


def test_every_bit_takes_off_the_residual_what_the_identity_says():
    kernel, pairs = problem()
    bits, count = 8, len(pairs)
    codes = kslsh.signs(kernel @ kslsh.greedy(kernel, pairs, bits))
    residual, fallen = bits * pairs, []
    for bit in range(bits):
        y = codes[:, bit]
        after = residual - np.outer(y, y)
        gain = y @ residual @ y
        assert (after**2).sum() == pytest.approx((residual**2).sum() - 2 * gain + count**2, rel=1e-8)
        fallen.append((after**2).sum() < (residual**2).sum())
        assert fallen[-1] == (gain > count**2 / 2)
        residual = after
    objective = ((codes @ codes.T / bits - pairs) ** 2).sum()
    assert objective == pytest.approx((residual**2).sum() / bits**2, rel=1e-10)
    assert all(fallen)


def test_refinement_never_makes_a_bit_worse(monkeypatch):
    kernel, pairs = problem()
    refined = kslsh.signs(kernel @ kslsh.greedy(kernel, pairs, 1))[:, 0]
    monkeypatch.setattr(kslsh, "minimise", lambda valued, start, items: start)
    start = kslsh.signs(kernel @ kslsh.greedy(kernel, pairs, 1))[:, 0]
    monkeypatch.setattr(kslsh, "minimise", lambda valued, start, items: -start[::-1])
    worse = kslsh.signs(kernel @ kslsh.greedy(kernel, pairs, 1))[:, 0]
    assert refined @ pairs @ refined >= start @ pairs @ start
    np.testing.assert_array_equal(worse, start)


def test_the_start_is_a_generalised_eigenvector():
    kernel, pairs = problem()
    gram = kernel.T @ kernel
    ridged = gram + 1e-6 * np.trace(gram) / len(gram) * np.eye(len(gram))
    start = kslsh._leading(kernel, pairs, np.linalg.cholesky(ridged))
    pulled = kernel.T @ pairs @ kernel
    value = (start @ pulled @ start) / (start @ ridged @ start)
    np.testing.assert_allclose(pulled @ start, value * ridged @ start, atol=1e-6 * np.abs(pulled).max())
    assert value == pytest.approx(np.linalg.eigvals(np.linalg.solve(ridged, pulled)).real.max())
    assert start @ gram @ start == pytest.approx(len(kernel))


def classes(count, seed):
    rng = np.random.default_rng(seed)
    centres = 1.4 * np.random.default_rng(7).normal(size=(4, 10))
    which = np.arange(count) % 4
    return (centres[which] + rng.normal(size=(count, 10))).astype(np.float32), which


def precision(hasher):
    """P@10 of held-out items."""
    vectors, which = classes(200, seed=2)
    codes = hasher.codes(vectors)
    found, _ = topk(Space("hamming", hasher.bits), codes, codes, 11)
    return np.mean([(which[row[row != query][:10]] == which[query]).mean() for query, row in enumerate(found)])


def test_it_learns_what_random_hyperplanes_do_not():
    vectors, which = classes(400, seed=1)
    labels = [(str(label),) for label in which]
    learnt = precision(fit_hasher("kslsh", vectors, bits=16, labels=labels, anchors=100))
    assert learnt > 0.8
    assert precision(fit_hasher("lsh", vectors, bits=16)) < learnt - 0.1


def test_items_are_drawn_where_there_are_more():
    vectors, which = classes(100, seed=1)
    labels = [(str(label),) for label in which]
    hasher = fit_hasher("kslsh", vectors, bits=8, labels=labels, anchors=20, items=40)
    assert hasher.origin.options == {"kernel": "rbf", "anchors": 20, "items": 40}
    every = fit_hasher("kslsh", vectors, bits=8, labels=labels, anchors=20)
    assert (hasher.codes(vectors) != every.codes(vectors)).any()


def test_the_centre_and_the_scale_are_those_of_the_items():
    vectors, which = classes(100, seed=1)
    hasher = fit_hasher("kslsh", vectors, bits=8, labels=[(str(label),) for label in which], anchors=10)
    anchors, items = hasher.anchors.astype(float), vectors.astype(float)
    apart = ((items[:, None] - anchors) ** 2).sum(axis=2)
    assert hasher.gamma == pytest.approx(1 / (2 * apart.mean()), rel=1e-10)
    np.testing.assert_allclose(hasher.centre, np.exp(-hasher.gamma * apart).mean(axis=0), rtol=1e-10)
    # Neither the means over the anchors nor those over what is asked later.
    others = classes(50, seed=9)[0].astype(float)
    for rows in (anchors, others):
        assert np.abs(hasher.centre - RBF.values(rows, anchors, hasher.gamma).mean(axis=0)).max() > 0.01


def test_vectors_without_a_label_are_left_out():
    vectors, which = classes(80, seed=1)
    labels = [(str(label),) for label in which]
    known = fit_hasher("kslsh", vectors[:60], bits=8, labels=labels[:60])
    mixed = fit_hasher("kslsh", vectors, bits=8, labels=[*labels[:60], *[()] * 20])
    np.testing.assert_array_equal(mixed.codes(vectors), known.codes(vectors))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"anchors": 5}, "anchors are at least 8, got 5"),
        ({"items": 1}, "items are 2 to 10,000, got 1"),
        ({"items": 20_000}, "items are 2 to 10,000, got 20,000; it keeps a number for each pair of them, 3.2 GB"),
    ],
)
def test_options_out_of_range_are_refused(options, words):
    vectors, which = classes(40, seed=1)
    with pytest.raises(HashingError, match=f"hash function kslsh: {words}"):
        fit_hasher("kslsh", vectors, bits=8, labels=[(str(label),) for label in which], **options)


def test_labels_that_all_share_something_teach_nothing():
    vectors, _ = classes(40, seed=1)
    with pytest.raises(HashingError, match="no two of 40 items are without a common label"):
        fit_hasher("kslsh", vectors, bits=8, labels=[("land", str(row % 3)) for row in range(40)])


def test_minimising_stops_where_nothing_falls():
    np.testing.assert_array_equal(minimise(lambda a: (0.0, np.zeros(2)), np.array([1.0, 2.0]), 1), [1.0, 2.0])
    # A gradient that points uphill: no step is short enough.
    np.testing.assert_array_equal(minimise(lambda a: (float(a @ a), -2 * a), np.array([1.0, 2.0]), 1), [1.0, 2.0])
