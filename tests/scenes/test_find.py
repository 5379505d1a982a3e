import datetime as dt
import subprocess
import sys
from pathlib import Path

import pytest

from terrakin.errors import SourceError
from terrakin.scenes.find import find, open_scene


def test_a_folder_with_something_of_everything(tmp_path: Path, write_raster, write_picture, listed) -> None:
    write_picture(tmp_path / "b" / "photo.jpg")
    write_raster(tmp_path / "a" / "scene.tif")
    write_raster(tmp_path / "c" / "B02.tif")
    write_raster(tmp_path / "c" / "B03.tif")
    (tmp_path / "zero.png").write_bytes(b"")
    (tmp_path / "cube.nc").write_bytes(b"x")
    (tmp_path / "README.md").write_text("x")
    candidates, skipped = listed(tmp_path)
    assert {key: candidate.source for key, candidate in candidates.items()} == {
        "a/scene.tif": "raster",
        "b/photo.jpg": "image",
        "c": "bands",
    }
    assert skipped == {
        "zero.png": "is empty",
        "cube.nc": ".nc files are not read; if it holds imagery, convert it: gdal_translate -of COG IN OUT.tif",
    }
    assert candidates["a/scene.tif"].uri == str(tmp_path / "a" / "scene.tif")


def test_nothing_at_a_path_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(
        SourceError, match=r"there is nothing at '.*gone'; name a folder, an image, a STAC item or a table that exists"
    ):
        find(tmp_path / "gone")


def test_a_named_file_that_no_source_reads_has_a_reason(tmp_path: Path, listed) -> None:
    (tmp_path / "a.nc").write_bytes(b"x")
    (tmp_path / "a.txt").write_bytes(b"x")
    (tmp_path / "a.tif").symlink_to("nowhere")
    assert listed(tmp_path / "a.nc")[1]["a.nc"].startswith(".nc files are not read")
    assert listed(tmp_path / "a.txt")[1]["a.txt"].startswith("is no imagery, STAC item or table")
    assert listed(tmp_path / "a.tif")[1]["a.tif"] == "is a link that leads nowhere"


def test_a_relative_path_finds_absolute_uris(tmp_path: Path, write_picture, monkeypatch) -> None:
    write_picture(tmp_path / "a" / "1.png")
    monkeypatch.chdir(tmp_path)
    (candidate,) = find(Path("a/../a"))
    assert (candidate.uri, candidate.key) == (str(tmp_path / "a" / "1.png"), "1.png")


def test_listing_opens_no_pixel_file(tmp_path: Path, write_raster, write_picture) -> None:
    write_raster(tmp_path / "a" / "scene.tif")
    write_picture(tmp_path / "b" / "photo.jpg")
    code = """
import sys
from pathlib import Path
from terrakin.scenes.find import find
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
print(len(list(find(Path(sys.argv[1])))), [path for path in opened if path.startswith(sys.argv[1])])
"""
    # A hook stays for the life of a process.
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "2 []"


@pytest.mark.parametrize(
    ("names", "labelled"),
    [
        (["harbor/1.jpg", "forest/2.png"], True),
        (["harbor/1.tif", "forest/2.tif"], True),
        (["harbor/1.jpg", "forest/2.jpg", "README.md", "forest/notes.txt"], True),
        (["harbor/1.jpg", "forest/2.jpg", "empty/notes.txt"], True),
        (["harbor/1.jpg"], False),  # one folder is no choice
        (["harbor/1.jpg", "forest/2.jpg", "loose.jpg"], False),
        (["harbor/1.jpg", "forest/old/2.jpg", "forest/3.jpg"], False),
        (["2019/1.jpg", "2020/2.jpg"], False),  # years are no classes
        (["harbor/1.jpg", "forest/2.jpg", "forest/item.json"], False),
        (["harbor/B02.tif", "harbor/B03.tif", "forest/2.jpg"], False),
    ],
)
def test_class_folders_give_labels(names: list[str], labelled: bool, tmp_path: Path, write_picture, listed) -> None:
    for name in names:
        if name.endswith((".jpg", ".png", ".tif")):
            write_picture(tmp_path / name, mode="L")
        else:
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text("{}")
    candidates, _ = listed(tmp_path)
    assert candidates
    for key, candidate in candidates.items():
        assert candidate.labels == ((key.split("/")[0],) if labelled else ())
        assert open_scene(candidate).labels == candidate.labels


def test_a_class_folder_labels_pictures_and_not_geography(tmp_path: Path, write_raster, write_picture, listed) -> None:
    write_raster(tmp_path / "north" / "1.tif")
    write_picture(tmp_path / "south" / "2.tif", mode="L")
    scenes = {key: open_scene(candidate) for key, candidate in listed(tmp_path)[0].items()}
    assert {key: scene.labels for key, scene in scenes.items()} == {"north/1.tif": (), "south/2.tif": ("south",)}
    asked = {key: open_scene(candidate).labels for key, candidate in listed(tmp_path, labels="folder")[0].items()}
    assert asked == {"north/1.tif": ("north",), "south/2.tif": ("south",)}


@pytest.mark.parametrize(("labels", "wanted"), [("folder", ("deep",)), ("auto", ()), ("none", ()), ("json", ()), ("class", ())])
def test_labels_come_from_where_they_were_asked_for(
    labels: str, wanted: tuple[str, ...], tmp_path: Path, write_picture, listed
) -> None:
    write_picture(tmp_path / "a" / "deep" / "1.png")
    write_picture(tmp_path / "2.png")
    candidates, _ = listed(tmp_path, labels=labels)
    assert candidates["a/deep/1.png"].labels == wanted
    assert candidates["2.png"].labels == ()


@pytest.mark.parametrize(("dates", "wanted"), [("auto", 2017), ("name", 2017), ("tags", None), ("none", None)])
def test_dates_in_names(dates: str, wanted: int | None, tmp_path: Path, write_picture, listed) -> None:
    write_picture(tmp_path / "a_20170831.png")
    candidate = listed(tmp_path, dates=dates)[0]["a_20170831.png"]
    assert candidate.datetime == (dt.datetime(wanted, 8, 31, tzinfo=dt.UTC) if wanted else None)


def test_importing_find_loads_no_reader() -> None:
    code = "import sys, terrakin.scenes.find; print([m for m in ('rasterio', 'PIL', 'numpy', 'pyarrow') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
