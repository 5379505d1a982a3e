"""From 43 labels to 19."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrakin.datasets.bigearthnet_labels import FROM_43_TO_19, LABELS_19, LABELS_43, to_19

GOLDEN = {
    "Continuous urban fabric": "Urban fabric",
    "Vineyards": "Permanent crops",
    "Annual crops associated with permanent crops": "Permanent crops",
    "Sparsely vegetated areas": "Natural grassland and sparsely vegetated areas",
    "Sclerophyllous vegetation": "Moors, heathland and sclerophyllous vegetation",
    "Transitional woodland/shrub": "Transitional woodland, shrub",
    "Peatbogs": "Inland wetlands",
    "Salines": "Coastal wetlands",
    "Water courses": "Inland waters",
    "Estuaries": "Marine waters",
    "Pastures": "Pastures",
}
NUMBERS = (
    *(0, 0, 1, None, None, None, None, None, None, None, None, 2, 2, 2, 3, 3, 3, 4, 3, 5, 6, 7, 8, 9, 10, 11, 12, 12, 13, 14),
    *(None, 11, None, 15, 15, 16, 16, None, 17, 17, 18, 18, 18),
)
"""Of each of the 43 labels in the published order, its number among the 19."""
REMOVED = {
    "Road and rail networks and associated land",
    "Port areas",
    "Airports",
    "Mineral extraction sites",
    "Dump sites",
    "Construction sites",
    "Green urban areas",
    "Sport and leisure facilities",
    "Bare rock",
    "Burnt areas",
    "Intertidal flats",
}


def test_43_labels_of_which_32_are_mapped_to_19_and_11_removed() -> None:
    assert len(LABELS_43) == 43
    assert len(LABELS_19) == len(set(LABELS_19)) == 19
    assert {label for label, name in FROM_43_TO_19.items() if name is None} == REMOVED
    assert sum(name is not None for name in FROM_43_TO_19.values()) == 32
    assert {name for name in FROM_43_TO_19.values() if name} == set(LABELS_19)


def test_golden_rows() -> None:
    assert {label: FROM_43_TO_19[label] for label in GOLDEN} == GOLDEN


def test_every_label_has_its_published_number() -> None:
    numbers = [None if FROM_43_TO_19[label] is None else LABELS_19.index(FROM_43_TO_19[label]) for label in LABELS_43]
    assert tuple(numbers) == NUMBERS


def test_how_many_labels_fall_together() -> None:
    counts = Counter(name for name in FROM_43_TO_19.values() if name)
    assert counts["Permanent crops"] == 4
    assert counts["Arable land"] == counts["Marine waters"] == 3
    assert sum(count == 2 for count in counts.values()) == 6


def test_orders_follow_corine() -> None:
    assert (LABELS_43[0], LABELS_43[20][:12], LABELS_43[42]) == ("Continuous urban fabric", "Land princip", "Sea and ocean")
    assert (LABELS_19[0], LABELS_19[9], LABELS_19[18]) == ("Urban fabric", "Coniferous forest", "Marine waters")
    firsts = dict.fromkeys(name for name in FROM_43_TO_19.values() if name)
    assert set(firsts) == set(LABELS_19)


@given(st.lists(st.sampled_from(LABELS_43)))
def test_relabelling_gives_sorted_distinct_labels_of_the_19(labels: list[str]) -> None:
    result = to_19(labels)
    assert list(result) == sorted(set(result))
    assert set(result) == {FROM_43_TO_19[label] for label in labels} - {None}


@pytest.mark.shared
def test_agrees_with_the_authors_file(shared: Path) -> None:
    theirs = json.loads((shared / "scenes/bigearthnet/labels_43_19.json").read_text())
    assert tuple(theirs["labels_43_original_order"]) == LABELS_43
    assert tuple(theirs["labels_19_original_order"]) == LABELS_19
    assert theirs["map_43_to_19"] == FROM_43_TO_19
