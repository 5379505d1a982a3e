"""`terrakin index`: from files to an archive."""

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import rasterio

from terrakin import Archive
from terrakin.errors import SourceError


def chips(archive: Path, *columns: str) -> list[dict]:
    """Rows of an archive, by id."""
    rows = [row for batch in Archive.open(archive).store.scan(["id", *columns]) for row in batch.to_pylist()]
    return sorted(rows, key=lambda row: row["id"])


def test_a_folder_of_scenes_becomes_an_archive(terrakin, scenes, tiny_bundle, tmp_path) -> None:
    done = terrakin("index", scenes, "--archive", tmp_path / "coast", "--model", tiny_bundle, "--chip-size", 64)
    assert done.stdout == ""
    first, second, third = done.stderr.splitlines()
    assert first == "scenes: 2 added"
    assert re.fullmatch(r"chips: 32 added in \d+\.\d s \([\d,]+/s\)", second)
    assert third == f"archive {tmp_path / 'coast'}: 32 chips"


def test_words_off_a_terminal_have_no_colours_and_no_bar(terrakin, scenes, tiny_bundle, tmp_path) -> None:
    done = terrakin("index", scenes, "--archive", tmp_path / "coast", "--model", tiny_bundle)
    assert not set(done.stdout + done.stderr) & {"\x1b", "\r", "\b"}


def test_quiet_says_nothing(run, pictures, tiny_bundle, tmp_path) -> None:
    done = run("index", pictures, "--archive", tmp_path / "a", "--model", tiny_bundle, "--quiet")
    assert (done.out, done.err) == ("", "")


def test_a_terminal_gets_a_bar_with_rate_and_time_left(pictures, tiny_bundle, tmp_path) -> None:
    ours, theirs = pty.openpty()
    many = tmp_path / "many"
    for copy in range(6):
        shutil.copytree(pictures, many / str(copy))
    command = [sys.executable, "-m", "terrakin", "index", many, "--archive", tmp_path / "a", "--model", tiny_bundle]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=theirs, env={**os.environ, "TERM": "xterm", "COLUMNS": "110"}
    )
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 4096):
            shown += part
    except OSError:
        pass  # how Linux says that the other end is closed
    os.close(ours)
    assert process.wait() == 0
    assert process.stdout is not None
    process.stdout.close()
    text = shown.decode()
    assert "Indexing" in text
    assert re.search(r"\d+/288", text)
    assert "chips/s" in text
    assert re.search(r"\d:\d\d:\d\d|\d\d:\d\d", text)


def test_the_same_command_again_adds_nothing(run, pictures, tiny_bundle, tmp_path) -> None:
    command = ("index", pictures, "--archive", tmp_path / "a", "--model", tiny_bundle)
    assert "48 added" in run(*command).err
    before = chips(tmp_path / "a", "vector")
    done = run(*command)
    assert "scenes: 48 unchanged" in done.err
    assert "chips: 0 added" in done.err
    assert chips(tmp_path / "a", "vector") == before


def test_what_changed_is_replaced_and_what_vanished_is_told(run, pictures, tiny_bundle, tmp_path) -> None:
    source = Path(shutil.copytree(pictures, tmp_path / "source"))
    run("index", source, "--archive", tmp_path / "a", "--model", tiny_bundle)
    shutil.copy(source / "water" / "water01.png", source / "field" / "field01.png")
    (source / "field" / "field02.png").unlink()
    done = run("index", source, "--archive", tmp_path / "a")
    assert "scenes: 1 replaced, 46 unchanged, 1 vanished (--prune drops them)" in done.err
    done = run("index", source, "--archive", tmp_path / "a", "--prune")
    assert "46 unchanged" not in done.err
    assert "47 unchanged, 1 removed" in done.err
    assert "47 chips" in done.err


def test_pruning_everything_is_done_work(run, pictures, tiny_bundle, tmp_path) -> None:
    source = Path(shutil.copytree(pictures / "water", tmp_path / "source"))
    run("index", source, "--archive", tmp_path / "a", "--model", tiny_bundle)
    for file in source.iterdir():
        file.unlink()
    assert "12 removed" in run("index", source, "--archive", tmp_path / "a", "--prune").err


def test_several_sources_go_in_at_once(run, pictures, scenes, tiny_bundle, tmp_path) -> None:
    run("index", pictures / "water", scenes, "--archive", tmp_path / "a", "--model", tiny_bundle)
    ids = [row["id"] for row in chips(tmp_path / "a")]
    assert len(ids) == 12 + 2
    assert "water00.png" in ids
    assert any(name.startswith("scene-01") for name in ids)


def test_footprints_dates_labels_and_sources_are_kept(scene_archive, scene_files) -> None:
    rows = chips(scene_archive, "scene", "datetime", "labels", "west", "south", "east", "north", "footprint", "col", "row")
    assert {row["scene"] for row in rows} == {str(file.path) for file in scene_files}
    for file in scene_files:
        true = {(window.col, window.row): window.label for window in file.windows}
        for row in (row for row in rows if row["scene"] == str(file.path)):
            assert row["datetime"].date() == file.acquired.date()
            assert row["footprint"] is not None
            assert row["west"] < row["east"]
            assert row["south"] < row["north"]
            # Windows of truth are 128 px; a chip of 64 px lies in one.
            assert row["labels"] == [true[row["col"] // 128 * 128, row["row"] // 128 * 128]]


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_scene_without_geography_still_works(run, tiny_bundle, scene_files, tmp_path) -> None:
    with rasterio.open(scene_files[0].path) as scene:
        values, profile = scene.read(), dict(scene.profile)
    profile.update(crs=None, transform=rasterio.Affine.identity())
    with rasterio.open(tmp_path / "bare.tif", "w", **profile) as file:
        file.write(values)
        file.descriptions = ("red", "green", "blue", "nir")
    run("index", tmp_path / "bare.tif", "--archive", tmp_path / "a", "--model", tiny_bundle, "--chip-size", 128)
    rows = chips(tmp_path / "a", "footprint", "west")
    assert len(rows) == 4
    assert {(row["footprint"], row["west"]) for row in rows} == {(None, None)}


def test_odd_files_are_counted_and_listed_with_reasons(run, odd_files, tiny_bundle, tmp_path) -> None:
    done = run("index", odd_files, "--archive", tmp_path / "a", "--model", tiny_bundle)
    reasons = {
        "bomb.png": r"would decode 10,000,000,000 pixels",
        "cut.png": r"broken or cut off",
        "cut.tif": r"broken or cut off",
        "gone.png": r"a link that leads nowhere",
        "loop": r"a link to a folder that it lies in",
        "nodata.tif": r"no chip with enough valid pixels",
        "notes.xyz": r"\.xyz files are not read",
        "text.jpg": r"broken, cut off, or of another type",
        "zero.tif": r"is empty",
    }
    assert f"scenes: 1 added, {len(reasons)} skipped" in done.err
    report = json.loads((tmp_path / "a" / "index-report.json").read_text())
    listed = {Path(item["uri"]).name: item["reason"] for item in report["skipped"]}
    assert set(listed) == set(reasons)
    for name, words in reasons.items():
        assert re.search(words, listed[name]), (name, listed[name])
        assert f"skipped {odd_files / name}: {listed[name]}" in done.err
    assert [row["id"] for row in chips(tmp_path / "a")] == ["good.png"]


def test_a_long_list_of_skipped_files_is_cut_and_the_report_has_all(run, tiny_bundle, pictures, tmp_path) -> None:
    source = Path(shutil.copytree(pictures / "water", tmp_path / "source"))
    for number in range(14):
        (source / f"zero{number:02}.png").write_bytes(b"")
    done = run("index", source, "--archive", tmp_path / "a", "--model", tiny_bundle)
    assert done.err.count("skipped /") == 10
    assert f"... and 4 more; all are listed in {tmp_path / 'a' / 'index-report.json'}" in done.err
    assert len(json.loads((tmp_path / "a" / "index-report.json").read_text())["skipped"]) == 14


def test_a_scene_without_any_measurement_leaves_no_chip(run, odd_files, tiny_bundle, tmp_path) -> None:
    done = run("index", odd_files / "nodata.tif", "--archive", tmp_path / "a", "--model", tiny_bundle, status=1)
    assert "nodata.tif: has no chip with enough valid pixels (--min-valid of a new archive" in done.err
    assert done.err.splitlines()[-1].startswith("terrakin: nothing in ")


def test_a_first_try_with_wrong_options_binds_nobody(run, pictures, tiny_bundle, tmp_path) -> None:
    common = (pictures / "water", "--archive", tmp_path / "a", "--model", tiny_bundle)
    assert "has no band 'nir'" in run("index", *common, "--bands", "nir,rd,green", status=1).err
    run("index", *common, "--bands", "green,red,blue")
    assert len(Archive.open(tmp_path / "a")) == 12


def test_the_archive_itself_is_no_imagery(run, pictures, tiny_bundle, tmp_path) -> None:
    source = Path(shutil.copytree(pictures / "water", tmp_path / "source"))
    for _ in range(2):
        run("index", source, "--archive", source / "archive", "--model", tiny_bundle, "--strict")
    assert len(Archive.open(source / "archive")) == 12


def test_a_source_that_is_not_there_is_not_remembered(picture_archive) -> None:
    held = Archive.open(picture_archive)
    with pytest.raises(SourceError, match="there is nothing at"):
        held.add("nowhere")
    assert "nowhere" not in " ".join(Archive.open(picture_archive).sources)
