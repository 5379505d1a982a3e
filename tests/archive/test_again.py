"""Chips read again are those that were indexed."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from terrakin import Archive
from terrakin.archive.again import read_again
from terrakin.errors import ChipNotFoundError, SceneError


@pytest.fixture
def archive(write_scene, tiny_bundle, tmp_path) -> Archive:
    for seed in range(2):
        write_scene(tmp_path / "scenes" / f"{seed}.tif", side=512, seed=seed)
    made = Archive.create(tmp_path / "a", model=tiny_bundle, chip_size=256, scaling="p5:p95")
    made.add(tmp_path / "scenes")
    return made


def read(archive: Archive, ids: list[str]) -> list[np.ndarray]:
    pixels = read_again(archive.store, archive.ledger, ids, passport=archive.bundle.passport, options=archive.options)
    return [one.values for one in pixels]


def test_they_embed_to_the_vectors_that_are_stored(archive) -> None:
    ids = ["1.tif#256,0,256,256", "0.tif#0,256,256,256", "1.tif#0,0,256,256"]
    vectors = archive.store.take(ids, ["vector"]).column("vector").to_pylist()
    np.testing.assert_allclose(archive.bundle.embed(np.stack(read(archive, ids))), vectors, atol=1e-6)


def test_the_value_range_is_that_of_indexing(archive, write_scene) -> None:
    before = read(archive, ["0.tif#0,0,256,256"])
    (scene, found) = next(archive.ledger.scenes([str(Path(archive.sources[0]) / "0.tif")]))
    assert (scene.key, found.low < found.high) == ("0.tif", True)
    np.testing.assert_array_equal(before, read(archive, ["0.tif#0,0,256,256"]))


def test_a_scene_that_is_gone_is_named_with_the_chip(archive) -> None:
    shutil.rmtree(archive.sources[0])
    with pytest.raises(SceneError, match=r"the chip '0.tif#0,0,256,256' cannot be read again where it was indexed: .*0.tif"):
        read(archive, ["0.tif#0,0,256,256"])


def test_an_unknown_chip_and_an_unknown_scene_are_told(archive) -> None:
    with pytest.raises(ChipNotFoundError):
        read(archive, ["2.tif"])
    archive.ledger.remove([str(Path(archive.sources[0]) / "0.tif")])
    with pytest.raises(SceneError, match=r"knows the chip '0.tif#0,0,256,256' but not its scene .*0.tif; index it again"):
        read(archive, ["0.tif#0,0,256,256"])
