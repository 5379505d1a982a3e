import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terrakin.errors import EvaluationError
from terrakin.evaluation import bootstrap
from terrakin.evaluation.bootstrap import Resampling, interval, mean_values, quantiles, resampled_means, units

# Example B of the page that defines the measures.
VALUES = np.array([[0.9], [0.8], [1.0], [0.4], [0.6], [0.7]])
QUERIES = np.arange(6)
CLASSES = np.array([0, 0, 1, 1, 2, 2])
QUERY_DRAWS = np.array([[0, 1, 2, 3, 4, 5], [0, 0, 1, 2, 5, 5], [3, 3, 4, 4, 1, 0], [2, 2, 2, 5, 1, 4], [3, 4, 5, 3, 1, 2]])
CLASS_DRAWS = np.array([[0, 1, 2], [0, 0, 2], [1, 1, 2], [2, 2, 2], [1, 0, 0]])


def test_example_b_query_draws():
    means = resampled_means(units(VALUES, QUERIES), QUERY_DRAWS)
    assert means[:, 0] == pytest.approx([0.733333, 0.833333, 0.616667, 0.85, 0.65], abs=5e-7)
    assert quantiles(means, (0.025, 0.1, 0.9, 0.975))[:, 0] == pytest.approx([0.62, 0.63, 0.843333, 0.848333], abs=5e-7)


def test_example_b_class_draws():
    means = resampled_means(units(VALUES, CLASSES), CLASS_DRAWS)
    assert means[:, 0] == pytest.approx([0.733333, 0.783333, 0.683333, 0.65, 0.8], abs=5e-7)
    assert quantiles(means, (0.025, 0.975))[:, 0] == pytest.approx([0.653333, 0.798333], abs=5e-7)


def test_means_over_queries_and_over_classes():
    values = np.array([[1.0], [0.5], [0.0]])
    classes = np.array([0, 0, 1])
    assert mean_values(values, classes, "query")[0] == pytest.approx(0.5)
    assert mean_values(values, classes, "class")[0] == pytest.approx(0.375)


def plain_interval(values, queries, classes, how: Resampling) -> list[float]:
    """One measure, one query a row, loops; the same generator."""
    rng = np.random.default_rng(how.seed)
    groups = [[v for v, c in zip(values, classes, strict=True) if c == one] for one in sorted(set(classes))]
    means = []
    if how.mean == "class" and how.unit == "query":
        draws = [rng.integers(len(group), size=(how.draws, len(group))) for group in groups]
        for b in range(how.draws):
            inside = [np.mean([group[i] for i in of[b]]) for group, of in zip(groups, draws, strict=True)]
            means.append(np.mean(inside))
    else:
        count = len(values) if how.unit == "query" else len(groups)
        for draw in rng.integers(count, size=(how.draws, count)):
            if how.unit == "query":
                means.append(np.mean([values[i] for i in draw]))
            elif how.mean == "query":
                means.append(np.mean([v for i in draw for v in groups[i]]))
            else:
                means.append(np.mean([np.mean(groups[i]) for i in draw]))
    return [float(np.quantile(means, share)) for share in ((1 - how.level) / 2, (1 + how.level) / 2)]


@pytest.mark.parametrize("unit", ["query", "class"])
@pytest.mark.parametrize("mean", ["query", "class"])
@settings(max_examples=15)
@given(values=st.lists(st.floats(0, 1), min_size=4, max_size=9), seed=st.integers(0, 9))
def test_every_kind_of_interval_equals_the_plain_loops(unit, mean, values, seed):
    classes = [i % 3 for i in range(len(values))]
    how = Resampling(unit=unit, mean=mean, level=0.8, draws=30, seed=seed)
    found = interval(np.array(values)[:, None], np.arange(len(values)), np.array(classes), how)
    assert found[:, 0] == pytest.approx(plain_interval(values, None, classes, how), abs=1e-12)


def test_chunks_of_draws_change_nothing(monkeypatch: pytest.MonkeyPatch):
    values = np.random.default_rng(0).random((50, 2))
    how = Resampling(draws=200)
    whole = interval(values, np.arange(50), None, how)
    monkeypatch.setattr(bootstrap, "_CHUNK", 120)
    assert interval(values, np.arange(50), None, how).tolist() == whole.tolist()


def test_measures_do_not_change_each_other():
    values = np.random.default_rng(1).random((30, 3))
    how = Resampling(draws=100)
    together = interval(values, np.arange(30), None, how)
    for i in range(3):
        assert interval(values[:, i : i + 1], np.arange(30), None, how)[:, 0].tolist() == together[:, i].tolist()


def test_a_query_of_several_trials_is_drawn_as_a_whole():
    # Asked five times, a query says no more than asked once: the interval is as wide.
    values = np.random.default_rng(2).random((20, 1))
    how = Resampling(draws=300)
    once = interval(values, np.arange(20), None, how)
    often = interval(np.repeat(values, 5, axis=0), np.repeat(np.arange(20), 5), None, how)
    np.testing.assert_allclose(often, once, rtol=0, atol=1e-12)


def test_classes_that_differ_make_the_interval_over_classes_wider():
    classes = np.repeat(np.arange(10), 30)
    values = (classes / 10)[:, None] + 0.01 * np.random.default_rng(3).random((300, 1))
    widths = [float(np.ptp(interval(values, np.arange(300), classes, Resampling(unit=unit)))) for unit in ("query", "class")]
    assert widths[1] > 3 * widths[0]


def test_the_level_and_the_seed_matter():
    values = np.random.default_rng(4).random((40, 1))
    narrow, wide, other = (
        interval(values, np.arange(40), None, how).tolist()
        for how in (Resampling(level=0.5), Resampling(level=0.99), Resampling(level=0.5, seed=1))
    )
    assert wide[0][0] < narrow[0][0] < narrow[1][0] < wide[1][0]
    assert other != narrow


@pytest.mark.parametrize("options", [{"unit": "chip"}, {"mean": "label"}, {"level": 0.0}, {"level": 1.0}, {"draws": 0}])
def test_what_cannot_be_resampled_is_refused(options):
    with pytest.raises(EvaluationError, match=r"over query or class, got|in \(0, 1\) and draws are at least 1, got"):
        Resampling(**options)


@pytest.mark.parametrize("options", [{"unit": "class"}, {"mean": "class"}])
def test_classes_are_needed_for_classes(options):
    with pytest.raises(EvaluationError, match="over classes needs chips with one class each; choose query"):
        interval(VALUES, QUERIES, None, Resampling(**options))
