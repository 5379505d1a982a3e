import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from terrakin.errors import SourceError
from terrakin.scenes.find import open_scene


def write_csv(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def test_columns_become_labels_dates_and_properties(tmp_path: Path, write_raster, write_picture, listed) -> None:
    write_picture(tmp_path / "img" / "1.png")
    write_raster(tmp_path / "2.tif")
    table = write_csv(
        tmp_path / "list.csv",
        "path,labels,datetime,city,cloud,good,code",
        'img/1.png,"ship; harbor",2020-05-01T10:00:00Z,Kiel,0.25,true,007',
        "./2.tif,,,,,,",
    )
    candidates, skipped = listed(table)
    assert (sorted(candidates), skipped) == (["2.tif", "img/1.png"], {})
    picture = open_scene(candidates["img/1.png"])
    assert picture.labels == ("harbor", "ship")
    assert picture.datetime == dt.datetime(2020, 5, 1, 10, tzinfo=dt.UTC)
    assert picture.properties == {"city": "Kiel", "cloud": 0.25, "good": True, "code": 7.0}
    raster = open_scene(candidates["2.tif"])
    assert (raster.labels, raster.datetime, raster.properties, raster.crs) == ((), None, {}, "EPSG:32633")


def test_parquet_with_lists_and_times(tmp_path: Path, write_picture, listed) -> None:
    write_picture(tmp_path / "1.png")
    columns = {
        "path": ["1.png"],
        "labels": [["b", "a", "b"]],
        "datetime": [dt.datetime(2020, 5, 1, 10)],
        "n": [3],
        "nested": [{"a": 1}],
    }
    pq.write_table(pa.table(columns), tmp_path / "list.parquet")
    (candidate,) = listed(tmp_path / "list.parquet")[0].values()
    assert (candidate.labels, candidate.properties) == (("a", "b"), {"n": 3.0})
    assert candidate.datetime == dt.datetime(2020, 5, 1, 10, tzinfo=dt.UTC)


def test_columns_are_chosen_by_name(tmp_path: Path, write_picture, listed) -> None:
    write_picture(tmp_path / "1.png")
    table = write_csv(tmp_path / "list.csv", "path,label,class,taken", "1.png,x,042,20200501")
    (candidate,) = listed(table, labels="class", dates="taken")[0].values()
    assert candidate.labels == ("042",)  # a code, not a number
    assert candidate.datetime == dt.datetime(2020, 5, 1, tzinfo=dt.UTC)
    assert candidate.properties == {}
    (candidate,) = listed(table, labels="none", dates="none")[0].values()
    assert (candidate.labels, candidate.datetime) == ((), None)


def test_a_row_may_be_a_folder_of_bands(tmp_path: Path, write_raster, listed) -> None:
    for folder in ("one", "two/deep", "none"):
        (tmp_path / folder).mkdir(parents=True)
    for band in ("B02", "B03"):
        write_raster(tmp_path / "one" / f"{band}.tif")
        write_raster(tmp_path / "two" / "deep" / f"x_{band}.tif")
    table = write_csv(tmp_path / "list.csv", "path,label", "one,a", "two/deep,b", "none,c")
    candidates, skipped = listed(table)
    assert sorted(candidates) == ["one", "two/deep/x"]
    assert skipped == {"none": "holds 0 scenes, wanted one (row 3 of list.csv)"}
    scene = open_scene(candidates["two/deep/x"])
    assert ([band.name for band in scene.bands], scene.labels) == (["B02", "B03"], ("b",))


def test_rows_that_are_not_read_have_a_reason(tmp_path: Path, write_picture, listed) -> None:
    source = tmp_path / "source"
    write_picture(tmp_path / "outside.png")
    write_picture(source / "1.png")
    (source / "zero.tif").write_bytes(b"")
    (source / "notes.txt").write_bytes(b"x")
    table = write_csv(
        source / "list.csv", "path", "1.png", "./1.png", "../outside.png", "gone.png", "zero.tif", "notes.txt", "''"
    )
    candidates, skipped = listed(table)
    assert list(candidates) == ["1.png"]
    assert skipped == {
        "1.png": "row 2 of list.csv repeats row 1",
        "outside.png": "row 3 of list.csv leads out of the table's folder: '../outside.png'",
        "gone.png": "does not exist (row 4 of list.csv)",
        "zero.tif": "is empty",
        "notes.txt": "holds 0 scenes, wanted one (row 6 of list.csv)",
        "''": "does not exist (row 7 of list.csv)",
    }


def test_a_row_without_a_path_has_a_reason(tmp_path: Path, listed) -> None:
    table = write_csv(tmp_path / "list.csv", "path,label", ",a")
    assert listed(table)[1] == {"list.csv": "row 1 of list.csv has no path"}


def test_a_table_met_in_a_folder_is_not_read(tmp_path: Path, listed) -> None:
    write_csv(tmp_path / "list.csv", "path", "1.png")
    assert listed(tmp_path)[1] == {
        "list.csv": "a table in a folder is not read; name the table itself as the source if it lists imagery"
    }


@pytest.mark.parametrize(
    ("name", "content", "options", "message"),
    [
        ("a.csv", b"file,label\n1.png,x\n", {}, r"a\.csv has no column 'path'; it has file, label"),
        ("a.csv", b"path,label\n1.png,x\n", {"labels": "class"}, "has no column 'class'; it has path, label"),
        ("a.csv", b"path,label\n1.png,x\n", {"dates": "day"}, "has no column 'day'"),
        ("a.csv", b"path\n1.png,2.png\n", {}, r"a\.csv cannot be read: CSV parse error"),
        ("a.csv", b"", {}, r"a\.csv cannot be read: Empty CSV file"),
        ("a.parquet", b"hello", {}, r"a\.parquet cannot be read"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(
    name: str, content: bytes, options: dict, message: str, tmp_path: Path, listed
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=message):
        listed(tmp_path / name, **options)


def test_a_changed_row_changes_the_stamp(tmp_path: Path, write_picture, listed) -> None:
    write_picture(tmp_path / "1.png")
    rows = ["1.png,a,1", "1.png,b,1", "1.png,a,2"]
    stamps = [listed(write_csv(tmp_path / "list.csv", "path,label,n", row))[0]["1.png"].stamp for row in rows]
    assert len(set(stamps)) == 3
