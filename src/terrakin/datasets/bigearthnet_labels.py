"""The 43 labels of BigEarthNet v1, and how they become 19.

Label names contain commas: never split a list of labels at commas.
"""

from collections.abc import Iterable

__all__ = ["FROM_43_TO_19", "LABELS_19", "LABELS_43", "to_19"]

_AGRICULTURE_AND_NATURE = "Land principally occupied by agriculture, with significant areas of natural vegetation"

FROM_43_TO_19: dict[str, str | None] = {
    "Continuous urban fabric": "Urban fabric",
    "Discontinuous urban fabric": "Urban fabric",
    "Industrial or commercial units": "Industrial or commercial units",
    "Road and rail networks and associated land": None,
    "Port areas": None,
    "Airports": None,
    "Mineral extraction sites": None,
    "Dump sites": None,
    "Construction sites": None,
    "Green urban areas": None,
    "Sport and leisure facilities": None,
    "Non-irrigated arable land": "Arable land",
    "Permanently irrigated land": "Arable land",
    "Rice fields": "Arable land",
    "Vineyards": "Permanent crops",
    "Fruit trees and berry plantations": "Permanent crops",
    "Olive groves": "Permanent crops",
    "Pastures": "Pastures",
    "Annual crops associated with permanent crops": "Permanent crops",
    "Complex cultivation patterns": "Complex cultivation patterns",
    _AGRICULTURE_AND_NATURE: _AGRICULTURE_AND_NATURE,
    "Agro-forestry areas": "Agro-forestry areas",
    "Broad-leaved forest": "Broad-leaved forest",
    "Coniferous forest": "Coniferous forest",
    "Mixed forest": "Mixed forest",
    "Natural grassland": "Natural grassland and sparsely vegetated areas",
    "Moors and heathland": "Moors, heathland and sclerophyllous vegetation",
    "Sclerophyllous vegetation": "Moors, heathland and sclerophyllous vegetation",
    "Transitional woodland/shrub": "Transitional woodland, shrub",
    "Beaches, dunes, sands": "Beaches, dunes, sands",
    "Bare rock": None,
    "Sparsely vegetated areas": "Natural grassland and sparsely vegetated areas",
    "Burnt areas": None,
    "Inland marshes": "Inland wetlands",
    "Peatbogs": "Inland wetlands",
    "Salt marshes": "Coastal wetlands",
    "Salines": "Coastal wetlands",
    "Intertidal flats": None,
    "Water courses": "Inland waters",
    "Water bodies": "Inland waters",
    "Coastal lagoons": "Marine waters",
    "Estuaries": "Marine waters",
    "Sea and ocean": "Marine waters",
}
"""Each of the 43 labels in CORINE order, and its label among the 19, or none where it is removed.

Sumbul et al., BigEarthNet-MM, IEEE GRSM 9(3), 2021.
"""

LABELS_43 = tuple(FROM_43_TO_19)
"""The 43 labels in CORINE order. Another public reader sorts them by name: store names, never indices."""

LABELS_19 = (
    "Urban fabric",
    "Industrial or commercial units",
    "Arable land",
    "Permanent crops",
    "Pastures",
    "Complex cultivation patterns",
    _AGRICULTURE_AND_NATURE,
    "Agro-forestry areas",
    "Broad-leaved forest",
    "Coniferous forest",
    "Mixed forest",
    "Natural grassland and sparsely vegetated areas",
    "Moors, heathland and sclerophyllous vegetation",
    "Transitional woodland, shrub",
    "Beaches, dunes, sands",
    "Inland wetlands",
    "Coastal wetlands",
    "Inland waters",
    "Marine waters",
)
"""The 19 labels in their published order."""


def to_19(labels: Iterable[str]) -> tuple[str, ...]:
    """The 19-label names of some of the 43 labels, sorted, each once; empty where all are removed.

    Args:
        labels: names of `LABELS_43`; another name is a KeyError.

    >>> to_19(["Airports", "Rice fields", "Non-irrigated arable land"])
    ('Arable land',)
    """
    return tuple(sorted({name for label in labels if (name := FROM_43_TO_19[label])}))
