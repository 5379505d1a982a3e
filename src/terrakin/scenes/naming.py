"""Names of a raster's bands, decided from what its header and its sensor tell."""

from terrakin.scenes.header import Header
from terrakin.scenes.scene import Band
from terrakin.scenes.sensors import SENSORS

__all__ = ["common_name", "name_bands", "sensor_band"]

_COMMON_NAMES = {
    "r": "red",
    "g": "green",
    "b": "blue",
    "near infrared": "nir",
    "near-infrared": "nir",
    "near_infrared": "nir",
    "infrared": "nir",
    "grey": "gray",
    "panchromatic": "pan",
    "red edge": "rededge",
    "red_edge": "rededge",
    "coastal aerosol": "coastal",
}
"""What descriptions call common names."""

_NAMED = {"red", "green", "blue", "nir", "pan", "coastal", "rededge"}
"""GDAL colour interpretations that tell what a band measures; the others tell how to draw it."""

_KNOWN_COMMON = _NAMED | {band.common_name for sensor in SENSORS.values() for band in sensor.bands if band.common_name}


def name_bands(header: Header, sensor: str | None) -> tuple[Band, ...]:
    """The bands of one raster file, in its order.

    The first of these that tells a band of it: its description; the table of a sensor whose files are stacks (Planet's 4 band
    files say red, green, blue, undefined and hold blue, green, red, nir); its colour interpretation; its number. A single grey
    band is called `gray`.

    Args:
        header: of the file.
        sensor: key of the sensor table, where it is known.
    """
    table = SENSORS[sensor].bands if sensor else ()
    stacked = sensor is not None and SENSORS[sensor].stacked and len(table) == len(header.indexes)
    by_description = all(header.descriptions) and len(set(header.descriptions)) == len(header.descriptions)
    colours = [colour if colour in _NAMED and header.colours.count(colour) == 1 else None for colour in header.colours]
    bands = []
    for i, index in enumerate(header.indexes):
        name, common = f"b{index}", colours[i]
        if by_description:
            name = header.descriptions[i]
            common = common_name(name, sensor) or common
        elif stacked:
            name, common = table[i].name, table[i].common_name
        elif common:
            name = common
        elif header.colours == ("gray",):
            name = "gray"
        bands.append(Band(name, header.path, index, common, header.scales[i], header.offsets[i]))
    return tuple(bands)


def sensor_band(header: Header, name: str, sensor: str | None) -> Band:
    """The one band of a per-band file.

    Args:
        header: of the file; its first band counts.
        name: sensor name of the band.
        sensor: key of the sensor table, where it is known.
    """
    return Band(name, header.path, header.indexes[0], common_name(name, sensor), header.scales[0], header.offsets[0])


def common_name(name: str, sensor: str | None) -> str | None:
    """The common name that a band's name stands for, by the sensor's table or by itself (`Near Infrared` is `nir`)."""
    if sensor:
        for band in SENSORS[sensor].bands:
            if band.name.lower() == name.lower():
                return band.common_name
    word = name.lower()
    word = _COMMON_NAMES.get(word, word)
    return word if word in _KNOWN_COMMON else None
