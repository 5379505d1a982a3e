import pytest

from terrakin.errors import BandNotFoundError
from terrakin.scenes.scene import Band, Scene
from terrakin.scenes.select import select

RGB = ("red", "green", "blue")


def scene(*bands: tuple[str, str | None]) -> Scene:
    made = tuple(Band(name, "/x.tif", i, common) for i, (name, common) in enumerate(bands, start=1))
    return Scene(uri="/x.tif", key="x.tif", bands=made, width=1, height=1, dtype="uint8", fingerprint="")


@pytest.mark.parametrize(
    ("bands", "wanted", "indexes"),
    [
        ([("B02", "blue"), ("B03", "green"), ("B04", "red")], RGB, [3, 2, 1]),
        ([("B02", "blue"), ("B03", "green"), ("B04", "red")], ("b04", "GREEN"), [3, 2]),
        ([("gray", None)], RGB, [1, 1, 1]),
        ([("B8A", "nir08")], RGB, [1, 1, 1]),
        ([("b1", None), ("b2", None), ("b3", None), ("b4", None)], RGB, [1, 2, 3]),
        ([("b1", None), ("b2", None), ("b3", None), ("b4", None)], ("b4", "b1"), [4, 1]),
        # A name is asked before a common name.
        ([("red", "nir"), ("other", "red")], ("red",), [1]),
    ],
)
def test_bands_are_found(bands: list[tuple[str, str | None]], wanted: tuple[str, ...], indexes: list[int]) -> None:
    assert [band.index for band in select(scene(*bands), wanted)] == indexes


@pytest.mark.parametrize(
    ("bands", "wanted", "message"),
    [
        (
            [("B02", "blue"), ("B03", "green"), ("B08", "nir")],
            RGB,
            r"'x.tif' has no band 'red'; it has B02 \(blue\), B03 \(green\), B08",
        ),
        ([("b1", None), ("b2", None)], RGB, r"no band 'red'; it has b1, b2\. Choose"),
        ([("gray", None)], ("nir",), r"no band 'nir'; it has gray\."),
        ([("b1", None), ("b2", None), ("b3", None)], ("red", "nir"), "no band 'red'"),
    ],
)
def test_a_missing_band_lists_what_there_is(bands: list[tuple[str, str | None]], wanted: tuple[str, ...], message: str) -> None:
    with pytest.raises(BandNotFoundError, match=message):
        select(scene(*bands), wanted)
