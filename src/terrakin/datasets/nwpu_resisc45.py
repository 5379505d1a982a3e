"""NWPU-RESISC45: 45 classes of 700 images from over 100 countries."""

from terrakin.datasets.class_folders import ClassFolders
from terrakin.datasets.dataset import Facts

__all__ = ["NWPU_RESISC45"]

_COUNTS = dict.fromkeys(
    (
        "airplane",
        "airport",
        "baseball_diamond",
        "basketball_court",
        "beach",
        "bridge",
        "chaparral",
        "church",
        "circular_farmland",
        "cloud",
        "commercial_area",
        "dense_residential",
        "desert",
        "forest",
        "freeway",
        "golf_course",
        "ground_track_field",
        "harbor",
        "industrial_area",
        "intersection",
        "island",
        "lake",
        "meadow",
        "medium_residential",
        "mobile_home_park",
        "mountain",
        "overpass",
        "palace",
        "parking_lot",
        "railway",
        "railway_station",
        "rectangular_farmland",
        "river",
        "roundabout",
        "runway",
        "sea_ice",
        "ship",
        "snowberg",
        "sparse_residential",
        "stadium",
        "storage_tank",
        "tennis_court",
        "terrace",
        "thermal_power_station",
        "wetland",
    ),
    700,
)

NWPU_RESISC45 = ClassFolders(
    name="nwpu-resisc45",
    title="NWPU-RESISC45",
    counts=_COUNTS,
    facts=Facts(
        images=31500,
        pixels="256 x 256",
        gsd="0.2-30",
        bands=("red", "green", "blue"),
        licence="not stated; research use",
        citation="Cheng et al., Remote sensing image scene classification, Proc. IEEE 105(10), 2017",
    ),
    split_lists="resisc45",
)
