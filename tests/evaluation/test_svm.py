"""Ranking by a classifier."""

import numpy as np

from terrakin.evaluation.svm import by_predicted_class


def test_each_query_is_ranked_by_its_own_class():
    queries = np.array([[0.9, 0.1], [0.4, 0.6]])
    gallery = np.array([[0.2, 0.8], [0.7, 0.3], [0.7, 0.3], [0.5, 0.5]])
    distances = np.array([[0, 2, 1, 0], [1, 0, 0, 1]], np.float32)
    np.testing.assert_array_equal(by_predicted_class(queries, gallery, distances), [[2, 1, 3, 0], [0, 3, 1, 2]])
