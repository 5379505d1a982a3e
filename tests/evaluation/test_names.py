import pytest

from terrakin.errors import UnknownNameError
from terrakin.evaluation.names import MeasureName, parse_name, title


@pytest.mark.parametrize(
    ("name", "parsed", "printed"),
    [
        ("map", MeasureName("map", None, ()), "mAP"),
        ("p@10", MeasureName("p", 10, ()), "P@10"),
        ("np@5", MeasureName("np", 5, ()), "nP@5"),
        ("map@10:found", MeasureName("map", 10, ("found",)), "mAP@10(found)"),
        ("ndcg@5:shared:exp", MeasureName("ndcg", 5, ("shared", "exp")), "nDCG@5(shared, exp)"),
        ("anmrr:2ng", MeasureName("anmrr", None, ("2ng",)), "ANMRR(2ng)"),
        ("label-f1@20:of-means", MeasureName("label-f1", 20, ("of-means",)), "Label F1@20(of-means)"),
        ("third-party@3", MeasureName("third-party", 3, ()), "third-party@3"),
    ],
)
def test_names_are_taken_apart_and_printed(name, parsed, printed):
    assert parse_name(name) == parsed
    assert title(name) == printed


@pytest.mark.parametrize(
    "name", ["", "p@", "@5", "p@0", "p@00", "p@1.5", "p:", "MAP", "p @5", "p@5:", "map@10:found ", "p@9999999999"]
)
def test_what_is_not_a_name_is_refused(name):
    with pytest.raises(UnknownNameError, match="is not a name of a measure; one is written family@cutoff:option, such as map"):
        parse_name(name)
