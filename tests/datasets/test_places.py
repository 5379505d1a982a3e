"""The manifest of places."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from terrakin.datasets.places import PLACES
from terrakin.errors import DatasetError

Tree = Callable[[Mapping[str, str]], Path]

HEADER = "path,place,year,minx,miny,maxx,maxy"
IMAGES = {"2016/a.png": "", "2017/a.png": ""}


def manifest(*rows: str) -> dict[str, str]:
    return {**IMAGES, "places.csv": "\n".join([HEADER, *rows]) + "\n"}


def test_a_place_is_the_label_and_year_and_box_are_properties(tree: Tree) -> None:
    root = tree(manifest("2017/a.png,p1,2017,0,0.5,10,20", "2016/a.png,p1,2016,,,,"))
    first, second = PLACES.samples(root)
    assert (first.id, first.labels, dict(first.properties)) == ("2016/a.png", ("p1",), {"year": 2016})
    assert dict(second.properties) == {"year": 2017, "minx": 0.0, "miny": 0.5, "maxx": 10.0, "maxy": 20.0}
    assert first.path == str((root / "2016/a.png").resolve())


def test_the_manifest_may_be_given_itself_and_have_more_columns(tree: Tree) -> None:
    root = tree({**IMAGES, "mine.csv": f"\ufeffsensor,{HEADER}\nx,2016/a.png,p1,2016,,,,\n"})
    assert [sample.id for sample in PLACES.samples(root / "mine.csv")] == ["2016/a.png"]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (("2016/a.png,p1,soon,,,,",), "line 2 of .*places.csv: year must be a whole number"),
        (("2016/a.png,p1,2016,1,,,",), "line 2 .* the box four numbers or empty"),
        (("2016/a.png,p1,2016,5,0,5,9",), "the box must have minx < maxx and miny < maxy, got"),
        (("2016/a.png,p1,2016,0,0,inf,9",), "the box must have minx < maxx"),
        (("2016/a.png,,2016,,,,",), "the place of '2016/a.png' is empty"),
        (("2018/a.png,p1,2018,,,,",), "there is no image .*2018/a.png"),
        (("../a.png,p1,2018,,,,",), r"the path '../a.png' leads out of"),
        (("/etc/passwd,p1,2018,,,,",), r"the path '/etc/passwd' leads out of"),
        (("2016/a.png,p1,2016,,,,", "2016/../2016/a.png,p2,2016,,,,"), "line 3 .* lists '2016/a.png' a second time"),
        ((), "lists no image"),
    ],
)
def test_bad_rows_are_refused_with_their_line(tree: Tree, rows: tuple[str, ...], words: str) -> None:
    with pytest.raises(DatasetError, match=words):
        PLACES.samples(tree(manifest(*rows)))


def test_missing_columns_are_named(tree: Tree) -> None:
    with pytest.raises(DatasetError, match="lacks the columns year, maxy"):
        PLACES.samples(tree({"places.csv": "path,place,minx,miny,maxx\n"}))


def test_no_manifest_is_said_with_its_columns(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"there is no manifest .*places.csv; it is a csv with the columns path, place"):
        PLACES.samples(tmp_path)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "places.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DatasetError, match="cannot read the manifest"):
        PLACES.samples(tmp_path)
