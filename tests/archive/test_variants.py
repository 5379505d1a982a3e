"""Variants of chips, embedded as those of the archive were."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from terrakin import Archive
from terrakin.archive.schema import VECTOR
from terrakin.archive.variants import embed_variants
from terrakin.errors import SceneError


def stored(archive: Archive) -> dict[str, np.ndarray]:
    batches = list(archive.store.scan(["id", VECTOR]))
    return {row["id"]: np.array(row[VECTOR], np.float32) for batch in batches for row in batch.to_pylist()}


def again(archive: Archive, ids, variants=lambda name, pixels: [pixels], **changed) -> np.ndarray:
    counts: list[int] = []
    given = {
        "store": archive.store,
        "ledger": archive.ledger,
        "bundle": archive.bundle,
        "options": archive.options,
        "workers": 2,
        "advance": counts.append,
    }
    vectors = embed_variants(ids, variants, **(given | changed))
    assert sum(counts) == vectors.shape[0] * vectors.shape[1]
    return vectors


@pytest.fixture
def filled(tiny_bundle: Path, tmp_path: Path, pictures: Path) -> Archive:
    archive = Archive.create(tmp_path / "archive", model=tiny_bundle)
    archive.add(shutil.copytree(pictures, tmp_path / "source"))
    return archive


def test_pictures_give_the_vectors_that_are_stored_in_the_order_asked_for(filled: Archive) -> None:
    held = stored(filled)
    ids = sorted(held)[::-3]
    np.testing.assert_array_equal(again(filled, ids), [[held[name] for name in ids]])


@pytest.mark.parametrize("scaling", ["auto", "p2:p98"])
def test_windows_of_scenes_are_read_as_they_were(tiny_bundle: Path, tmp_path: Path, write_scene, scaling: str) -> None:
    archive = Archive.create(tmp_path / "archive", model=tiny_bundle, chip_size=64, overlap=16, scaling=scaling)
    for seed in range(2):
        write_scene(tmp_path / "scenes" / f"{seed}.tif", side=256, seed=seed)
    archive.add(tmp_path / "scenes")
    held = stored(archive)
    ids = sorted(held, key=lambda name: name[::-1])
    assert len(ids) > 20
    np.testing.assert_array_equal(again(archive, ids), [[held[name] for name in ids]])


def test_a_reducer_is_part_of_the_way(tiny_bundle: Path, tmp_path: Path, pictures: Path) -> None:
    archive = Archive.create(tmp_path / "archive", model=tiny_bundle, reducer="pca:4")
    archive.add(pictures)
    held = stored(archive)
    vectors = again(archive, sorted(held))
    assert vectors.shape == (1, 48, 4)
    # A product of matrices rounds otherwise for another number of rows.
    np.testing.assert_allclose(vectors, [[held[name] for name in sorted(held)]], rtol=0, atol=1e-6)


def test_variants_get_the_chip_and_its_pixels(filled: Archive) -> None:
    ids = sorted(stored(filled))[:5]
    seen: dict[str, tuple] = {}

    def variants(name: str, pixels: np.ndarray) -> list[np.ndarray]:
        seen[name] = (pixels.shape, pixels.dtype, 0 <= pixels.min() <= pixels.max() <= 1)
        return [pixels, pixels[:, :, ::-1], pixels[:, ::-1]]

    vectors = again(filled, ids, variants)
    assert seen == dict.fromkeys(ids, ((3, 16, 16), np.dtype(np.float32), True))
    # The model gives means of 4 x 4 blocks by band, so that a mirrored image gives a mirrored embedding.
    plain, across, down = vectors.reshape(3, 5, 3, 4, 4)
    np.testing.assert_allclose(across, plain[..., ::-1], atol=1e-6)
    np.testing.assert_allclose(down, plain[..., ::-1, :], atol=1e-6)


def test_a_file_that_is_gone_is_named(filled: Archive, tmp_path: Path) -> None:
    (tmp_path / "source" / "field" / "field03.png").unlink()
    with pytest.raises(
        SceneError, match=r"the chip .field/field03\.png. cannot be read again where it was indexed: .*does not exist"
    ):
        again(filled, sorted(stored(filled)))


def test_half_a_scene_is_to_be_indexed_again(filled: Archive) -> None:
    name = sorted(stored(filled))[0]
    (scene,) = filled.store.take([name], ["scene"]).column("scene").to_pylist()
    filled.ledger.remove([scene])
    with pytest.raises(SceneError, match=r"not its scene .*field00\.png; index it again"):
        again(filled, [name])


def test_nothing_is_not_embedded(filled: Archive) -> None:
    with pytest.raises(ValueError, match="no id was given"):
        again(filled, [])
