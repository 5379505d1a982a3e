"""The deep hash functions: what they sample, that they learn, and that torch and NumPy agree."""

import numpy as np
import pytest
import torch

from terrakin.errors import HashingError
from terrakin.hashing.known import fit_hasher
from terrakin.hashing.mhcln import Mhcln
from terrakin.training.hashing.mhcln import triplets
from terrakin.training.hashing.network import trained

DEEP = ["dhn", "mhcln"]
QUICK = {"steps": 80, "width": 32, "rate": 0.003}


def drawn(count=120, seed=1):
    rng = np.random.default_rng(seed)
    centres = 1.2 * np.random.default_rng(7).normal(size=(4, 10))
    which = np.arange(count) % 4
    return ((centres[which] + rng.normal(size=(count, 10))) / 30 + 0.2).astype(np.float32), [(f"c{label}",) for label in which]


@pytest.mark.parametrize("sizes", [(70, 60, 90), (7, 2, 3)])
def test_a_batch_is_of_one_pair_of_classes(sizes):
    classes = np.repeat([0, 1, 2], sizes)
    members = [np.flatnonzero(classes == label) for label in range(3)]
    seen = set()
    for step in range(40):
        anchors, positives, negatives = triplets(members, 30, np.random.default_rng(step)).reshape(3, 30)
        (one,), (same,), (other,) = (set(classes[rows].tolist()) for rows in (anchors, positives, negatives))
        assert one == same != other
        assert (anchors != positives).all()
        if min(sizes) >= 60:
            assert len({*anchors.tolist(), *positives.tolist(), *negatives.tolist()}) == 90
        seen.add((one, other))
    assert len(seen) == 6


def test_several_pairs_share_a_batch():
    classes = np.repeat(np.arange(8), 20)
    members = [np.flatnonzero(classes == label) for label in range(8)]
    anchors, positives, negatives = classes[triplets(members, 30, np.random.default_rng(0), pairs=10)].reshape(3, 10, 3)
    assert (anchors == positives).all()
    assert (anchors != negatives).all()
    assert (anchors == anchors[:, :1]).all()
    assert (negatives == negatives[:, :1]).all()
    assert len(np.unique(anchors)) > 3


def gap(hasher):
    """By how much codes of one class lie closer than codes of two, in shares of the bits."""
    vectors, labels = drawn(seed=2)
    bits = np.unpackbits(hasher.codes(vectors), axis=1).astype(int)
    apart = (bits[:, None] != bits).mean(axis=2)
    same = np.array([[one == other for other in labels] for one in labels])
    return apart[~same].mean() - apart[same].mean()


@pytest.mark.parametrize("name", DEEP)
def test_it_learns(name):
    vectors, labels = drawn()
    assert gap(fit_hasher(name, vectors, bits=16, labels=labels, **QUICK)) > 2 * max(
        gap(fit_hasher("lsh", vectors, bits=16)), 0.1
    )


@pytest.mark.parametrize("name", DEEP)
@pytest.mark.parametrize("depth", [0, 2])
def test_depth_is_the_number_of_layers_before_the_last(name, depth):
    vectors, labels = drawn()
    hasher = fit_hasher(name, vectors, bits=8, labels=labels, **QUICK | {"steps": 1, "depth": depth})
    assert [layer.shape for layer in hasher.weights] == ([(10, 32), (32, 16), (16, 8)] if depth else [(10, 8)])


def test_numpy_gives_what_torch_gives():
    vectors, kept = drawn()[0], []

    def loss(network, rows, step):
        kept[:] = [network, rows]
        return network(rows).square().mean()

    hasher = trained(Mhcln(width=32, steps=4, rate=0.001), vectors, loss, bits=8, seed=3)
    network, rows = kept
    np.testing.assert_allclose(rows.numpy().var(axis=0).mean(), 1, rtol=1e-5)
    with torch.no_grad():
        expected = network(rows).numpy()
    np.testing.assert_allclose(hasher.outputs(vectors), expected, atol=1e-4)


def test_the_callers_random_numbers_are_left_alone():
    vectors, labels = drawn()
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    fit_hasher("mhcln", vectors, bits=8, labels=labels, **QUICK | {"steps": 1})
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("mhcln", {"margin": 1e-4}),
        ("mhcln", {"push": 5.0}),
        ("mhcln", {"balance": 0.0}),
        ("mhcln", {"balanced": "bit"}),
        ("mhcln", {"unit": False}),
        ("mhcln", {"triplets": 5}),
        ("mhcln", {"pairs": 10}),
        ("dhn", {"quantise": 0.0}),
        ("dhn", {"batch": 20}),
    ],
)
def test_every_option_changes_something(name, options):
    vectors, labels = drawn()
    usual, other = (
        fit_hasher(name, vectors, bits=8, labels=labels, **QUICK | {"steps": 5} | one).arrays() for one in ({}, options)
    )
    assert (usual["weights.0"] != other["weights.0"]).any()


@pytest.mark.parametrize("name", ["dhn", "mhcln"])
def test_the_narrowest_network_has_one_unit_in_its_last_layer(name):
    vectors, labels = drawn()
    arrays = fit_hasher(name, vectors, bits=8, labels=labels, steps=1, width=2, depth=2).arrays()
    assert [arrays[f"weights.{layer}"].shape[1] for layer in range(3)] == [2, 1, 8]


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("mhcln", {"margin": 0.0}, "are above 0, got 0"),
        ("mhcln", {"push": -1.0}, "push, balance and depth are at least 0"),
        ("mhcln", {"pairs": 7}, "pairs divide the 30 triplets of a batch, got 7"),
        ("mhcln", {"balanced": "all"}, "balanced is code or bit, got 'all'"),
        ("mhcln", {"width": 1}, "2 layers, each half as wide as the one before, need a width of 2, got 1"),
        ("dhn", {"batch": 1}, "a batch has 2 vectors at least"),
        ("dhn", {"quantise": -1.0}, "quantise and depth are at least 0"),
        ("dhn", {"width": 1}, "2 layers, each half as wide as the one before, need a width of 2, got 1"),
    ],
)
def test_options_out_of_range_are_refused(name, options, words):
    vectors, labels = drawn()
    with pytest.raises(HashingError, match=f"hash function {name}: .*{words}"):
        fit_hasher(name, vectors, bits=8, labels=labels, **options)


@pytest.mark.parametrize("name", DEEP)
def test_labels_are_one_a_vector_and_two_vectors_a_label(name):
    vectors, labels = drawn()
    with pytest.raises(HashingError, match=f"{name} learns from one class a vector, got 'c0' and 'sea'; choose kslsh"):
        fit_hasher(name, vectors, bits=8, labels=[("c0", "sea"), *labels[1:]])
    with pytest.raises(
        HashingError, match=f"{name} compares vectors of a class, and rare has one; give it two or leave it out"
    ):
        fit_hasher(name, vectors, bits=8, labels=[("rare",), *labels[1:]])


def test_a_rate_that_is_too_high_is_told():
    vectors, labels = drawn()
    with pytest.raises(HashingError, match=r"cannot fit dhn: its loss is \S+ at step \d+; choose a lower rate"):
        fit_hasher("dhn", vectors, bits=8, labels=labels, **QUICK | {"rate": 1e38})
