"""Ranking by a classifier."""

import numpy as np

from terrakin.evaluation.svm import by_predicted_class, svm_probabilities


def test_probabilities_find_classes_that_lie_apart():
    rng = np.random.default_rng(0)
    which = np.arange(60) % 3
    vectors = (np.eye(3, 5)[which] + 0.1 * rng.normal(size=(60, 5))).astype(np.float32)
    probable = svm_probabilities(vectors, [("a", "b", "c")[label] for label in which], np.eye(3, 5, dtype=np.float32))
    np.testing.assert_allclose(probable.sum(axis=1), 1)
    np.testing.assert_array_equal(probable.argmax(axis=1), [0, 1, 2])
    again = svm_probabilities(vectors, [("a", "b", "c")[label] for label in which], np.eye(3, 5, dtype=np.float32))
    np.testing.assert_array_equal(again, probable)
    other = svm_probabilities(
        vectors, [("a", "b", "c")[label] for label in which], np.eye(3, 5, dtype=np.float32), penalty=0.01
    )
    assert (other != probable).any()


def test_each_query_is_ranked_by_its_own_class():
    queries = np.array([[0.9, 0.1], [0.4, 0.6]])
    gallery = np.array([[0.2, 0.8], [0.7, 0.3], [0.7, 0.3], [0.5, 0.5]])
    distances = np.array([[0, 2, 1, 0], [1, 0, 0, 1]], np.float32)
    np.testing.assert_array_equal(by_predicted_class(queries, gallery, distances), [[2, 1, 3, 0], [0, 3, 1, 2]])
