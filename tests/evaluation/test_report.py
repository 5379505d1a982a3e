import json

import pytest

from terrakin.evaluation.report import Estimate, JudgedHit, JudgedQuery, Report
from terrakin.spaces.space import Space


@pytest.fixture
def report() -> Report:
    hits = (JudgedHit(1, "b", 0.25, True, ("x",)), JudgedHit(2, "c", float("inf"), False, ()))
    return Report(
        measures={
            "map": Estimate(0.51234, 0.4, 0.6),
            "p@10": Estimate(0.7, 0.65, 0.75),
            "map@10:found": Estimate(0.9, 0.8, 1.0),
        },
        per_class={"x|y": {"map": 0.5, "p@10": 0.7, "map@10:found": 0.9}},
        ceilings={"p@10": 0.95},
        precision_curve={1: 1.0, 2: 0.5},
        space=Space("hamming", 64),
        protocol={
            "name": "loo",
            "queries": 2,
            "excluded": 1,
            "interval": {"kind": "query", "level": 0.95, "draws": 2000, "seed": 0},
            "seeds": [0, 1],
            "measures": {"map": "standard"},
            "tied_queries": 0.123456,
        },
        worst=(JudgedQuery("a", 0.25, ("x", "y"), hits),),
        expected={"map": 0.52},
        class_intervals={"map": (0.3, 0.7)},
        per_class_intervals={"x|y": {"map": (0.25, 0.75)}},
        spread={"p@10": 0.01},
        warnings=("few classes",),
    )


def test_it_shows_itself_in_a_line(report):
    shown = "mAP 0.512 [0.400, 0.600], P@10 0.700 [0.650, 0.750], mAP@10(found) 0.900 [0.800, 1.000]"
    assert repr(report) == f"<Report: {shown}; 2 queries>"


def test_json(report):
    assert json.loads(report.to_json()) == {
        "measures": {
            "map": {"value": 0.51234, "ci95": [0.4, 0.6], "ci95_classes": [0.3, 0.7], "expected": 0.52},
            "p@10": {"value": 0.7, "ci95": [0.65, 0.75], "ceiling": 0.95, "spread": 0.01},
            "map@10:found": {"value": 0.9, "ci95": [0.8, 1.0]},
        },
        "per_class": {"x|y": {"map": 0.5, "p@10": 0.7, "map@10:found": 0.9}},
        "per_class_ci95": {"x|y": {"map": [0.25, 0.75]}},
        "protocol": dict(report.protocol),
        "space": {"kind": "hamming", "size": 64, "codes": 1},
        "queries": {"evaluated": 2, "without_relevant": 1},
        "precision_curve": {"1": 1.0, "2": 0.5},
        "worst": [
            {
                "id": "a",
                "average_precision": 0.25,
                "labels": ["x", "y"],
                "hits": [
                    {"rank": 1, "id": "b", "distance": 0.25, "relevant": True, "labels": ["x"]},
                    {"rank": 2, "id": "c", "distance": None, "relevant": False, "labels": []},
                ],
            }
        ],
        "warnings": ["few classes"],
    }


def test_the_key_of_the_interval_names_its_level(report):
    report.protocol["interval"]["level"] = 0.9
    assert json.loads(report.to_json())["measures"]["p@10"]["ci90"] == [0.65, 0.75]


def test_markdown(report):
    lines = report.to_markdown().splitlines()
    assert (
        lines[0]
        == "| Measure | Value | 95 % interval | Interval over classes | Ceiling | Expected over ties | Spread over seeds |"
    )
    assert lines[2] == "| mAP | 0.512 | 0.400 to 0.600 | 0.300 to 0.700 |  | 0.520 |  |"
    assert lines[3] == "| P@10 | 0.700 | 0.650 to 0.750 |  | 0.950 |  | 0.010 |"
    assert "| mAP@10(found) | 0.900 | 0.800 to 1.000 |  |  |  |  |" in lines
    assert "| Class | mAP | P@10 |" in lines
    assert r"| x\|y | 0.500 (0.250 to 0.750) | 0.700 |" in lines
    assert "| a | x, y | 0.250 | 1 of 2 |" in lines
    assert "- tied queries: 0.1235" in lines
    assert "- seeds: 0, 1" in lines
    assert "- mAP: standard" in lines
    assert "- space: hamming, 64" in lines
    assert "- warning: few classes" in lines


def test_decimals_follow_the_number_of_queries(report):
    report.protocol["queries"] = 1000
    assert "| mAP | 0.5123 | 0.4000 to 0.6000 |" in report.to_markdown()
