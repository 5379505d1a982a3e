"""The cache of images: what is in it, when it is made again, what is left out."""

import errno
import json
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from terrakin.api.archive import Archive
from terrakin.chips.resample import square
from terrakin.errors import DatasetError, TrainingError, UnknownNameError
from terrakin.training import images as module
from terrakin.training.images import META, PIXELS, Images, LeftOutWarning, cached, load
from terrakin.training.labelled import UNKNOWN


@pytest.fixture
def source(pictures: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(pictures, tmp_path / "source"))


def write_bands(path: Path, values: np.ndarray, *, crs: str | None = None) -> None:
    """Write (C, H, W) as a GeoTIFF."""
    import rasterio
    from rasterio.errors import NotGeoreferencedWarning
    from rasterio.transform import Affine

    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = values.shape
    grid = {} if crs is None else {"crs": crs, "transform": Affine(10, 0, 5e5, 0, -10, 5e6)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", "GTiff", width, height, count, dtype=values.dtype, **grid) as file:
            file.write(values)


def test_a_folder_of_class_folders_becomes_images(source: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    images = cached(source, tmp_path / "cache", size=16, progress=lambda done, total: seen.append((done, total)))
    assert images.classes == ("field", "forest", "harbor", "water")
    assert images.bands == ("red", "green", "blue")
    assert images.pixels.shape == (48, 16, 16, 3)
    assert images.labels.tolist() == [label for label in range(4) for _ in range(12)]
    assert seen[-1] == (48, 48)
    row = images.ids.index("harbor/harbor03.png")
    with Image.open(source / "harbor" / "harbor03.png") as picture:
        wanted = square(np.moveaxis(np.asarray(picture), 2, 0), (0, 0, 24, 24), 16)
    assert np.array_equal(images.pixels[row], np.moveaxis(np.rint(wanted * 255), 0, 2))


def test_the_cache_is_mapped_and_opens_alone(source: Path, tmp_path: Path) -> None:
    made = cached(source, tmp_path / "cache", size=16)
    shutil.rmtree(source)
    opened = load(tmp_path / "cache")
    assert isinstance(opened.pixels, np.memmap)
    assert np.array_equal(opened.pixels, made.pixels)
    assert (opened.ids, opened.classes, opened.bands, opened.digest) == (made.ids, made.classes, made.bands, made.digest)


def test_opening_a_cache_needs_numpy_alone() -> None:
    heavy = ["PIL", "rasterio", "onnx", "onnxruntime", "faiss", "matplotlib", "pyarrow", "rich", "lance", "filelock", "shapely"]
    program = (
        "import sys, terrakin.training.images, terrakin.training.split, terrakin.training.samplers.known as known;"
        "[known.SAMPLERS[name] for name in ('balanced', 'pk', 'shuffled')];"
        f"print([name for name in {[*heavy, 'torch']!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def modified(folder: Path) -> int:
    return (folder / PIXELS).stat().st_mtime_ns


def test_it_is_made_again_when_something_changed(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    first = cached(source, folder, size=16)

    def remade(**options: int) -> bool:
        os.utime(folder / PIXELS, ns=(1, 1))
        cached(source, folder, **{"size": 16, **options})
        return modified(folder) != 1

    assert not remade()
    assert remade(size=12)
    assert remade()
    Image.new("RGB", (24, 24), (200, 30, 60)).save(source / "water" / "water05.png")
    assert remade()
    assert load(folder).digest != first.digest
    (source / "water" / "water06.png").unlink()
    assert remade()
    assert len(load(folder).ids) == 47
    assert remade(workers=1) is False


def test_the_digest_is_of_contents_and_not_of_places(source: Path, tmp_path: Path) -> None:
    elsewhere = Path(shutil.copytree(source, tmp_path / "elsewhere"))
    ours, theirs = cached(source, tmp_path / "a", size=16), cached(elsewhere, tmp_path / "b", size=16)
    assert ours.digest == theirs.digest
    assert cached(source, tmp_path / "c", size=12).digest != ours.digest


def test_bands_are_read_by_name_whatever_the_workers(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        for number in range(2):
            write_bands(tmp_path / "data" / name / f"{number}.tif", rng.integers(1, 256, (5, 8, 8), np.uint8), crs="EPSG:32631")
    images = cached(tmp_path / "data", tmp_path / "cache", size=8, bands=("b5", "b2"), workers=3)
    assert (images.pixels.shape, images.bands, images.classes) == ((4, 8, 8, 2), ("b5", "b2"), ("a", "b"))
    import rasterio

    with rasterio.open(tmp_path / "data" / "b" / "0.tif") as file:
        assert np.array_equal(images.pixels[2], np.moveaxis(file.read([5, 2]), 0, 2))


def test_a_large_image_is_cut_as_it_is_for_an_archive(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        write_bands(tmp_path / "data" / name / "0.tif", rng.integers(1, 256, (3, 256, 512), np.uint8), crs="EPSG:32631")
    images = cached(tmp_path / "data", tmp_path / "cache", size=8)
    assert images.ids == ("a/0.tif#0,0,256,256", "a/0.tif#256,0,256,256", "b/0.tif#0,0,256,256", "b/0.tif#256,0,256,256")


def test_a_benchmark_is_read_by_its_reader(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name in ("River", "Forest"):
        for number in range(3):
            values = rng.integers(0, 3000, (13, 64, 64)).astype(np.uint16)
            write_bands(tmp_path / "data" / name / f"{name}_{number}.tif", values)
    with pytest.warns(match="differs from the published EuroSAT"):
        images = cached(tmp_path / "data", tmp_path / "cache", size=32, dataset="eurosat-allbands")
    assert images.bands[-1] == "B8A"
    assert (images.pixels.shape, images.classes) == ((6, 32, 32, 13), ("Forest", "River"))
    with pytest.warns(match="differs from the published EuroSAT"):
        some = cached(tmp_path / "data", tmp_path / "two", size=32, dataset="eurosat-allbands", bands=("B8A", "B01"))
    assert np.array_equal(some.pixels, images.pixels[..., [12, 0]])


def test_a_benchmark_that_is_not_there_is_told(source: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="no datasets named 'aidd'; did you mean 'aid'"):
        cached(source, tmp_path / "cache", size=16, dataset="aidd")
    with pytest.raises(DatasetError, match="is not AID"):
        cached(source, tmp_path / "cache", size=16, dataset="aid")


@pytest.fixture
def archive(tiny_bundle: Path, tmp_path: Path) -> Callable[..., Path]:
    def make(source: Path, **options: object) -> Path:
        held = Archive.create(tmp_path / "archive", model=tiny_bundle, **options)
        held.add(source, workers=1)
        return tmp_path / "archive"

    return make


def test_an_archive_gives_its_labelled_chips(source: Path, tmp_path: Path, archive: Callable[..., Path]) -> None:
    path = archive(source)
    ours, theirs = cached(path, tmp_path / "a", size=16), cached(source, tmp_path / "b", size=16)
    assert (ours.ids, ours.classes, ours.bands) == (theirs.ids, theirs.classes, theirs.bands)
    assert np.array_equal(ours.labels, theirs.labels)
    assert np.array_equal(ours.pixels, theirs.pixels)


def test_an_archive_is_read_by_its_own_bands_and_scaling(tmp_path: Path, archive: Callable[..., Path]) -> None:
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        for number in range(2):
            write_bands(
                tmp_path / "data" / name / f"{number}.tif", rng.integers(1, 256, (5, 16, 16), np.uint8), crs="EPSG:32631"
            )
    path = archive(tmp_path / "data", bands=("b5", "b4", "b3"), scaling="0:510", labels="folder")
    images = cached(path, tmp_path / "cache", size=16)
    import rasterio

    with rasterio.open(tmp_path / "data" / "a" / "1.tif") as file:
        stored = np.moveaxis(file.read(), 0, 2).astype(float)
    row = images.ids.index("a/1.tif")
    assert images.bands == ("b5", "b4", "b3")
    assert np.abs(images.pixels[row] - stored[..., [4, 3, 2]] / 2).max() <= 0.5
    other = cached(path, tmp_path / "other", size=16, bands=("b1",))
    assert np.abs(other.pixels[row] - stored[..., :1] / 2).max() <= 0.5


def test_chips_without_one_label_are_counted(tmp_path: Path, archive: Callable[..., Path], source: Path) -> None:
    rows = [f"{name}/{name}{number:02}.png,{name}" for name in ("field", "water") for number in range(3)]
    rows += ["forest/forest00.png,forest;wood", "forest/forest01.png,"]
    (source / "table.csv").write_text("path,labels\n" + "\n".join(rows) + "\n")
    path = archive(source / "table.csv")
    with pytest.warns(LeftOutWarning, match=r"archive, left out: 2 without a label or with several$"):
        images = cached(path, tmp_path / "cache", size=16)
    assert (len(images.ids), images.classes) == (6, ("field", "water"))


def test_where_labels_are_optional_folders_tell_none(source: Path, tmp_path: Path) -> None:
    shutil.copy(source / "field" / "field00.png", source / "alone.png")
    images = cached(source, tmp_path / "cache", size=16, labels="optional")
    assert (len(images.ids), images.classes, set(images.labels.tolist())) == (49, (UNKNOWN,), {0})
    with pytest.warns(LeftOutWarning, match="left out: 1 without a label"):
        assert cached(source, tmp_path / "cache", size=16).classes == ("field", "forest", "harbor", "water")
    one = tmp_path / "one"
    one.mkdir()
    (source / "alone.png").rename(one / "alone.png")
    assert cached(one, tmp_path / "other", size=16, labels="optional").ids == ("alone.png",)
    (one / "alone.png").write_bytes(b"no image")
    with pytest.raises(TrainingError, match=r"there is no image in .*one; left out: 1 that cannot be read: .*alone\.png"):
        cached(one, tmp_path / "other", size=16, labels="optional")


def test_where_labels_are_optional_an_archives_are_taken(tmp_path: Path, archive: Callable[..., Path], source: Path) -> None:
    rows = ["field/field00.png,field", "forest/forest00.png,forest;wood", "forest/forest01.png,"]
    (source / "table.csv").write_text("path,labels\n" + "\n".join(rows) + "\n")
    images = cached(archive(source / "table.csv"), tmp_path / "cache", size=16, labels="optional")
    assert images.classes == (UNKNOWN, "field")
    assert sorted(images.labels.tolist()) == [0, 0, 1]


def test_a_broken_image_is_left_out_and_named(source: Path, tmp_path: Path) -> None:
    (source / "field" / "field03.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    content = (source / "water" / "water01.png").read_bytes()
    (source / "water" / "water01.png").write_bytes(content[: len(content) // 2])
    with pytest.warns(LeftOutWarning, match=r"left out: 2 that cannot be read: .*field03\.png .*water01\.png"):
        images = cached(source, tmp_path / "cache", size=16)
    assert len(images.ids) == 46
    assert not {"field/field03.png", "water/water01.png"} & set(images.ids)
    assert images.pixels.shape == (46, 16, 16, 3)


def test_too_few_images_are_told(source: Path, tmp_path: Path) -> None:
    for name in ("field", "forest", "water"):
        shutil.rmtree(source / name)
    Image.new("RGB", (8, 8)).save(source / "alone.png")
    with pytest.raises(
        TrainingError, match=r"at least 2 images of each of 2 classes, but .* gives 12 \(harbor: 12\); left out: 1 "
    ):
        cached(source, tmp_path / "cache", size=16)
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [".lock"]


def test_nothing_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"there is no folder at .*none'; name a folder of class folders, an archive"):
        cached(tmp_path / "none", tmp_path / "cache", size=16)
    with pytest.raises(ValueError, match="a side of at least 1 px, got 0"):
        cached(tmp_path, tmp_path / "cache", size=0)


def test_a_run_that_is_killed_leaves_no_half_cache(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cache"

    def killed(done: int, total: int | None) -> None:
        if done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached(source, folder, size=16, progress=killed)
    with pytest.raises(TrainingError, match="there is no cache of images"):
        load(folder)
    whole = cached(source, folder, size=16)
    with pytest.raises(KeyboardInterrupt):
        cached(source, folder, size=12, progress=killed)
    assert np.array_equal(load(folder).pixels, whole.pixels)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full while images are written .* make room, or choose a smaller size"),
        (errno.EACCES, "another"),
    ],
)
def test_a_disk_that_takes_nothing_is_told(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    def full(file: object, shape: object, depth: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(module, "_write_header", full)
    with pytest.raises(TrainingError, match=words):
        cached(source, tmp_path / "cache", size=16)


def test_a_broken_cache_is_told_and_made_again(source: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    whole = cached(source, folder, size=16)
    said = json.loads((folder / META).read_text())
    for broken in (
        {**said, "format": 9},
        {**said, "labels": said["labels"][1:]},
        {**said, "labels": [9] * 48},
        {"format": 1},
        [],
    ):
        (folder / META).write_text(json.dumps(broken))
        with pytest.raises(TrainingError, match=r"cache' is broken \(.*\); delete it and make it again"):
            load(folder)
    (folder / META).write_text("{")
    assert np.array_equal(cached(source, folder, size=16).pixels, whole.pixels)


def test_images_must_fit_together() -> None:
    pixels, labels = np.zeros((2, 4, 4, 3), np.uint8), np.zeros(2, np.int64)
    with pytest.raises(ValueError, match="wanted 2 uint8 or uint16 images of 1 bands"):
        Images(("a", "b"), pixels, labels, ("x",), ("grey",), "0")
    with pytest.raises(ValueError, match="wanted 2 int64 labels"):
        Images(("a", "b"), pixels, labels[:1], ("x",), ("r", "g", "b"), "0")
    with pytest.raises(ValueError, match="positions in 1 classes"):
        Images(("a", "b"), pixels, labels + 1, ("x",), ("r", "g", "b"), "0")
