from dataclasses import replace

import numpy as np
import pytest

from terrakin.errors import EvaluationError
from terrakin.evaluation.compare import compare
from terrakin.evaluation.evaluate import evaluate


def test_the_difference_is_that_of_the_reports(clusters):
    noisy, clean = clusters(noise=3.0), clusters(noise=1.0)
    found = compare(noisy, clean, draws=200)
    first, second = evaluate(noisy, draws=10), evaluate(clean, draws=10)
    for name, difference in found.differences.items():
        assert found.first[name] == pytest.approx(first.measures[name].value, abs=1e-12)
        assert found.second[name] == pytest.approx(second.measures[name].value, abs=1e-12)
        assert difference.value == pytest.approx(found.second[name] - found.first[name], abs=1e-12)
        assert difference.low <= difference.value <= difference.high
    assert found.differences["map"].low > 0
    assert found.queries == 40


def test_the_interval_of_the_difference_is_narrower_than_two_intervals(clusters):
    one = clusters(size=20, noise=2.0)
    # A little noise more: queries differ much among each other, the two methods hardly.
    rng = np.random.default_rng(5)
    other = replace(one, vectors=one.vectors + (2.0**-12 * rng.integers(-9, 10, one.vectors.shape)).astype(np.float32))
    difference = compare(one, other, measures=["map"], draws=300).differences["map"]
    alone = evaluate(one, measures=["map"], draws=300).measures["map"]
    assert difference.high - difference.low < (alone.high - alone.low) / 5


def test_the_same_vectors_do_not_differ(clusters):
    difference = compare(clusters(), clusters(), measures=["map"], interval="class", mean="class").differences["map"]
    assert (difference.low, difference.value, difference.high) == (0, 0, 0)


def test_the_order_of_the_second_does_not_matter(clusters):
    one, other = clusters(noise=3.0), clusters()
    backwards = replace(other, ids=other.ids[::-1], labels=other.labels[::-1], vectors=other.vectors[::-1])
    assert compare(one, backwards, measures=["map"], draws=20) == compare(one, other, measures=["map"], draws=20)


def test_only_the_same_chips_with_the_same_labels_can_be_compared(clusters):
    one = clusters()
    with pytest.raises(
        EvaluationError, match=r"only the same chips can be compared, but 'c00/0000.jpg' is in one of the two alone"
    ):
        compare(one, replace(one, ids=["x", *one.ids[1:]]))
    with pytest.raises(EvaluationError, match=r"but those of 'c00/0000.jpg' differ"):
        compare(one, replace(one, labels=[("c01",), *one.labels[1:]]))


def test_only_the_same_queries_can_be_compared(clusters):
    one, other = (clusters(splits=["query" if i % 10 == part else "gallery" for i in range(40)]) for part in (0, 1))
    with pytest.raises(EvaluationError, match="but the protocol asks others of the two; choose loo"):
        compare(one, other, protocol="split")
