import pytest

from terrakin.scenes.header import Header
from terrakin.scenes.naming import name_bands, sensor_band


def header(*, colours: tuple[str, ...] = ("undefined",), descriptions: tuple[str, ...] = ()) -> Header:
    n = len(descriptions or colours)
    return Header(
        path="/x.tif",
        width=1,
        height=1,
        indexes=tuple(range(1, n + 1)),
        dtype="uint8",
        colours=colours if len(colours) == n else ("undefined",) * n,
        descriptions=descriptions or ("",) * n,
        scales=(1.0,) * n,
        offsets=(0.0,) * n,
    )


@pytest.mark.parametrize(
    ("told", "sensor", "wanted"),
    [
        ({"colours": ("red", "green", "blue")}, None, ["red red", "green green", "blue blue"]),
        ({"colours": ("blue", "green", "red")}, None, ["blue blue", "green green", "red red"]),
        (
            {"colours": ("red", "green", "blue", "undefined", "undefined")},
            None,
            ["red red", "green green", "blue blue", "b4 -", "b5 -"],
        ),
        ({"colours": ("gray",)}, None, ["gray -"]),
        ({"colours": ("palette",)}, None, ["b1 -"]),
        # What GDAL says of four bands when nobody told it.
        ({"colours": ("gray", "undefined", "undefined", "undefined")}, None, ["b1 -", "b2 -", "b3 -", "b4 -"]),
        (
            {"colours": ("gray", "undefined", "undefined", "undefined")},
            "naip",
            ["red red", "green green", "blue blue", "nir nir"],
        ),
        # Planet's files claim red, green, blue.
        ({"colours": ("red", "green", "blue", "undefined")}, "planet-4", ["blue blue", "green green", "red red", "nir nir"]),
        ({"colours": ("red", "green", "blue")}, "planet-4", ["red red", "green green", "blue blue"]),
        ({"descriptions": ("R", "G", "B")}, None, ["R red", "G green", "B blue"]),
        ({"descriptions": ("Near Infrared", "IR-9680")}, None, ["Near Infrared nir", "IR-9680 -"]),
        ({"descriptions": ("B04", "B08")}, "sentinel-2", ["B04 red", "B08 nir"]),
        ({"descriptions": ("B04", "B08")}, None, ["B04 -", "B08 -"]),
        (
            {"descriptions": ("Band 1", "Band 2", "Band 3"), "colours": ("red", "green", "blue")},
            None,
            ["Band 1 red", "Band 2 green", "Band 3 blue"],
        ),
        # Descriptions that repeat or lack name nothing.
        ({"descriptions": ("x", "x")}, None, ["b1 -", "b2 -"]),
        ({"descriptions": ("red", "")}, None, ["b1 -", "b2 -"]),
    ],
)
def test_names_of_bands(told: dict[str, tuple[str, ...]], sensor: str | None, wanted: list[str]) -> None:
    bands = name_bands(header(**told), sensor)
    assert [f"{band.name} {band.common_name or '-'}" for band in bands] == wanted


def test_a_band_file_is_named_by_its_file() -> None:
    assert sensor_band(header(), "B8A", "sentinel-2").common_name == "nir08"
    assert sensor_band(header(), "B1", None).common_name is None
