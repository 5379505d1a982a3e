"""The worked examples of the page that defines the measures; every number is an exact fraction."""

from fractions import Fraction

import numpy as np
import pytest

from terrakin.evaluation.measures.anmrr import nmrr, rank_limit
from terrakin.evaluation.measures.average_precision import (
    average_precision,
    average_precision_at,
    interpolated_average_precision,
)
from terrakin.evaluation.measures.judged import Judged, LabelOverlap
from terrakin.evaluation.measures.known import measure
from terrakin.evaluation.measures.label_sets import pair_accuracy, pair_f1, pair_hamming, pair_precision, pair_recall
from terrakin.evaluation.measures.precision import precision, precision_ceiling
from terrakin.evaluation.ties import best_order, tie_groups, worst_order

EXACT = {"rel": 0, "abs": 1e-12}
PRINTED = {"rel": 0, "abs": 5e-7}

E = np.array([[1, 0, 1, 1, 0, 0, 0, 1, 0, 0], [0, 1, 0, 0, 1, 0, 0, 0, 1, 0], [1, 1, 0, 0, 0, 0, 0, 0, 0, 0]], dtype=bool)
E_RELEVANT = np.array([4, 3, 2])
JUDGED_E = Judged(E, E_RELEVANT, gallery=10, largest_relevant=4)


def exactly(*values: float | Fraction):
    return pytest.approx([float(value) for value in values], **EXACT)


@pytest.mark.parametrize(
    ("k", "values"),
    list(
        enumerate(
            zip(
                [
                    1,
                    Fraction(1, 2),
                    Fraction(2, 3),
                    Fraction(3, 4),
                    Fraction(3, 5),
                    Fraction(1, 2),
                    Fraction(3, 7),
                    Fraction(1, 2),
                    Fraction(4, 9),
                    Fraction(2, 5),
                ],
                [
                    0,
                    Fraction(1, 2),
                    Fraction(1, 3),
                    Fraction(1, 4),
                    Fraction(2, 5),
                    Fraction(1, 3),
                    Fraction(2, 7),
                    Fraction(1, 4),
                    Fraction(1, 3),
                    Fraction(3, 10),
                ],
                [
                    1,
                    1,
                    Fraction(2, 3),
                    Fraction(1, 2),
                    Fraction(2, 5),
                    Fraction(1, 3),
                    Fraction(2, 7),
                    Fraction(1, 4),
                    Fraction(2, 9),
                    Fraction(1, 5),
                ],
                strict=True,
            ),
            start=1,
        )
    ),
)
def test_example_e_precision_at_every_position(k, values):
    assert precision(E, k) == exactly(*values)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("p@1", (1, 0, 1)),
        ("p@3", (Fraction(2, 3), Fraction(1, 3), Fraction(2, 3))),
        ("p@5", (0.6, 0.4, 0.4)),
        ("p@10", (0.4, 0.3, 0.2)),
        ("np@3", (Fraction(2, 3), Fraction(1, 3), 1)),
        ("np@5", (0.75, Fraction(2, 3), 1)),
        ("np@10", (1, 1, 1)),
        ("recall@1", (0.25, 0, 0.5)),
        ("recall@3", (0.5, Fraction(1, 3), 1)),
        ("recall@5", (0.75, Fraction(2, 3), 1)),
        ("recall@10", (1, 1, 1)),
        ("hitrate@1", (1, 0, 1)),
        ("hitrate@3", (1, 1, 1)),
        ("hitrate@5", (1, 1, 1)),
        ("hitrate@10", (1, 1, 1)),
        ("r-precision", (Fraction(3, 4), Fraction(1, 3), 1)),
        ("mrr", (1, 0.5, 1)),
        ("map", (Fraction(35, 48), Fraction(37, 90), 1)),
        ("map@3:relevant", (Fraction(5, 12), Fraction(1, 6), 1)),
        ("map@3:min", (Fraction(5, 9), Fraction(1, 6), 1)),
        ("map@3:found", (Fraction(5, 6), Fraction(1, 2), 1)),
        ("map@5:relevant", (Fraction(29, 48), Fraction(3, 10), 1)),
        ("map@5:min", (Fraction(29, 48), Fraction(3, 10), 1)),
        ("map@5:found", (Fraction(29, 36), Fraction(9, 20), 1)),
        ("map@10:relevant", (Fraction(35, 48), Fraction(37, 90), 1)),
        ("map@10:min", (Fraction(35, 48), Fraction(37, 90), 1)),
        ("map@10:found", (Fraction(35, 48), Fraction(37, 90), 1)),
        ("ap11", (Fraction(3, 4), Fraction(68, 15) / 11, 1)),
        ("anmrr", (Fraction(1, 5), Fraction(11, 24), 0)),
        ("anmrr:mpeg7", (Fraction(1, 5), Fraction(11, 24), 0)),
    ],
)
def test_example_e(name, values):
    assert measure(name)(JUDGED_E) == exactly(*values)


def test_example_e_means():
    assert measure("hitrate@1")(JUDGED_E).mean() == pytest.approx(0.666667, **PRINTED)
    assert measure("mrr")(JUDGED_E).mean() == pytest.approx(0.833333, **PRINTED)
    assert measure("map")(JUDGED_E).mean() == pytest.approx(float(Fraction(1541, 2160)), **EXACT)
    assert measure("map@5:found")(JUDGED_E).mean() == pytest.approx(0.751852, **PRINTED)


@pytest.mark.parametrize(
    ("n", "relevant", "least", "found"),
    [(3, 0.416667, 0.555556, 0.833333), (5, 0.604167, 0.604167, 0.805556), (10, 0.729167, 0.729167, 0.729167)],
)
def test_example_e_average_precision_with_a_cutoff(n, relevant, least, found):
    values = [average_precision_at(E[:1], E_RELEVANT[:1], n, over=over)[0] for over in ("relevant", "min", "found")]
    assert values == pytest.approx([relevant, least, found], **PRINTED)


def test_example_e_interpolated_precision_of_the_second_query():
    assert interpolated_average_precision(E, E_RELEVANT)[1] == pytest.approx(0.412121, **PRINTED)


def test_recall_levels_are_compared_with_a_tolerance():
    # Three of ten are found at position 3, and 3 / 10 must reach the level 0.3: levels 0 to 0.3 have precision 1.
    relevance = np.zeros((1, 100), dtype=bool)
    relevance[0, [0, 1, 2, 99, 98, 97, 96, 95, 94, 93]] = True
    assert interpolated_average_precision(relevance, np.array([10])) == exactly((4 + 7 * Fraction(10, 100)) / 11)


class TestAnmrr:
    def test_mean(self):
        assert measure("anmrr")(JUDGED_E).mean() == pytest.approx(float(Fraction(79, 360)), **EXACT)

    def test_limits(self):
        assert rank_limit(E_RELEVANT, 4, rule="mpeg7").tolist() == [8, 8, 8]
        assert rank_limit(E_RELEVANT, 4, rule="2ng").tolist() == [8, 6, 4]

    def test_a_part_of_the_queries_uses_the_largest_ng_of_all(self):
        first_two = Judged(E[:2], E_RELEVANT[:2], gallery=10, largest_relevant=4)
        assert measure("anmrr")(first_two).mean() == pytest.approx(0.3291667, abs=5e-8)

    def test_k_of_2ng_differs_where_ng_differ(self):
        # q2: K = 6, ranks 2, 5, 7.5: (14.5 / 3 - 2) / (7.5 - 2).
        assert measure("anmrr:2ng")(JUDGED_E) == exactly(Fraction(1, 5), (Fraction(29, 6) - 2) / Fraction(11, 2), 0)

    def test_scale(self):
        # NG = 30, K = 60: one relevant chip one position later.
        relevance = np.zeros((2, 70), dtype=bool)
        relevance[:, :29] = True
        relevance[0, 40] = relevance[1, 41] = True
        both = nmrr(relevance, np.array([30, 30]), np.array([60, 60]))
        assert (both[1] - both[0]) / 20 == pytest.approx(float(Fraction(1, 35700)), **EXACT)


QUERY = {"buildings", "cars", "pavement"}
M = [
    {"buildings", "cars", "pavement"},
    {"cars", "pavement"},
    {"grass", "trees"},
    {"buildings", "pavement", "trees"},
    {"pavement"},
    {"sand", "sea"},
    {"buildings", "cars", "grass", "pavement", "trees"},
    {"bare-soil"},
    {"pavement", "trees"},
    {"cars"},
]


def judged_m(relevant) -> Judged:
    relevance = np.array([[relevant(labels) for labels in M]])
    overlap = LabelOverlap(
        np.array([[len(QUERY & labels) for labels in M]]),
        np.array([[len(labels) for labels in M]]),
        np.array([3]),
        vocabulary=17,
    )
    return Judged(relevance, relevance.sum(axis=1), 10, int(relevance.sum()), overlap)


def share_any(labels: set[str]) -> bool:
    return bool(labels & QUERY)


class TestExampleM:
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("label-accuracy@5", Fraction(1, 2)),
            ("label-precision@5", Fraction(11, 15)),
            ("label-recall@5", Fraction(8, 15)),
            ("label-f1@5", Fraction(89, 150)),
            ("label-f1@5:of-pairs", Fraction(89, 150)),
            ("label-hamming@5", Fraction(2, 17)),
            ("label-accuracy@10", Fraction(221, 600)),
            ("label-precision@10", Fraction(173, 300)),
            ("label-recall@10", Fraction(13, 30)),
            ("label-f1@10", Fraction(277, 600)),
            ("label-hamming@10", Fraction(13, 85)),
            ("acg@5", Fraction(8, 5)),
            ("acg@10", Fraction(13, 10)),
            ("wap@10", Fraction(5483, 2940)),
        ],
    )
    def test_exact(self, name, value):
        assert measure(name)(judged_m(share_any)) == exactly(value)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("label-f1@5:of-means", 0.617544),
            ("label-f1@10:of-means", 0.494829),
            ("ndcg@5", 0.724316),
            ("ndcg@5:shared:exp", 0.724316),
            ("ndcg@10:shared:exp", 0.882902),
            ("ndcg@5:shared:linear", 0.771610),
            ("ndcg@10:linear", 0.906727),
            ("ndcg@5:jaccard", 0.854715),
            ("ndcg@10:jaccard:linear", 0.942454),
        ],
    )
    def test_printed(self, name, value):
        assert measure(name)(judged_m(share_any)) == pytest.approx([value], **PRINTED)

    @pytest.mark.parametrize(
        ("pairs", "values"),
        [
            (pair_accuracy, "1 2/3 0 1/2 1/3 0 3/5 0 1/4 1/3"),
            (pair_precision, "1 1 0 2/3 1 0 3/5 0 1/2 1"),
            (pair_recall, "1 2/3 0 2/3 1/3 0 1 0 1/3 1/3"),
            (pair_f1, "1 4/5 0 2/3 1/2 0 3/4 0 2/5 1/2"),
            (pair_hamming, "0 1/17 5/17 2/17 2/17 5/17 2/17 4/17 3/17 2/17"),
        ],
    )
    def test_every_pair(self, pairs, values):
        assert pairs(judged_m(share_any).overlap)[0] == exactly(*map(Fraction, values.split()))

    @pytest.mark.parametrize(
        ("relevant", "number", "value"),
        [
            (share_any, 7, Fraction(473, 588)),
            (lambda labels: len(labels & QUERY) / len(labels | QUERY) >= 0.5, 4, Fraction(93, 112)),
            (lambda labels: labels == QUERY, 1, 1),
        ],
    )
    def test_binary_relevance(self, relevant, number, value):
        judged = judged_m(relevant)
        assert judged.relevant.tolist() == [number]
        assert measure("map")(judged) == exactly(value)


T_DISTANCES = np.array([[0, 1, 1, 1, 2, 2, 3, 3, 3, 4]], dtype=np.float32)
T = np.array([[1, 0, 1, 1, 1, 0, 1, 0, 0, 0]], dtype=bool)


class TestExampleT:
    judged = Judged(T, np.array([5]), 10, 5)
    groups = tie_groups(T_DISTANCES)

    def test_by_id(self):
        values = [float(measure(name)(self.judged)[0]) for name in ("map", "p@2", "p@3", "p@5")]
        assert values == exactly(Fraction(1651, 2100), Fraction(1, 2), Fraction(2, 3), Fraction(4, 5))

    @pytest.mark.parametrize(
        ("order", "row", "values"),
        [
            (best_order, "1110101000", (Fraction(158, 175), 1, 1, Fraction(4, 5))),
            (worst_order, "1011010010", (Fraction(131, 180), Fraction(1, 2), Fraction(2, 3), Fraction(3, 5))),
        ],
    )
    def test_bounds(self, order, row, values):
        relevance = np.take_along_axis(T, order(self.groups, T, None), axis=1)
        assert "".join(str(int(flag)) for flag in relevance[0]) == row
        judged = Judged(relevance, np.array([5]), 10, 5)
        assert [float(measure(name)(judged)[0]) for name in ("map", "p@2", "p@3", "p@5")] == exactly(*values)

    @pytest.mark.parametrize(
        ("name", "value"),
        [("map", Fraction(30899, 37800)), ("p@2", Fraction(5, 6)), ("p@3", Fraction(7, 9)), ("p@5", Fraction(7, 10))],
    )
    def test_expected(self, name, value):
        assert measure(name).expected(self.judged, self.groups) == exactly(value)

    def test_contributions_of_the_groups(self):
        contributions = [1, Fraction(31, 18), Fraction(11, 15), Fraction(955, 1512), 0]
        sums = np.cumsum([float(value) for value in contributions])
        ends = [1, 4, 6, 9, 10]
        values = [float(measure(f"map@{end}:relevant").expected(self.judged, self.groups)[0]) * 5 for end in ends]
        assert values == exactly(*sums)

    @pytest.mark.parametrize(("n", "value"), [(1, 0), (2, Fraction(1, 3)), (3, Fraction(2, 3)), (4, 1)])
    def test_hit_rate(self, n, value):
        relevance = np.array([[False, True, False, False]])
        judged = Judged(relevance, np.array([1]), 4, 1)
        assert measure(f"hitrate@{n}").expected(judged, tie_groups(np.array([[0.0, 1, 1, 1]]))) == exactly(value)


def test_example_e_mean_over_classes():
    values = average_precision(E, E_RELEVANT)
    assert (values[:2].mean() + values[2]) / 2 == pytest.approx(0.785069, **PRINTED)


RS19 = (55, 50, 52, 56, 50, 50, 50, 53, 53, 61, 50, 50, 50, 54, 53, 50, 54, 56, 58)
"""Images of each class of WHU-RS19."""


def ceiling(class_sizes: tuple[int, ...], queries: tuple[int, ...], k: int) -> float:
    return float(np.average(precision_ceiling(np.array(class_sizes) - 1, k), weights=queries))


@pytest.mark.parametrize(("k", "all_images", "a_fifth"), [(50, 0.9920, 0.9918), (100, 0.5208, 0.5205)])
def test_ceilings_of_unequal_classes(k, all_images, a_fifth):
    assert ceiling(RS19, RS19, k) == pytest.approx(all_images, abs=5e-5)
    assert ceiling(RS19, tuple(size // 5 for size in RS19), k) == pytest.approx(a_fifth, abs=5e-5)


def test_ceilings_of_equal_classes():
    assert ceiling((100,) * 21, (100,) * 21, 100) == pytest.approx(0.99, **EXACT)
    assert ceiling((400,) * 7, (400,) * 7, 100) == 1
