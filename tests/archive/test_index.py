"""Indexing: resuming, replacing, pruning, skipping."""

import functools
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from terrakin import Archive
from terrakin.archive.ledger import Ledger
from terrakin.archive.report import NAME, Summary
from terrakin.bundles.bundle import open_bundle
from terrakin.bundles.reducer import fit
from terrakin.errors import ArchiveBusyError, ArchiveError, ArchiveFullError, BundleError, PassportMismatchError, SceneError


def rows(archive: Archive) -> dict[str, dict]:
    """Every chip of an archive by id, as plain values."""
    columns = archive.store.columns().names
    return {row["id"]: row for batch in archive.store.scan(columns) for row in batch.to_pylist()}


@pytest.fixture
def source(pictures: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(pictures, tmp_path / "source"))


@pytest.fixture
def archive(tiny_bundle: Path, tmp_path: Path) -> Archive:
    return Archive.create(tmp_path / "archive", model=tiny_bundle)


def test_every_image_becomes_a_chip_with_its_label(archive: Archive, source: Path) -> None:
    summary = archive.add(source)
    assert (summary.added, summary.chips, summary.skipped) == (48, 48, [])
    chip = rows(archive)["harbor/harbor03.png"]
    assert (chip["labels"], chip["width"], chip["height"], chip["footprint"]) == (["harbor"], 24, 24, None)
    assert np.linalg.norm(chip["vector"]) == pytest.approx(1, abs=1e-6)
    assert chip["thumbnail"].startswith(b"\xff\xd8")


def test_a_second_run_adds_nothing(archive: Archive, source: Path) -> None:
    archive.add(source)
    before = rows(archive)
    summary = archive.add(source)
    assert (summary.added, summary.unchanged, summary.chips) == (0, 48, 0)
    assert rows(archive) == before


def test_a_changed_file_is_replaced_and_a_touched_one_is_not_read(archive: Archive, source: Path) -> None:
    archive.add(source)
    before = rows(archive)
    Image.new("RGB", (24, 24), (200, 30, 60)).save(source / "water" / "water05.png")
    os.utime(source / "field" / "field00.png", (1, 1))
    summary = archive.add(source)
    assert (summary.added, summary.replaced, summary.unchanged, summary.chips) == (0, 1, 47, 1)
    after = rows(archive)
    assert {name for name in before if before[name] != after[name]} == {"water/water05.png"}
    # The touched file's new stamp was remembered: nothing is opened again.
    assert archive.add(source).unchanged == 48


def test_what_vanished_is_kept_until_it_is_pruned(archive: Archive, source: Path) -> None:
    archive.add(source)
    (source / "water" / "water05.png").unlink()
    assert archive.add(source).vanished == 1
    assert len(archive) == 48
    summary = archive.add(source, prune=True)
    assert (summary.removed, summary.vanished, len(archive)) == (1, 0, 47)


def test_pruning_one_source_leaves_the_others(archive: Archive, source: Path) -> None:
    archive.add(source)
    (source / "water" / "water05.png").unlink()
    assert archive.add(source / "field", prune=True).removed == 0


def test_the_same_relative_path_in_a_second_source_gets_its_name_in_front(
    archive: Archive, source: Path, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(source, tmp_path / "later"))
    archive.add([source, other])
    assert len(archive) == 96
    assert {"water/water05.png", "later/water/water05.png"} <= set(rows(archive))
    assert archive.add([other, source]).unchanged == 96


def test_broken_files_are_skipped_counted_and_listed(archive: Archive, source: Path) -> None:
    (source / "water" / "empty.png").write_bytes(b"")
    (source / "water" / "broken.png").write_bytes((source / "water" / "water01.png").read_bytes()[:200])
    (source / "water" / "text.png").write_text("not a picture")
    summary = archive.add(source)
    assert (summary.added, len(summary.skipped)) == (48, 3)
    reasons = {Path(skipped.uri).name: skipped.reason for skipped in summary.skipped}
    assert set(reasons) == {"empty.png", "broken.png", "text.png"}
    assert "empty" in reasons["empty.png"]
    report = json.loads((archive.path / NAME).read_text())
    assert {Path(item["uri"]).name for item in report["skipped"]} == set(reasons)
    # They are not tried again while they are unchanged, and still told.
    assert len(archive.add(source).skipped) == 3


def test_strict_makes_a_broken_file_fatal(archive: Archive, source: Path) -> None:
    (source / "aaa.png").write_bytes(b"")
    with pytest.raises(SceneError, match=r"aaa\.png: .*empty.*--strict"):
        archive.add(source, strict=True)


def test_an_interrupted_run_goes_on(archive: Archive, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = 0

    def interrupt(done: int, total: int | None) -> None:
        nonlocal seen
        seen = done
        if done >= 20:
            raise KeyboardInterrupt

    monkeypatch.setattr("terrakin.archive.run._COMMIT_CHIPS", 8)
    monkeypatch.setattr("terrakin.archive.run._PIECE", 4)
    with pytest.raises(KeyboardInterrupt):
        archive.add(source, workers=2, progress=interrupt)
    again = Archive.open(archive.path)
    half = len(again)
    assert 0 < half < 48
    assert again.add(source).chips == 48 - half
    assert len(again) == 48


def test_a_second_writer_is_refused(archive: Archive, source: Path) -> None:
    refused = []

    def try_too(done: int, total: int | None) -> None:
        if not refused:
            with pytest.raises(ArchiveBusyError, match=f"process {os.getpid()}") as caught:
                Archive.open(archive.path).add(source)
            refused.append(caught)

    archive.add(source, progress=try_too)
    assert refused


def test_a_full_disk_keeps_what_was_committed(archive: Archive, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("terrakin.archive.run._COMMIT_CHIPS", 8)
    monkeypatch.setattr("terrakin.archive.run._PIECE", 4)
    append, appended = type(archive.store).append, []

    def full(self: object, chips: object) -> None:
        if len(appended) == 2:
            raise ArchiveFullError("the disk is full")
        appended.append(append(self, chips))

    monkeypatch.setattr(type(archive.store), "append", full)
    with pytest.raises(ArchiveFullError, match="the disk is full"):
        archive.add(source)
    monkeypatch.undo()
    again = Archive.open(archive.path)
    assert 0 < len(again) < 48
    again.add(source)
    assert len(again) == 48


def test_other_options_are_refused_with_both_values(tiny_bundle: Path, tmp_path: Path) -> None:
    held = Archive.create(tmp_path / "archive", model=tiny_bundle, chip_size=64)
    held.must_be(model=tiny_bundle, chip_size=64)
    with pytest.raises(ArchiveError, match=r"--chip-size is 64 there, 128 here"):
        held.must_be(chip_size=128)


def test_another_model_is_refused_with_both_names(archive: Archive) -> None:
    with pytest.raises(PassportMismatchError, match=r"imagenet-mobilenetv2.*tiny"):
        archive.must_be(model="imagenet-mobilenetv2")


def test_a_reducer_is_fitted_before_the_first_chip(tiny_bundle: Path, source: Path, tmp_path: Path) -> None:
    held = Archive.create(tmp_path / "archive", model=tiny_bundle, reducer="pca:5")
    held.add(source)
    assert {len(row["vector"]) for row in rows(held).values()} == {5}
    again = Archive.open(held.path)
    assert again.bundle.passport.reducer is not None
    assert again.add(source).unchanged == 48
    assert again.search("water/water05.png", k=3)[0].labels == ("water",)


def test_a_reducer_that_is_asked_for_replaces_that_of_the_model(tiny_bundle: Path, source: Path, tmp_path: Path) -> None:
    bundle = open_bundle(tiny_bundle)
    rows = np.random.default_rng(0).random((60, bundle.passport.embedding_size), np.float32)
    bundle.with_reducer(fit([rows], size=8, fitted_on="elsewhere")).save(tmp_path / "reduced")
    archive = Archive.create(tmp_path / "archive", model=tmp_path / "reduced", reducer="pca:10")
    for _ in range(2):  # the second run finds it fitted
        archive.add(source)
        reducer = archive.bundle.passport.reducer
        assert reducer is not None
        assert (reducer.size, reducer.fitted_on, archive.bundle.passport.space.size) == (10, "archive", 10)
        archive = Archive.open(tmp_path / "archive")


def test_too_few_chips_for_a_reducer_is_told(tiny_bundle: Path, source: Path, tmp_path: Path) -> None:
    held = Archive.create(tmp_path / "archive", model=tiny_bundle, reducer="pca:40")
    with pytest.raises(BundleError, match=r"40 dimensions needs more than 40 embeddings, got 12"):
        held.add(source / "water")


def test_a_folder_with_other_files_is_not_taken(tiny_bundle: Path, source: Path) -> None:
    with pytest.raises(ArchiveError, match="holds other files; choose an empty folder"):
        Archive.create(source, model=tiny_bundle)


def test_a_summary_adds_up(archive: Archive, source: Path) -> None:
    summary = archive.add(source)
    assert isinstance(summary, Summary)
    assert summary.added + summary.replaced + summary.unchanged == archive.ledger.count() == 48


def test_a_large_archive_gets_an_index_with_its_measured_recall(
    archive: Archive, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Stands for 4 million chips: a store that keeps none of its vectors in memory.
    from terrakin.archive.lance import LanceStore

    monkeypatch.setattr("terrakin.api.archive.LanceStore", functools.partial(LanceStore, exact_bytes=0))
    rng = np.random.default_rng(0)
    for number in range(300):
        Image.fromarray(rng.integers(0, 256, (24, 24, 3), np.uint8)).save(source / "water" / f"more{number:03}.png")
    summary = archive.add(source)
    assert summary.recall is not None
    assert summary.recall.value > 0.9
    hits = archive.search("water/more005.png", k=5)
    assert hits.ranking.recall == summary.recall
    assert not archive.store.wants_index()


def test_a_reader_sees_what_another_process_adds(archive: Archive, source: Path) -> None:
    archive.add(source / "field")
    reader = Archive.open(archive.path)
    assert {hit.labels for hit in reader.search("field00.png", k=20)} <= {("field",), ()}
    before = len(reader.search("field00.png", k=100))
    archive.add(source / "water")
    assert len(reader.search("field00.png", k=100)) == before + 12


def test_a_long_run_merges_its_small_pieces(archive: Archive, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    merged: list[int] = []
    compact = type(archive.store).compact
    monkeypatch.setattr("terrakin.archive.run._COMMIT_CHIPS", 4)
    monkeypatch.setattr("terrakin.archive.run._PIECE", 4)
    monkeypatch.setattr("terrakin.archive.run._COMPACT_COMMITS", 3)
    monkeypatch.setattr(type(archive.store), "compact", lambda store: (merged.append(store.count()), compact(store))[1])
    archive.add(source)
    assert len(merged) > 2, "once at the end, and on the way"
    assert len(archive) == 48


def test_a_reducer_can_be_fitted_after_the_empty_archive_was_looked_at(tiny_bundle: Path, source: Path, tmp_path: Path) -> None:
    assert len(Archive.create(tmp_path / "archive", model=tiny_bundle, reducer="pca:5")) == 0
    held = Archive.open(tmp_path / "archive")
    assert held.add(source).chips == 48
    assert held.info()["space"]["size"] == 5


def test_every_skipped_file_is_in_the_ledger_until_it_is_mended(archive: Archive, source: Path) -> None:
    (source / "water" / "empty.png").write_bytes(b"")
    (source / "water" / "text.png").write_text("not a picture")
    for _ in range(2):
        assert len(archive.add(source).skipped) == archive.info()["skipped"] == 2
    shutil.copy(source / "water" / "water00.png", source / "water" / "empty.png")
    (source / "water" / "text.png").unlink()
    assert len(archive.add(source, prune=True).skipped) == archive.info()["skipped"] == 0
    assert "water/empty.png" in rows(archive)


def test_a_folder_that_merely_looks_like_ours_is_not_taken(tiny_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "out" / "bundle").mkdir(parents=True)
    (tmp_path / "out" / "bundle" / "mine.txt").write_text("mine")
    with pytest.raises(ArchiveError, match="holds other files"):
        Archive.create(tmp_path / "out", model=tiny_bundle)
    assert (tmp_path / "out" / "bundle" / "mine.txt").read_text() == "mine"


def test_an_archive_whose_making_was_killed_can_be_made_again(tiny_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "archive" / "bundle").mkdir(parents=True)
    (tmp_path / "archive" / "writer.lock").touch()
    (tmp_path / "archive" / ".bundle.x1").mkdir()
    assert len(Archive.create(tmp_path / "archive", model=tiny_bundle)) == 0


def test_pruning_keeps_what_could_not_be_listed(archive: Archive, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive.add(source)
    scandir = os.scandir

    def closed(path: str) -> object:
        if str(path).endswith("water"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr("os.scandir", closed)
    summary = archive.add(source, prune=True)
    assert summary.removed == 0
    assert len(summary.skipped) == 1
    assert len(archive) == 48


def test_a_file_that_turns_bad_loses_its_chips(archive: Archive, source: Path) -> None:
    archive.add(source)
    (source / "water" / "water05.png").write_text("no picture any more")
    (source / "water" / "water06.png").write_bytes(b"")
    assert len(archive.add(source).skipped) == 2
    assert {"water/water05.png", "water/water06.png"}.isdisjoint(rows(archive))


def test_half_a_scene_whose_file_is_gone_can_be_pruned(
    archive: Archive, source: Path, monkeypatch: pytest.MonkeyPatch, write_scene: Callable[..., Path]
) -> None:
    def interrupt(done: int, total: int | None) -> None:
        if done > 20:
            raise KeyboardInterrupt

    write_scene(source / "big" / "big.tif", side=2048)
    monkeypatch.setattr("terrakin.archive.run._COMMIT_CHIPS", 2)
    monkeypatch.setattr("terrakin.archive.run._PIECE", 2)
    with pytest.raises(KeyboardInterrupt):
        archive.add(source / "big", progress=interrupt)
    held = Archive.open(archive.path)
    assert 0 < len(held) < 64
    (source / "big" / "big.tif").rename(source / "big" / "renamed.tif")
    assert held.add(source / "big", prune=True).removed == 1
    assert {row["scene"] for row in rows(held).values()} == {str(source / "big" / "renamed.tif")}
    assert len(held) == 64


def test_strict_also_minds_what_an_earlier_run_skipped(archive: Archive, source: Path) -> None:
    (source / "water" / "text.png").write_text("not a picture")
    archive.add(source)
    with pytest.raises(SceneError, match=r"text\.png: .*--strict"):
        archive.add(source, strict=True)


def test_a_scene_without_a_whole_chip_is_skipped_with_the_reason(tiny_bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    Image.new("RGB", (60, 20)).save(tmp_path / "source" / "strip.png")
    held = Archive.create(tmp_path / "archive", model=tiny_bundle, chip_size=30, edges="drop")
    summary = held.add(tmp_path / "source")
    assert (summary.added, summary.skipped[0].reason) == (
        0,
        "is smaller than a chip, and --edges drop leaves out what is not a whole one",
    )


@pytest.mark.parametrize("where", ["before", "after"])
@pytest.mark.parametrize("what", ["append", "add"])
def test_an_interrupt_inside_a_commit_loses_no_chip_and_doubles_none(
    archive: Archive, source: Path, monkeypatch: pytest.MonkeyPatch, what: str, where: str
) -> None:
    owner = type(archive.store) if what == "append" else Ledger
    write, calls = getattr(owner, what), []

    def interrupted(self: object, content: object) -> None:
        calls.append(content)
        if len(calls) == 2 and where == "before":
            raise KeyboardInterrupt
        write(self, content)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("terrakin.archive.run._COMMIT_CHIPS", 8)
    monkeypatch.setattr("terrakin.archive.run._PIECE", 4)
    monkeypatch.setattr(owner, what, interrupted)
    with pytest.raises(KeyboardInterrupt):
        archive.add(source, workers=1)
    monkeypatch.undo()
    again = Archive.open(archive.path)
    again.add(source)
    assert len(again) == len(rows(again)) == again.ledger.count() == 48
