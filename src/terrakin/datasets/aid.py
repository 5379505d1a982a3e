"""AID: 30 classes of 220 to 420 images from several sensors and countries.

File numbers have no leading zeros, so ids sorted as text are not in the published order: where that order matters, sort by the
number. Classes are unequal: report means per query and per class.
"""

from terrakin.datasets.class_folders import ClassFolders
from terrakin.datasets.dataset import Facts

__all__ = ["AID"]

_COUNTS = {
    "Airport": 360,
    "BareLand": 310,
    "BaseballField": 220,
    "Beach": 400,
    "Bridge": 360,
    "Center": 260,
    "Church": 240,
    "Commercial": 350,
    "DenseResidential": 410,
    "Desert": 300,
    "Farmland": 370,
    "Forest": 250,
    "Industrial": 390,
    "Meadow": 280,
    "MediumResidential": 290,
    "Mountain": 340,
    "Park": 350,
    "Parking": 390,
    "Playground": 370,
    "Pond": 420,
    "Port": 380,
    "RailwayStation": 260,
    "Resort": 290,
    "River": 410,
    "School": 300,
    "SparseResidential": 300,
    "Square": 330,
    "Stadium": 290,
    "StorageTanks": 360,
    "Viaduct": 420,
}

AID = ClassFolders(
    name="aid",
    title="AID",
    counts=_COUNTS,
    facts=Facts(
        images=10000,
        pixels="600 x 600",
        gsd="0.5-8",
        bands=("red", "green", "blue"),
        licence="not stated by the page, mirrors disagree; research use",
        citation="Xia et al., AID: a benchmark data set for aerial scene classification, IEEE TGRS 55(7), 2017",
    ),
)
