"""Work that is cut short: Ctrl-C, a reader that has had enough, a full disk."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from terrakin import Archive

INTERRUPTED = 130


@pytest.fixture(scope="module")
def many(tmp_path_factory) -> Path:
    """1500 small pictures, enough for several commits."""
    folder = tmp_path_factory.mktemp("many")
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
    for number in range(1500):
        Image.fromarray(np.roll(picture, number, axis=0) + np.uint8(number % 251)).save(
            folder / f"{number:04}.png", compress_level=0
        )
    return folder


def is_whole(archive: Path) -> None:
    """Every chip is there once, and every scene on record has its chip."""
    held = Archive.open(archive)
    ids = [row["id"] for batch in held.store.scan(["id"]) for row in batch.to_pylist()]
    assert len(ids) == len(set(ids)) == len(held)
    assert {entry.key for entry in held.ledger.entries().values()} <= set(ids)


def test_ctrl_c_leaves_a_valid_archive_and_the_same_command_goes_on(run, many, tiny_bundle, tmp_path) -> None:
    archive = tmp_path / "a"
    arguments = [many, "--archive", archive, "--model", tiny_bundle, "--workers", "1"]
    process = subprocess.Popen(
        # A process that a shell put in the background would ignore the signal.
        [sys.executable, "-c", _SLOW, "index", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (archive / "scenes.lance" / "_versions").is_dir():
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    assert process.returncode == INTERRUPTED, err
    assert out == ""
    assert err == "terrakin: interrupted; what was committed is kept, and the same command goes on from there\n"
    is_whole(archive)
    half = len(Archive.open(archive))
    assert 0 < half < 1500
    assert "every one is whole" in run("doctor", archive).out
    assert f"{1500 - half:,} added" in run("index", *arguments).err
    is_whole(archive)
    assert len(Archive.open(archive)) == 1500


# Commits often and waits after each, so that the signal surely comes in between.
_SLOW = """
import time
import terrakin.archive.run as run
from terrakin.archive.lance import LanceStore
from terrakin.cli import main
run._COMMIT_CHIPS = 32
append = LanceStore.append
def slow(self, chips):
    append(self, chips)
    time.sleep(0.1)
LanceStore.append = slow
main()
"""


@pytest.mark.parametrize("arguments", [("--format", "jsonl"), ("--format", "table"), ("--format", "json")])
def test_a_reader_that_has_had_enough_is_no_error(picture_archive, arguments) -> None:
    command = [sys.executable, "-m", "terrakin", "search", picture_archive, "water/water03.png", "-k", "40", *arguments]
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_an_output_that_is_full_is_told_in_one_line(picture_archive) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    command = [sys.executable, "-m", "terrakin", "info", picture_archive]
    with full.open("w") as output:
        done = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (1, "terrakin: the output cannot be written: No space left on device\n")


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A folder on a disk of its own of 600 KB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", folder], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_a_full_disk_ends_with_one_line_and_a_valid_archive(terrakin, many, tiny_bundle, small_disk) -> None:
    archive = small_disk / "a"
    done = terrakin("index", many, "--archive", archive, "--model", tiny_bundle, status=1)
    (line,) = done.stderr.splitlines()
    assert line.startswith("terrakin: the disk that holds ")
    assert "is full" in line
    assert done.stdout == ""
    is_whole(archive)
    assert 0 < len(Archive.open(archive)) < 1500
    terrakin("search", archive, many / "0000.png", "-k", 3)
    subprocess.run(["mount", "-o", "remount,size=40m", small_disk], check=True)
    terrakin("index", many, "--archive", archive)
    is_whole(archive)
    assert len(Archive.open(archive)) == 1500


def test_results_on_a_full_disk_leave_nothing_half_written(run, scene_archive, small_disk) -> None:
    (small_disk / "filler").write_bytes(bytes(590_000))
    for form, name in (("geojson", "x.geojson"), ("stac", "stac"), ("geoparquet", "x.parquet")):
        done = run("export", scene_archive, "--format", form, "--out", small_disk / name, status=1)
        assert re.fullmatch(
            r"terrakin: cannot write \S+: the disk is full; make room, or give a path on another disk\n", done.err
        )
    assert [file.name for file in small_disk.iterdir()] == ["filler"]
