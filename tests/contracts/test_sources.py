"""What every source must do."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image

from terrakin.errors import SceneError
from terrakin.scenes.find import find, open_scene
from terrakin.scenes.scene import Candidate, Skipped
from terrakin.scenes.source import SOURCES, in_turn


def raster(path: Path, *, bands: int = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    transform = rasterio.Affine(10, 0, 500000, 0, -10, 5000000)
    with rasterio.open(
        path, "w", driver="GTiff", width=8, height=8, count=bands, dtype="uint16", crs="EPSG:32633", transform=transform
    ) as dataset:
        dataset.write(np.full((bands, 8, 8), 7, np.uint16))


def images(root: Path) -> Path:
    for name in ("a/1.png", "b/2.png"):
        (root / name).parent.mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(root / name)
    return root


def rasters(root: Path) -> Path:
    raster(root / "one.tif", bands=4)
    raster(root / "deep" / "two.tif")
    return root


def band_folders(root: Path) -> Path:
    for patch in ("S2A_MSIL2A_20170613T101031_0_45", "S2A_MSIL2A_20170613T101031_0_46"):
        for band in ("B02", "B03", "B04"):
            raster(root / patch / f"{patch}_{band}.tif")
        (root / patch / f"{patch}_labels_metadata.json").write_text('{"labels": ["Water bodies"]}')
    return root


def items(root: Path) -> Path:
    for name in ("one", "two"):
        raster(root / name / "data.tif", bands=3)
        item = {"type": "Feature", "stac_version": "1.0.0", "id": name, "properties": {"datetime": "2020-05-01T00:00:00Z"}}
        (root / name / "item.json").write_text(json.dumps(item | {"assets": {"data": {"href": "data.tif", "roles": ["data"]}}}))
    return root


def table(root: Path) -> Path:
    rasters(root)
    (root / "list.csv").write_text("path,label\none.tif,a\ndeep/two.tif,b\n")
    return root / "list.csv"


MAKERS: Mapping[str, Callable[[Path], Path]] = {
    "image": images,
    "raster": rasters,
    "bands": band_folders,
    "stac": items,
    "table": table,
}
"""Two scenes of each kind, and the path to name."""


def test_every_source_is_held_to_the_contract() -> None:
    assert set(MAKERS) == set(SOURCES)


@pytest.fixture(params=sorted(MAKERS))
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def path(kind: str, tmp_path: Path) -> Path:
    return MAKERS[kind](tmp_path / "source")


def candidates(path: Path) -> list[Candidate]:
    found = list(find(path))
    assert not [f for f in found if isinstance(f, Skipped)]
    return [f for f in found if isinstance(f, Candidate)]


def test_it_presents_itself(kind: str) -> None:
    source = SOURCES[kind]
    assert source.name == kind
    assert source.title
    assert [other.turn for other in in_turn()] == sorted(other.turn for other in in_turn())


def test_it_finds_its_own_scenes_and_nothing_twice(kind: str, path: Path) -> None:
    found = candidates(path)
    assert [candidate.source for candidate in found] == [kind, kind]
    assert len({candidate.key for candidate in found}) == len({candidate.uri for candidate in found}) == 2
    root = str(path.parent if path.is_file() else path)
    for candidate in found:
        assert candidate.uri.startswith(f"{root}/")
        assert all(Path(file).is_file() and file.startswith(f"{root}/") for file in candidate.files)
        assert not candidate.key.startswith(("/", "."))


def test_it_opens_what_it_finds(path: Path) -> None:
    for candidate in candidates(path):
        scene = open_scene(candidate)
        assert (scene.uri, scene.key, scene.width, scene.height) == (candidate.uri, candidate.key, 8, 8)
        assert all(Path(band.path).is_file() for band in scene.bands)
        assert len({band.name for band in scene.bands}) == len(scene.bands)
        assert len(scene.fingerprint) == 32
        assert scene == open_scene(candidate)


def test_listing_again_gives_the_same(path: Path) -> None:
    assert candidates(path) == candidates(path)


def test_a_changed_file_changes_stamp_and_fingerprint(path: Path) -> None:
    for position, candidate in enumerate(candidates(path)):
        for file in candidate.files:
            before = open_scene(candidate).fingerprint
            with Path(file).open("ab") as appended:
                appended.write(b" ")
            after = candidates(path)[position]
            assert after.stamp != candidate.stamp
            assert open_scene(after).fingerprint != before
            candidate = after  # the next file changes what is there now


def test_a_touched_file_changes_the_stamp_only(path: Path) -> None:
    first = candidates(path)[0]
    os.utime(first.files[0], ns=(0, 0))
    touched = candidates(path)[0]
    assert touched.stamp != first.stamp
    assert open_scene(touched).fingerprint == open_scene(first).fingerprint


def test_a_broken_file_has_a_reason_and_leaves_the_others_alone(path: Path) -> None:
    first, second = candidates(path)
    Path(first.files[0]).write_bytes(b"broken")
    again = candidates(path)
    with pytest.raises(
        SceneError, match=f"{Path(first.files[0]).name} cannot be opened as .*broken, cut off, or of another type"
    ):
        open_scene(again[0])
    assert open_scene(again[1]).uri == second.uri


def test_an_empty_file_is_skipped(path: Path) -> None:
    first, second = candidates(path)
    Path(first.files[0]).write_bytes(b"")
    found = list(find(path))
    assert [f.reason.endswith("is empty") for f in found if isinstance(f, Skipped)] == [True]
    assert [f for f in found if isinstance(f, Candidate)] == [second]


def test_a_file_that_vanishes_before_it_is_opened_is_said_to(path: Path) -> None:
    first = candidates(path)[0]
    Path(first.files[0]).unlink()
    with pytest.raises(SceneError, match="does not exist"):
        open_scene(first)
