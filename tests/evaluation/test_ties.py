import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrakin.errors import EvaluationError
from terrakin.evaluation.measures.judged import Judged
from terrakin.evaluation.measures.known import measure
from terrakin.evaluation.ties import TieRule, best_order, parse_ties, sampled_order, tie_groups, worst_order

# Example T of the page that defines the measures.
DISTANCES = [0, 1, 1, 1, 2, 2, 3, 3, 3, 4]
RELEVANT = [1, 0, 1, 1, 1, 0, 1, 0, 0, 0]


def plain_average_precision(relevance: tuple[int, ...]) -> Fraction:
    total, hits = Fraction(0), 0
    for position, flag in enumerate(relevance, start=1):
        hits += flag
        total += Fraction(flag * hits, position)
    return total / hits


def all_orders() -> list[tuple[int, ...]]:
    groups = [[flag for apart, flag in zip(DISTANCES, RELEVANT, strict=True) if apart == one] for one in sorted(set(DISTANCES))]
    return [sum(order, ()) for order in itertools.product(*(list(itertools.permutations(group)) for group in groups))]


def test_the_72_orders_of_example_t_have_the_expected_mean():
    orders = all_orders()
    assert len(orders) == 72
    assert sum(map(plain_average_precision, orders)) / 72 == Fraction(30899, 37800)
    judged = Judged(np.array([RELEVANT], dtype=bool), np.array([5]), 10, 5)
    groups = tie_groups(np.array([DISTANCES], dtype=np.float32))
    assert measure("map").expected(judged, groups)[0] == pytest.approx(30899 / 37800, abs=1e-12)
    values = [float(plain_average_precision(order)) for order in orders]
    best, worst = (
        plain_average_precision(tuple(np.array(RELEVANT)[order(groups, judged.relevance, None)[0]].tolist()))
        for order in (best_order, worst_order)
    )
    assert (float(best), float(worst)) == (max(values), min(values))


def test_sampled_orders_come_near_the_expected_mean():
    groups = tie_groups(np.tile(np.array(DISTANCES, dtype=np.float32), (2000, 1)))
    seeds = np.stack([np.zeros(2000, dtype=np.int64), np.arange(2000)], axis=1)
    relevance = np.array(RELEVANT, dtype=bool)[sampled_order(groups, seeds)]
    judged = Judged(relevance, np.full(2000, 5), 10, 5)
    # The values of the 72 orders have a standard deviation below 0.06: four standard errors are 0.0054.
    assert measure("map")(judged).mean() == pytest.approx(30899 / 37800, abs=0.0054)


distances = st.lists(
    st.lists(st.sampled_from([0.0, 0.5, 1.0, math.inf]), min_size=7, max_size=7).map(sorted), min_size=1, max_size=4
)


@given(distances)
def test_groups_are_runs_of_equal_distances(rows):
    groups = tie_groups(np.array(rows))
    for row, index, size, before in zip(rows, groups.index, groups.size, groups.before, strict=True):
        for position, apart in enumerate(row):
            assert index[position] == len({other for other in row if other < apart})
            assert size[position] == row.count(apart)
            assert before[position] == sum(other < apart for other in row)


@given(distances, st.integers(0, 100))
def test_sums_and_means_are_those_of_the_group(rows, seed):
    values = np.random.default_rng(seed).random((len(rows), 7))
    groups = tie_groups(np.array(rows))
    for q, row in enumerate(rows):
        for position, apart in enumerate(row):
            members = [values[q, i] for i in range(7) if row[i] == apart]
            assert groups.sums(values)[q, position] == pytest.approx(sum(members))
            assert groups.means(values)[q, position] == pytest.approx(sum(members) / len(members))


@given(distances, st.integers(0, 100))
def test_no_order_leaves_its_group(rows, seed):
    groups = tie_groups(np.array(rows))
    relevance = np.random.default_rng(seed).random((len(rows), 7)) < 0.5
    seeds = np.full((len(rows), 1), seed)
    for order in (best_order(groups, relevance, None), worst_order(groups, relevance, None), sampled_order(groups, seeds)):
        for row, places in zip(rows, order, strict=True):
            assert sorted(places) == list(range(7))
            assert [row[place] for place in places] == row


def test_among_relevant_chips_the_best_order_puts_more_shared_labels_first():
    groups = tie_groups(np.zeros((1, 4)))
    relevance, shared = np.array([[False, True, True, False]]), np.array([[0, 1, 2, 0]])
    assert best_order(groups, relevance, shared).tolist() == [[2, 1, 0, 3]]
    assert worst_order(groups, relevance, shared).tolist() == [[0, 3, 1, 2]]


def test_tie_rules_have_names():
    assert parse_ties("id") == TieRule("id", 1)
    assert parse_ties("sample") == TieRule("sample", 20)
    assert parse_ties("sample:3") == TieRule("sample", 3)


@pytest.mark.parametrize("text", ["", "ids", "sample:", "sample:0", "sample:x", "id:3", "best:1"])
def test_other_tie_rules_are_refused(text):
    with pytest.raises(
        EvaluationError, match=f"there is no tie rule '{text}'; choose id, expected, best, worst, sample or sample:NUMBER"
    ):
        parse_ties(text)
