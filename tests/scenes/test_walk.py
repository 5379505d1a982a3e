import os
import re
from pathlib import Path

import pytest

from terrakin.scenes.scene import Skipped
from terrakin.scenes.unread import why_unread
from terrakin.scenes.walk import Folder, stat_files, walk


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")


def folders(root: Path) -> dict[str, tuple[str, ...]]:
    return {folder.prefix: folder.names for folder in walk(str(root)) if isinstance(folder, Folder)}


def test_folders_come_sorted_and_parents_first(tmp_path: Path) -> None:
    touch(tmp_path, "b/2.jpg", "b/1.jpg", "a/deep/3.jpg", "z.jpg", "B/4.jpg")
    assert list(folders(tmp_path).items()) == [
        ("", ("z.jpg",)),
        ("B/", ("4.jpg",)),
        ("a/", ()),
        ("a/deep/", ("3.jpg",)),
        ("b/", ("1.jpg", "2.jpg")),
    ]


def test_what_systems_leave_is_passed_by(tmp_path: Path) -> None:
    touch(tmp_path, ".hidden.jpg", ".git/x.jpg", "__MACOSX/x.jpg", "Thumbs.db", "desktop.ini", "a.jpg", "QI_DATA/MSK.jp2")
    assert folders(tmp_path) == {"": ("a.jpg",)}


def test_resolution_folders_are_one_with_the_folder_above(tmp_path: Path) -> None:
    touch(tmp_path, "IMG_DATA/R10m/a.jp2", "IMG_DATA/R20m/b.jp2", "IMG_DATA/c.jp2")
    assert folders(tmp_path) == {"": (), "IMG_DATA/": ("R10m/a.jp2", "R20m/b.jp2", "c.jp2")}


def test_links_are_followed_but_not_in_circles(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.jpg")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "other").symlink_to(tmp_path / "a")
    found = list(walk(str(tmp_path)))
    loops = [s.uri.removeprefix(f"{tmp_path}/") for s in found if isinstance(s, Skipped)]
    assert loops == ["a/up", "other/up"]
    assert folders(tmp_path) == {"": (), "a/": ("1.jpg",), "other/": ("1.jpg",)}


def test_what_is_no_file_is_skipped(tmp_path: Path) -> None:
    (tmp_path / "gone.tif").symlink_to("nowhere.tif")
    (tmp_path / "self.tif").symlink_to("self.tif")
    os.mkfifo(tmp_path / "pipe.tif")
    touch(tmp_path, "a.jpg")
    stats, skipped = stat_files(str(tmp_path), ("a.jpg", "gone.tif", "pipe.tif", "self.tif"))
    assert [*stats] == ["a.jpg"]
    assert stats["a.jpg"] == (1, (tmp_path / "a.jpg").stat().st_mtime_ns)
    assert {Path(s.uri).name: s.reason for s in skipped} == {
        "gone.tif": "is a link that leads nowhere",
        "self.tif": "is a link that leads nowhere",
        "pipe.tif": "is neither a file nor a folder",
    }


def test_names_that_are_no_text_are_skipped(tmp_path: Path) -> None:
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jpg"))).write_bytes(b"x")
    touch(tmp_path, "café.jpg")
    skipped, folder = walk(str(tmp_path))
    assert isinstance(skipped, Skipped)
    assert skipped.reason == "has a name that is not UTF-8; rename it"
    assert skipped.uri.endswith("caf?.jpg")
    assert folder == Folder(str(tmp_path), "", ("café.jpg",))


def test_a_tree_deeper_than_recursion_is_walked(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(1200):
        deep /= "d"
        deep.mkdir()
    try:
        assert len(folders(tmp_path)) == 1201
    finally:
        # What removes temporary folders does go down recursively.
        while deep != tmp_path:
            deep.rmdir()
            deep = deep.parent


@pytest.mark.parametrize(
    "name", ["a.tif.aux.xml", "x_MTL.txt", "README", "LICENSE.md", "a.TFW", "s.prj", "run.py", "a.shp", "b.ovr"]
)
def test_side_files_are_not_worth_a_word(name: str) -> None:
    assert why_unread(name) is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("cube.nc", r"\.nc files are not read; if it holds imagery, convert it: gdal_translate"),
        ("mosaic.VRT", "VRT files are not read, since they can point anywhere; make it a file: gdal_translate"),
        ("scenes.tar.gz", "archives are not read; unpack it first"),
        ("train.csv", "name the table itself as the source"),
        ("B04", "has no extension that tells what it is"),
        ("a.ecw", r"\.ecw files are not read"),
    ],
)
def test_other_files_are(name: str, reason: str) -> None:
    assert re.search(reason, why_unread(name) or "")
