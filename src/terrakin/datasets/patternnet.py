"""PatternNet: 38 classes of 800 images made for retrieval."""

from terrakin.datasets.class_folders import ClassFolders
from terrakin.datasets.dataset import Facts

__all__ = ["PATTERNNET"]

_COUNTS = dict.fromkeys(
    (
        "airplane",
        "baseball_field",
        "basketball_court",
        "beach",
        "bridge",
        "cemetery",
        "chaparral",
        "christmas_tree_farm",
        "closed_road",
        "coastal_mansion",
        "crosswalk",
        "dense_residential",
        "ferry_terminal",
        "football_field",
        "forest",
        "freeway",
        "golf_course",
        "harbor",
        "intersection",
        "mobile_home_park",
        "nursing_home",
        "oil_gas_field",
        "oil_well",
        "overpass",
        "parking_lot",
        "parking_space",
        "railway",
        "river",
        "runway",
        "runway_marking",
        "shipping_yard",
        "solar_panel",
        "sparse_residential",
        "storage_tank",
        "swimming_pool",
        "tennis_court",
        "transformer_station",
        "wastewater_treatment_plant",
    ),
    800,
)

PATTERNNET = ClassFolders(
    name="patternnet",
    title="PatternNet",
    counts=_COUNTS,
    facts=Facts(
        images=30400,
        pixels="256 x 256",
        gsd="0.062-4.693, by class",
        bands=("red", "green", "blue"),
        licence="not stated; research use, Google imagery terms",
        citation="Zhou et al., PatternNet: a benchmark dataset for remote sensing image retrieval, ISPRS Journal 145, 2018",
    ),
)
