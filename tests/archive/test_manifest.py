"""`archive.json`: round trip, migration, refusal, replacement in one step."""

import contextlib
import errno
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terrakin.archive import manifest
from terrakin.archive.manifest import Manifest, read, write
from terrakin.archive.options import IndexOptions, changed
from terrakin.errors import ArchiveError, ArchiveFullError, ArchiveNotFoundError

SAID = Manifest(
    model="tiny 1",
    bundle="bundle",
    options=changed(IndexOptions(), bands=["nir", "red"], chip_size=64, overlap=8, scaling="p2:p98", reducer="pca:4"),
    sources=("/imagery",),
    created="2026-01-01T00:00:00+00:00",
    updated="2026-01-02T00:00:00+00:00",
    chips=3,
    scenes=2,
    datasets={"/imagery": "ucm"},
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write(tmp_path, SAID)
    assert read(tmp_path) == SAID


def test_an_archive_from_before_benchmarks_were_remembered_opens(tmp_path: Path) -> None:
    write(tmp_path, SAID)
    values = json.loads((tmp_path / manifest.NAME).read_text())
    del values["datasets"]
    (tmp_path / manifest.NAME).write_text(json.dumps(values))
    assert read(tmp_path) == replace(SAID, datasets={})


def test_no_archive_is_told_with_the_command_that_makes_one(tmp_path: Path) -> None:
    with pytest.raises(ArchiveNotFoundError, match="terrakin index SOURCE --archive"):
        read(tmp_path / "nothing")


def test_a_newer_format_is_refused_with_both_numbers(tmp_path: Path) -> None:
    write(tmp_path, SAID)
    values = json.loads((tmp_path / manifest.NAME).read_text())
    (tmp_path / manifest.NAME).write_text(json.dumps({**values, "format": manifest.FORMAT + 7}))
    with pytest.raises(ArchiveError, match=rf"has format {manifest.FORMAT + 7}, this program reads up to {manifest.FORMAT}"):
        read(tmp_path)


def test_an_older_format_is_migrated_step_by_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, SAID)
    values = json.loads((tmp_path / manifest.NAME).read_text())
    values["maker"] = values.pop("model")
    (tmp_path / manifest.NAME).write_text(json.dumps(values))
    steps = {
        1: lambda old: {**old, "format": 2, "network": old["maker"]},
        2: lambda old: {**old, "format": 3, "model": old["network"]},
    }
    monkeypatch.setattr(manifest, "FORMAT", 3)
    monkeypatch.setattr(manifest, "MIGRATIONS", steps)
    migrated = read(tmp_path)
    assert (migrated.model, migrated.format) == ("tiny 1", 3)


def test_every_older_format_has_a_migration() -> None:
    assert set(manifest.MIGRATIONS) == set(range(1, manifest.FORMAT))


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_a_manifest_or_an_archive_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    (folder / manifest.NAME).write_bytes(content)
    with pytest.raises(ArchiveError):
        read(folder)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["format", "model", "bundle", "options", "sources", "datasets"]), _JSON)
def test_any_value_in_a_field_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, field: str, value: object) -> None:
    folder = tmp_path_factory.mktemp("fuzz")
    write(folder, SAID)
    values = json.loads((folder / manifest.NAME).read_text())
    (folder / manifest.NAME).write_text(json.dumps({**values, field: value}))
    with contextlib.suppress(ArchiveError):
        assert isinstance(read(folder), Manifest)


def test_a_bundle_outside_the_archive_is_refused(tmp_path: Path) -> None:
    write(tmp_path, SAID)
    values = json.loads((tmp_path / manifest.NAME).read_text())
    (tmp_path / manifest.NAME).write_text(json.dumps({**values, "bundle": "../elsewhere"}))
    with pytest.raises(ArchiveError, match=r"'../elsewhere' is not a folder of the archive"):
        read(tmp_path)


def test_a_full_disk_keeps_the_old_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, SAID)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ArchiveFullError, match=r"the disk that holds .*archive\.json is full; make room"):
        write(tmp_path, Manifest(**{**{f: getattr(SAID, f) for f in SAID.__slots__}, "chips": 99}))
    monkeypatch.undo()
    assert read(tmp_path) == SAID
    assert [path.name for path in tmp_path.iterdir()] == [manifest.NAME]
