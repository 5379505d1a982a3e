from terrakin.evaluation.compare import Comparison
from terrakin.evaluation.report import Estimate
from terrakin.views.preference import preference_text, preference_values

FOUND = Comparison(
    {"map": 0.5, "p@10": 0.8, "anmrr": 0.4},
    {"map": 0.4, "p@10": 0.81, "anmrr": 0.3},
    {"map": Estimate(-0.1, -0.2, -0.05), "p@10": Estimate(0.01, -0.01, 0.03), "anmrr": Estimate(-0.1, -0.2, -0.05)},
    queries=1700,
)

DIFFERENCES = dict.fromkeys(("map", "p@5"), Estimate(0.0, -0.1, 0.1))


def test_a_table_and_a_sentence_a_measure():
    table, *sentences = preference_text(FOUND, "old", "new\x1b", protocol="loo").split("\n\n")
    assert [line.split() for line in table.splitlines()][:2] == [
        ["measure", "old", "new\\x1b", "difference", "interval"],
        ["mAP", "0.5000", "0.4000", "-0.1000", "-0.2000", "–", "-0.0500"],
    ]
    assert sentences[0].splitlines() == [
        "mAP: old is better by 0.1000 (0.0500 to 0.2000)",
        "P@10: no real difference between old and new\\x1b (+0.0100, the interval holds 0)",
        "ANMRR: new\\x1b is better by 0.1000 (0.0500 to 0.2000)",
        "(protocol loo, 1,700 queries of each model, paired bootstrap, 95 %)",
    ]


def test_words_are_for_the_main_measures():
    many = Comparison(dict.fromkeys(("map", "p@5"), 0.5), dict.fromkeys(("map", "p@5"), 0.5), DIFFERENCES, queries=2)
    assert "P@5: " not in preference_text(many, "a", "b", protocol="loo")
    alone = Comparison({"p@5": 0.5}, {"p@5": 0.6}, {"p@5": Estimate(0.1, 0.05, 0.2)}, queries=2)
    assert "P@5: b is better by 0.1000" in preference_text(alone, "a", "b", protocol="loo")


def test_values_say_who_is_better():
    values = preference_values(FOUND, "old", "new", protocol="loo")
    assert (values["first"], values["second"], values["protocol"], values["queries"]) == ("old", "new", "loo", 1700)
    assert {name: one["better"] for name, one in values["measures"].items()} == {
        "map": "first",
        "p@10": None,
        "anmrr": "second",
    }
    assert values["measures"]["map"] == {
        "first": 0.5,
        "second": 0.4,
        "difference": -0.1,
        "ci95": [-0.2, -0.05],
        "better": "first",
    }
