"""Spellings of class names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrakin.datasets.class_names import counterpart, match_class, plain
from terrakin.datasets.dataset import DATASETS

JSST = {
    "patternnet": "Christmas tree farm, baseball field, wastewater treatment plant, oil gas field",
    "whu-rs19": "airport, football field, railway station, viaduct",
    "ucm": "baseball diamond, mobile home park, sparse residential, Highway, Agriculture, Sparse housing",
    "rsscn7": "grass, field, industry, rivers-lakes, forest, resident, parking",
    "aid": "bare land, baseball field, storage tanks, viaduct",
    "nwpu-resisc45": "sea ice, seaice, sea_ice, thermal power station",
}
"""Names as the papers print them."""

MEANT = {
    "Highway": "freeway",
    "Agriculture": "agricultural",
    "Sparse housing": "sparseresidential",
    "rivers-lakes": "dRiverLake",
    "seaice": "sea_ice",
    "grass": "aGrass",
    "parking": "gParking",
}


@pytest.mark.parametrize(("dataset", "name"), [(key, name) for key, names in JSST.items() for name in names.split(", ")])
def test_names_of_the_papers_are_found(dataset: str, name: str) -> None:
    found = match_class(name, DATASETS[dataset].classes, lettered=dataset == "rsscn7")
    assert found is not None
    assert found == MEANT.get(name, found)
    assert plain(name) in plain(found) or name in MEANT


def test_the_leading_letter_is_kept_where_it_does_not_order() -> None:
    assert match_class("grass", ["aGrass"]) is None
    assert match_class("arking", DATASETS["aid"].classes) is None


def test_an_unknown_name_is_none() -> None:
    assert match_class("volcano", DATASETS["ucm"].classes) is None
    assert match_class("", DATASETS["ucm"].classes) is None


@given(st.sampled_from(list(DATASETS["nwpu-resisc45"].classes)), st.sampled_from(["", " ", "-", "_", ". "]), st.booleans())
def test_separators_and_case_do_not_matter(name: str, separator: str, upper: bool) -> None:
    spelt = name.replace("_", separator)
    assert match_class(spelt.upper() if upper else spelt, DATASETS["nwpu-resisc45"].classes) == name


def test_18_classes_of_patternnet_have_a_counterpart_in_ucm() -> None:
    """20 of the 38 have none, which is what is known of self-training from the one on the other."""
    ucm = DATASETS["ucm"].classes
    found = {name: counterpart(name, ucm) for name in DATASETS["patternnet"].classes}
    meant = {name: other for name, other in found.items() if other is not None}
    assert len(meant) == 18
    assert (meant["baseball_field"], meant["storage_tank"]) == ("baseballdiamond", "storagetanks")
    assert all(plain(name) == plain(other) for name, other in meant.items() if name not in ("baseball_field", "storage_tank"))


@pytest.mark.parametrize(("one", "other"), [("ucm", "aid"), ("ucm", "nwpu-resisc45"), ("aid", "patternnet")])
def test_counterparts_are_each_others(one: str, other: str) -> None:
    here, there = DATASETS[one].classes, DATASETS[other].classes
    for name in here:
        if (found := counterpart(name, there)) is not None:
            assert counterpart(found, here) == name
