"""What every measure does. Each family of the registry is in one set of each pair, so a new one must say what it is."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrakin.errors import EvaluationError, UnknownNameError
from terrakin.evaluation.measures.judged import Judged, LabelOverlap
from terrakin.evaluation.measures.known import MEASURES, measure
from terrakin.evaluation.names import parse_name, title
from terrakin.evaluation.ties import best_order, tie_groups, worst_order

EXAMPLES = {
    "acg": ["acg@3"],
    "anmrr": ["anmrr", "anmrr:2ng"],
    "ap11": ["ap11"],
    "hitrate": ["hitrate@1", "hitrate@4"],
    "label-accuracy": ["label-accuracy@3"],
    "label-f1": ["label-f1@3", "label-f1@3:of-means"],
    "label-hamming": ["label-hamming@3"],
    "label-precision": ["label-precision@3"],
    "label-recall": ["label-recall@3"],
    "map": ["map", "map@6:relevant", "map@3:min", "map@3:found"],
    "mrr": ["mrr"],
    "ndcg": ["ndcg@3", "ndcg@3:shared:linear", "ndcg@3:jaccard", "ndcg@3:binary", "ndcg@3:binary:exp"],
    "np": ["np@3"],
    "p": ["p@1", "p@3"],
    "r-precision": ["r-precision"],
    "recall": ["recall@6"],
    "wap": ["wap@3"],
}
"""Members of every family; cutoffs suit the perfect ranking below."""

NAMES = [name for names in EXAMPLES.values() for name in names]

FRACTIONS = {*EXAMPLES} - {"acg", "wap"}
COUNTS = {"acg", "wap"}
"""Mean numbers of labels, without an upper bound."""

LOWER_IS_BETTER = {"anmrr", "label-hamming"}
HIGHER_IS_BETTER = {*EXAMPLES} - LOWER_IS_BETTER

MAY_FALL = {
    "map@3:found": "divides by the relevant chips that were found, so one more at a late position lowers it",
    "wap@3": "averages over the positions that share a label, so one more at a late position lowers it",
}
"""Measures that a better ranking can lower, with the reason."""

NO_CLOSED_FORM = {"map@3:found", "anmrr", "anmrr:2ng", "ap11", "mrr", "wap@3", "label-f1@3:of-means"}
FULL_RANKING = {"map", "ap11", "mrr", "r-precision"} | {name for name in NAMES if name.startswith("ndcg")}

QUERY_SIZE, VOCABULARY = 3, 7

FEW = settings(max_examples=20)
"""Each law is tried on every member, so a few examples of each make hundreds."""


def judge(shared: list[int], others: list[int], *, gallery: int | None = None) -> Judged:
    """One ranking: labels shared with a query of three labels, and further labels, of each position."""
    counts = np.array([shared])
    overlap = LabelOverlap(counts, counts + np.array([others]), np.array([QUERY_SIZE]), VOCABULARY)
    relevant = (counts > 0).sum(axis=1)
    return Judged(counts > 0, relevant, gallery or len(shared), int(relevant.max()), overlap)


def judge_pairs(ranking: list[tuple[int, int]]) -> Judged:
    """One ranking from pairs of shared and further labels."""
    return judge([shared for shared, _ in ranking], [others for _, others in ranking])


PERFECT = judge([3] * 6 + [0] * 4, [0] * 6 + [2] * 4)

chips = st.lists(st.tuples(st.integers(0, QUERY_SIZE), st.integers(0, VOCABULARY - QUERY_SIZE)), min_size=1, max_size=9)
rankings = chips.filter(lambda ranking: any(shared for shared, _ in ranking)).map(judge_pairs)


def value(name: str, judged: Judged) -> float:
    return float(measure(name)(judged)[0])


def reordered(judged: Judged, order: list[int]) -> Judged:
    overlap = replace(judged.overlap, shared=judged.overlap.shared[:, order], sizes=judged.overlap.sizes[:, order])
    return replace(judged, relevance=judged.relevance[:, order], labels=overlap)


def test_the_sets_cover_the_registry():
    assert set(EXAMPLES) == set(MEASURES) == FRACTIONS | COUNTS == LOWER_IS_BETTER | HIGHER_IS_BETTER
    assert set(NAMES) >= {*MAY_FALL, *NO_CLOSED_FORM, *FULL_RANKING}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_kept_and_has_a_title_and_a_convention(name):
    found = measure(name)
    assert found.name == name
    assert found.cutoff == parse_name(name).cutoff
    assert found.formula.words
    assert title(name) != name or name == "r-precision"
    assert parse_name(name).family in MEASURES[parse_name(name).family].form


@pytest.mark.parametrize("name", NAMES)
def test_a_perfect_ranking_has_the_best_value(name):
    best = MEASURES[parse_name(name).family].best
    assert measure(name).best == best
    if math.isfinite(best):
        assert value(name, PERFECT) == pytest.approx(best, abs=1e-12)
    else:
        assert value(name, PERFECT) == QUERY_SIZE


@pytest.mark.parametrize("name", NAMES)
@FEW
@given(judged=rankings)
def test_fractions_are_between_0_and_1_and_nothing_is_negative(name, judged):
    top = 1 if parse_name(name).family in FRACTIONS else QUERY_SIZE
    assert -1e-12 <= value(name, judged) <= top + 1e-12


@pytest.mark.parametrize("name", [name for name in NAMES if name not in MAY_FALL])
@FEW
@given(judged=rankings, place=st.integers(0, 8))
def test_a_perfect_chip_that_moves_up_makes_nothing_worse(name, judged, place):
    place %= judged.known
    shared, sizes = judged.overlap.shared[0].tolist(), judged.overlap.sizes[0].tolist()
    ranking = [(common, size - common) for common, size in zip(shared, sizes, strict=True)]
    ranking[place] = (QUERY_SIZE, 0)
    before = judge_pairs(ranking)
    ranking.insert(max(place - 1, 0), ranking.pop(place))
    after = judge_pairs(ranking)
    gain = value(name, after) - value(name, before)
    assert (-gain if parse_name(name).family in LOWER_IS_BETTER else gain) >= -1e-12


@pytest.mark.parametrize("name", MAY_FALL)
def test_what_may_fall_does_fall(name):
    # A perfect chip comes to position 3 from position 4.
    before, after = judge([3, 0, 0, 3], [0, 2, 2, 0]), judge([3, 0, 3, 0], [0, 2, 0, 2])
    assert value(name, after) < value(name, before)


@pytest.mark.parametrize("name", [name for name in NAMES if not measure(name).formula.reads_labels and name not in MAY_FALL])
@FEW
@given(judged=rankings)
def test_relevant_chips_first_is_best_and_last_is_worst(name, judged):
    found = value(name, judged)
    order = np.argsort(~judged.relevance[0], kind="stable").tolist()
    best, worst = value(name, reordered(judged, order)), value(name, reordered(judged, order[::-1]))
    low, high = sorted([best, worst])
    assert low - 1e-12 <= found <= high + 1e-12
    assert (best <= worst) if parse_name(name).family in LOWER_IS_BETTER else (best >= worst)


@pytest.mark.parametrize("name", NAMES)
@FEW
@given(judged=rankings, copies=st.integers(1, 4))
def test_queries_do_not_change_each_other(name, judged, copies):
    labels = judged.overlap
    many = Judged(
        np.repeat(judged.relevance, copies, axis=0),
        np.repeat(judged.relevant, copies),
        judged.gallery,
        judged.largest_relevant,
        LabelOverlap(
            np.repeat(labels.shared, copies, axis=0),
            np.repeat(labels.sizes, copies, axis=0),
            np.repeat(labels.query_sizes, copies),
            labels.vocabulary,
        ),
    )
    assert measure(name)(many).tolist() == [value(name, judged)] * copies


@pytest.mark.parametrize("name", NAMES)
def test_a_full_ranking_is_asked_for_where_it_is_needed(name):
    ranking = [3, 0, 2, 0, 0, 1, 0, 0, 0, 0]
    full = judge(ranking, [1] * 10)
    short = replace(judge(ranking[:7], [1] * 7), gallery=10, relevant=full.relevant, largest_relevant=full.largest_relevant)
    if name in FULL_RANKING:
        with pytest.raises(EvaluationError, match=rf"{name} needs the full ranking, but only 7 of 10 positions are known"):
            measure(name)(short)
    else:
        assert value(name, short) == value(name, full)


def test_anmrr_needs_the_positions_up_to_its_limit():
    short = Judged(np.array([[True, False, True, False]]), np.array([3]), gallery=10, largest_relevant=3)
    with pytest.raises(EvaluationError, match="needs the first 6 positions, but only 4 of 10 are known"):
        measure("anmrr")(short)


@pytest.mark.parametrize("name", [name for name in NAMES if measure(name).formula.reads_labels])
def test_label_sets_are_asked_for_where_they_are_compared(name):
    with pytest.raises(EvaluationError, match="compares label sets, but these chips have no labels"):
        measure(name)(replace(PERFECT, labels=None))


@pytest.mark.parametrize("name", [name for name in NAMES if not measure(name).formula.reads_labels])
def test_label_sets_are_not_asked_for_elsewhere(name):
    assert value(name, replace(PERFECT, labels=None)) == value(name, PERFECT)


tied = st.lists(st.integers(0, 2), min_size=5, max_size=5).map(sorted).map(lambda apart: np.array([apart], dtype=np.float32))
five_chips = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=5, max_size=5).filter(
    lambda ranking: any(shared for shared, _ in ranking)
)


def orders_of(distances: np.ndarray) -> list[list[int]]:
    """Every order that keeps distances ascending; slow and plain."""
    return [list(order) for order in itertools.permutations(range(5)) if (np.diff(distances[0, list(order)]) >= 0).all()]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in NO_CLOSED_FORM])
@FEW
@given(ranking=five_chips, distances=tied)
def test_the_expected_value_is_the_mean_over_all_orders(name, ranking, distances):
    judged = judge_pairs(ranking)
    relevance, orders = judged.relevance, np.array(orders_of(distances))
    many = Judged(
        relevance[0][orders],
        np.repeat(judged.relevant, len(orders)),
        5,
        judged.largest_relevant,
        LabelOverlap(
            judged.overlap.shared[0][orders], judged.overlap.sizes[0][orders], np.full(len(orders), QUERY_SIZE), VOCABULARY
        ),
    )
    expected = measure(name).expected(judged, tie_groups(distances))[0]
    assert expected == pytest.approx(measure(name)(many).mean(), abs=1e-12)


@pytest.mark.parametrize("name", sorted(NO_CLOSED_FORM))
def test_no_expected_value_is_made_up(name):
    with pytest.raises(EvaluationError, match=f"{name} has no closed form over ties; use ties 'sample'"):
        measure(name).expected(PERFECT, tie_groups(np.zeros((1, 10))))


@pytest.mark.parametrize(
    "name",
    ["p@3", "np@3", "recall@3", "hitrate@2", "r-precision", "mrr", "map", "map@3:relevant", "map@3:min", "ap11", "anmrr"],
)
@FEW
@given(ranking=five_chips, distances=tied)
def test_best_and_worst_orders_are_bounds(name, ranking, distances):
    judged, groups = judge_pairs(ranking), tie_groups(distances)
    bounds = [
        value(name, reordered(judged, order(groups, judged.relevance, judged.overlap.shared)[0].tolist()))
        for order in (best_order, worst_order)
    ]
    if name == "anmrr":
        bounds.reverse()
    values = [value(name, reordered(judged, order)) for order in orders_of(distances)]
    assert (max(values), min(values)) == pytest.approx(tuple(bounds), abs=1e-12)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("hitrat@5", r"no measures named 'hitrat'; did you mean 'hitrate'\?"),
        ("p", r"measure 'p' needs a number of positions: p@k, such as p@10"),
        ("mrr@5", r"measure 'mrr@5' takes no number of positions; write mrr"),
        ("p@10:fuond", r"measure 'p@10:fuond' takes no option 'fuond'; Write p@k"),
        ("map@10:fuond", r"takes no option 'fuond'; did you mean 'found'\?"),
        ("ndcg@5:shared:jaccard", r"takes no option 'jaccard'"),
        ("map@10", r"map@10:relevant, map@10:min, map@10:found"),
        ("map:found", r"map@10:relevant, map@10:min, map@10:found"),
        ("p@0", r"'p@0' is not a name of a measure; one is written family@cutoff:option"),
        ("P@10", r"'P@10' is not a name of a measure"),
        ("", r"'' is not a name of a measure"),
        ("p@-1", r"'p@-1' is not a name of a measure"),
    ],
)
def test_a_mistaken_name_is_answered_with_what_to_write(name, words):
    with pytest.raises(UnknownNameError, match=words):
        measure(name)
