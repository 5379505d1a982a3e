import logging

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from terrakin.regions.classes import fit_classes, majority
from terrakin.regions.mixture import fit_mixture
from terrakin.regions.primitives import shown
from terrakin.regions.standard import fit_standard


@pytest.fixture
def descriptors():
    rng = np.random.default_rng(0)
    centres = rng.normal(scale=2, size=(4, 20))
    return np.hstack([centres[np.arange(400) % 4] + rng.normal(size=(400, 20)), np.full((400, 1), 3.0)]).astype(np.float32)


@pytest.fixture
def mixture(descriptors):
    return fit_mixture(descriptors, clusters=4)


def test_posteriors_are_those_of_bayes(descriptors, mixture) -> None:
    values = mixture.standard.apply(descriptors)
    reduced = values @ mixture.components.T
    densities = np.stack(
        [
            weight * multivariate_normal(mean, np.linalg.inv(root @ root.T)).pdf(reduced)
            for weight, mean, root in zip(mixture.weights, mixture.means, mixture.roots, strict=True)
        ],
        axis=1,
    )
    found = mixture.posteriors(values)
    assert found == pytest.approx(densities / densities.sum(axis=1, keepdims=True), rel=0, abs=1e-10)
    assert found.sum(axis=1) == pytest.approx(1, rel=0, abs=1e-12)


def test_clusters_are_found_and_named_by_weight(descriptors, mixture) -> None:
    of_cluster = mixture.posteriors(mixture.standard.apply(descriptors)).argmax(axis=1)
    for group in range(4):
        assert len(set(of_cluster[group::4])) == 1
    assert (np.diff(mixture.weights) <= 0).all()
    assert mixture.names == ("cluster 0", "cluster 1", "cluster 2", "cluster 3")
    assert mixture.components.shape == (16, 21)
    assert 0 <= mixture.saturated <= 1
    assert mixture.bic < fit_mixture(descriptors, clusters=1).bic


def test_the_same_seed_gives_the_same_mixture_and_the_sample_counts(descriptors) -> None:
    first, again = (fit_mixture(descriptors, clusters=3, seed=5) for _ in range(2))
    assert np.array_equal(first.means, again.means)
    few = fit_mixture(descriptors, clusters=3, sample=60, seed=5)
    assert not np.array_equal(few.standard.mean, first.standard.mean)
    assert np.array_equal(few.means, fit_mixture(descriptors, clusters=3, sample=60, seed=5).means)


def test_too_few_regions_are_refused(descriptors) -> None:
    with pytest.raises(ValueError, match="8 clusters need at least 8 regions, got 7"):
        fit_mixture(descriptors[:7])


def test_standardised_numbers_have_mean_0_and_deviation_1_and_constants_are_0(descriptors) -> None:
    values = fit_standard(descriptors).apply(descriptors)
    assert values.mean(axis=0) == pytest.approx(0, abs=1e-9)
    assert values[:, :-1].std(axis=0) == pytest.approx(1)
    assert not values[:, -1].any()
    with pytest.raises(ValueError, match=r"the shape \(R, 21\), got \(2, 3\)"):
        fit_standard(descriptors).apply(np.zeros((2, 3)))


def test_threshold_0_makes_every_region_one_of_every_primitive() -> None:
    rng = np.random.default_rng(0)
    values, posteriors = rng.normal(size=(6, 3)), rng.dirichlet(np.ones(4), size=6)
    found, there = shown(values, posteriors, threshold=0)
    assert there.all()
    assert found == pytest.approx(np.tile(values.mean(axis=0), (4, 1)))


def test_a_threshold_above_1_leaves_none() -> None:
    found, there = shown(np.ones((2, 3)), np.eye(2), threshold=1.01)
    assert not there.any()
    assert not found.any()


def test_a_primitive_of_average_regions_is_there_though_its_descriptor_is_zero() -> None:
    found, there = shown(np.zeros((1, 3)), np.array([[1.0, 0.0]]), threshold=0.5)
    assert not found.any()
    assert there.tolist() == [True, False]


@pytest.mark.parametrize("classifier", ["logistic", "svm"])
def test_classes_are_learned_from_labelled_regions(descriptors, classifier) -> None:
    names = ["field", "road", "roof", "water"]
    labels = [names[i % 4] if i < 100 else None for i in range(400)]
    learned = fit_classes(descriptors, labels, classifier=classifier)
    posteriors = learned.posteriors(learned.standard.apply(descriptors))
    assert learned.names == tuple(names)
    assert posteriors.sum(axis=1) == pytest.approx(1)
    assert (posteriors.argmax(axis=1) == np.arange(400) % 4).mean() > 0.98


@pytest.mark.parametrize("classifier", ["logistic", "svm"])
def test_two_classes_have_posteriors_of_two(descriptors, classifier) -> None:
    learned = fit_classes(descriptors, [["a", "b", None, None][i % 4] for i in range(400)], classifier=classifier)
    posteriors = learned.posteriors(learned.standard.apply(descriptors))
    assert (posteriors[::4].argmax(axis=1) == 0).all()
    assert (posteriors[1::4].argmax(axis=1) == 1).all()


def test_the_two_classifiers_differ_and_there_is_no_third(descriptors) -> None:
    labels = [["a", "b", "c", None][i % 4] for i in range(400)]
    values = fit_standard(descriptors).apply(descriptors)
    one, other = (fit_classes(descriptors, labels, classifier=name).posteriors(values) for name in ("logistic", "svm"))
    assert not np.allclose(one, other, atol=1e-3)
    with pytest.raises(ValueError, match="no classifier is named 'svn'; did you mean 'svm'"):
        fit_classes(descriptors, labels, classifier="svn")


def test_a_class_without_a_region_is_dropped_with_a_message(descriptors, caplog) -> None:
    labels = [["a", "b", "c", None][i % 4] for i in range(400)]
    with caplog.at_level(logging.WARNING):
        learned = fit_classes(descriptors, labels, classes=["a", "b", "sea"])
    assert learned.names == ("a", "b")
    assert "class 'sea' has no labelled region" in caplog.text


def test_one_class_is_not_enough(descriptors) -> None:
    with pytest.raises(ValueError, match="at least two classes with labelled regions are needed, got a"):
        fit_classes(descriptors, ["a"] * 400)
    with pytest.raises(ValueError, match="needs 5 vectors of each class, and 'b' has 4"):
        fit_classes(descriptors, ["a"] * 396 + ["b"] * 4, classifier="svm")
    with pytest.raises(ValueError, match="each region has a label"):
        fit_classes(descriptors, ["a"])


def test_a_region_is_of_the_class_that_covers_most_of_it() -> None:
    labels = np.array([[0] * 5, [1] * 5, [2] * 5])
    mask = np.array([[0, 0, 0, 1, 1], [0, 0, 1, 1, -1], [-1, -1, 1, 1, 1]])
    assert majority(labels, mask, ["field", "road"]) == ["field", None, "road"]
    with pytest.raises(ValueError, match="the shape of its image"):
        majority(labels, mask[:2], ["field", "road"])
    with pytest.raises(ValueError, match="holds class 1 and there are 1 names"):
        majority(labels, mask, ["field"])
