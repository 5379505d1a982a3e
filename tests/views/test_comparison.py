from terrakin.evaluation.compare import Comparison
from terrakin.evaluation.report import Estimate
from terrakin.views.comparison import comparison_values, plain_comparison

FOUND = Comparison({"map": 0.5}, {"map": 0.4}, {"map": Estimate(-0.1, -0.2, 0.0)}, queries=7)


def test_a_row_a_measure_with_signs():
    assert [line.split() for line in plain_comparison(FOUND).splitlines()] == [
        ["measure", "this", "other", "difference", "interval"],
        ["mAP", "0.4000", "0.5000", "-0.1000", "-0.2000", "–", "+0.0000"],
    ]


def test_values_are_those_of_the_comparison():
    assert comparison_values(FOUND) == {"map": {"value": 0.5, "difference": -0.1, "ci95": [-0.2, 0.0]}}
