"""The ledger of scenes."""

import datetime as dt
from pathlib import Path

import pytest

from terrakin.archive.lance import LanceStore
from terrakin.archive.ledger import Entry, Ledger, Record, scene_from_json, scene_to_json
from terrakin.chips.scaling import ValueRange
from terrakin.errors import ArchiveError
from terrakin.scenes.scene import Band, Scene, Skipped
from terrakin.spaces.space import Space

SCENE = Scene(
    uri="/imagery/it's.tif",
    key="it's.tif",
    bands=(Band("B04", "/imagery/it's.tif", 1, "red", 1e-4, -0.1), Band("B08", "/imagery/it's.tif", 2)),
    width=100,
    height=50,
    dtype="uint16",
    fingerprint="f1",
    crs="EPSG:32631",
    transform=(10.0, 0.0, 5e5, 0.0, -10.0, 4e6),
    nodata=0.0,
    sensor="sentinel-2",
    datetime=dt.datetime(2020, 8, 31, 10, 30, tzinfo=dt.UTC),
    labels=("harbor", "water"),
    properties={"cloud": 0.1, "note": "été", "night": False},
)
RECORD = Record(SCENE.uri, SCENE.key, "/imagery", "s1", 4, SCENE, ValueRange((0.0, 0.0), (0.3, 0.3)))


def test_a_scene_survives_json() -> None:
    assert scene_from_json(scene_to_json(SCENE)) == SCENE


def test_records_are_there_for_the_next_process(tmp_path: Path) -> None:
    Ledger(tmp_path / "scenes.lance").add([RECORD, Record("/b", "b", "/imagery", "s2", reason="is empty")])
    again = Ledger(tmp_path / "scenes.lance")
    assert again.entries() == {
        SCENE.uri: Entry(SCENE.key, "/imagery", "s1", "f1", skipped=False),
        "/b": Entry("b", "/imagery", "s2", None, skipped=True),
    }
    assert list(again.skipped()) == [Skipped("/b", "is empty")]
    assert list(again.scenes()) == list(again.scenes([SCENE.uri])) == [(SCENE, RECORD.value_range)]
    assert again.count() == 1


def test_a_record_replaces_that_of_the_same_scene(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "scenes.lance")
    ledger.add([Record(SCENE.uri, SCENE.key, "/imagery", "s0", reason="is empty")])
    ledger.add([RECORD])
    assert (len(ledger.entries()), ledger.count(), list(ledger.skipped())) == (1, 1, [])


def test_removed_scenes_are_new_again(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "scenes.lance")
    ledger.remove([SCENE.uri])
    ledger.add([RECORD])
    ledger.remove([SCENE.uri])
    assert ledger.entries() == {}


def test_an_empty_ledger_knows_nothing(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "scenes.lance")
    ledger.compact()
    assert (ledger.entries(), list(ledger.skipped()), list(ledger.scenes()), ledger.count()) == ({}, [], [], 0)


@pytest.mark.parametrize("left", ["", "data", "_versions"])
def test_what_a_kill_before_the_first_commit_leaves_is_no_table(tmp_path: Path, left: str) -> None:
    for name in ("scenes.lance", "chips.lance"):
        (tmp_path / name / left).mkdir(parents=True)
    (tmp_path / "scenes.lance" / left / "half.lance").write_bytes(b"half")
    ledger = Ledger(tmp_path / "scenes.lance")
    assert ledger.entries() == {}
    ledger.add([RECORD])
    assert Ledger(tmp_path / "scenes.lance").count() == 1
    assert LanceStore(tmp_path / "chips.lance", Space("cosine", 4)).count() == 0


def test_a_broken_table_is_told_with_its_path(tmp_path: Path) -> None:
    Ledger(tmp_path / "scenes.lance").add([RECORD])
    for file in (tmp_path / "scenes.lance" / "_versions").iterdir():
        file.write_bytes(b"broken")
    with pytest.raises(ArchiveError, match=r"the table at .*scenes\.lance' cannot be read"):
        Ledger(tmp_path / "scenes.lance").entries()
