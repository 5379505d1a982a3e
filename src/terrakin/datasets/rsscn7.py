"""RSSCN7: 7 classes of 400 images at four scales.

The letter that starts a folder name is part of it: it orders the classes and is stripped for display only.
"""

from terrakin.datasets.class_folders import ClassFolders
from terrakin.datasets.dataset import Facts

__all__ = ["RSSCN7"]

_COUNTS = dict.fromkeys(
    (
        "aGrass",
        "bField",
        "cIndustry",
        "dRiverLake",
        "eForest",
        "fResident",
        "gParking",
    ),
    400,
)

RSSCN7 = ClassFolders(
    name="rsscn7",
    title="RSSCN7",
    counts=_COUNTS,
    facts=Facts(
        images=2800,
        pixels="400 x 400",
        gsd="four scales",
        bands=("red", "green", "blue"),
        licence="not stated; research use",
        citation="Zou et al., Deep learning based feature selection for scene classification, IEEE GRSL 12(11), 2015",
    ),
    lettered=True,
)
