"""Packs: what goes in comes out, nothing else comes out, and nothing is written elsewhere."""

import json
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from terrakin.errors import TrainingError
from terrakin.training.codec import decode, encode
from terrakin.training.images import Images
from terrakin.training.pack import Luggage, pack, pack_result, packed_recipe, unpack, unpack_result

RESULT = ("checkpoint.npz", "log.jsonl")


def some_images(count: int = 10, side: int = 24) -> Images:
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (count, side // 8, side // 8, 3), np.uint8)
    return Images(
        tuple(f"class {number % 2}/{number}.png" for number in range(count)),
        coarse.repeat(8, axis=1).repeat(8, axis=2),
        np.arange(count, dtype=np.int64) % 2,
        ("class 0", "class 1"),
        ("red", "green", "blue"),
        "d1",
    )


@pytest.fixture
def luggage(tmp_path: Path) -> Luggage:
    np.savez(tmp_path / "weights.npz", weight=np.arange(6.0))
    np.savez(tmp_path / "said.npz", **{"0": np.eye(10, dtype=np.float32)})
    return Luggage("[data]\nsize = 24\n", some_images(), tmp_path / "weights.npz", tmp_path / "said.npz")


def test_a_run_is_carried(luggage: Luggage, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    size = pack(luggage, tmp_path / "run.zip", quality=90)
    assert size == (tmp_path / "run.zip").stat().st_size
    there = unpack(tmp_path / "run.zip", tmp_path / "there", progress=lambda done, total: seen.append((done, total)))
    assert there.recipe == luggage.recipe == (tmp_path / "there" / "recipe.toml").read_text()
    for ours, theirs in ((luggage.start, there.start), (luggage.targets, there.targets)):
        assert ours.read_bytes() == theirs.read_bytes()
        assert theirs.parent == tmp_path / "there"
    here = luggage.images
    assert (there.images.ids, there.images.classes, there.images.bands) == (here.ids, here.classes, here.bands)
    assert there.images.digest == here.digest
    assert np.array_equal(there.images.labels, here.labels)
    assert np.array_equal(there.images.pixels, decode(encode(here.pixels, quality=90)))
    assert isinstance(there.images.pixels, np.memmap)
    assert seen[-1] == (10, 10)


def test_its_recipe_can_be_read_alone(luggage: Luggage, tmp_path: Path) -> None:
    pack(luggage, tmp_path / "run.zip")
    assert packed_recipe(tmp_path / "run.zip") == luggage.recipe
    pack_result(tmp_path, tmp_path / "other.zip", names=("weights.npz",))
    with pytest.raises(TrainingError, match=r"holds 'weights\.npz'; expected at its top only"):
        packed_recipe(tmp_path / "other.zip")
    with zipfile.ZipFile(tmp_path / "latin.zip", "w") as archive:
        archive.writestr("recipe.toml", b'words = "\xe9"')
    with pytest.raises(TrainingError, match=r"latin\.zip' is no packed run that can be read \(.*utf-8"):
        packed_recipe(tmp_path / "latin.zip")


def test_what_a_run_has_not_is_not_carried(luggage: Luggage, tmp_path: Path) -> None:
    pack(Luggage(luggage.recipe, luggage.images), tmp_path / "run.zip")
    there = unpack(tmp_path / "run.zip", tmp_path / "there")
    assert (there.start, there.targets) == (None, None)
    assert sorted(path.name for path in (tmp_path / "there").iterdir()) == ["images", "recipe.toml"]


def test_many_images_are_coded_in_pieces_whatever_the_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("terrakin.training.pack._TOGETHER", 3 * 24 * 24 * 3)
    for workers in (1, 3):
        pack(Luggage("", some_images()), tmp_path / f"{workers}.zip", workers=workers)
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "3.zip").read_bytes()
    there = [unpack(tmp_path / "1.zip", tmp_path / f"there{workers}", workers=workers) for workers in (1, 3)]
    assert np.array_equal(there[0].images.pixels, there[1].images.pixels)
    assert len(there[0].images.ids) == 10


def test_lower_quality_is_smaller(tmp_path: Path) -> None:
    luggage = Luggage("", some_images(40, 48))
    assert pack(luggage, tmp_path / "a.zip", quality=10) < pack(luggage, tmp_path / "b.zip", quality=100)


def test_more_than_the_limit_is_told_with_its_parts(luggage: Luggage, tmp_path: Path) -> None:
    words = (
        r"run\.zip would have [\d,]+ bytes and may have 1,000: recipe\.toml 17, images\.json [\d,]+, images\.coded [\d,]+, "
        r"start\.npz [\d,]+, targets\.npz [\d,]+; of 10 images of 24 px at quality 70; cache smaller images, choose a lower"
    )
    with pytest.raises(TrainingError, match=words):
        pack(luggage, tmp_path / "run.zip", limit=1000)
    assert [path.name for path in tmp_path.glob("*run*")] == []


def test_weights_that_are_not_there_are_told(luggage: Luggage, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"none\.npz' cannot be packed: No such file"):
        pack(Luggage("", luggage.images, tmp_path / "none.npz"), tmp_path / "run.zip")


@pytest.fixture
def altered(luggage: Luggage, tmp_path: Path) -> Callable[..., Path]:
    """A pack with some members replaced, added, or (None) left out."""

    def alter(**members: bytes | None) -> Path:
        pack(luggage, tmp_path / "run.zip")
        with zipfile.ZipFile(tmp_path / "run.zip") as archive:
            held: dict[str, bytes | None] = {name: archive.read(name) for name in archive.namelist()}
        held |= {name.replace("__", "."): content for name, content in members.items()}
        with zipfile.ZipFile(tmp_path / "altered.zip", "w") as archive:
            for name, content in held.items():
                if content is not None:
                    archive.writestr(name, content)
        return tmp_path / "altered.zip"

    return alter


@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped", "images/pixels.npy", "surprise.py"])
def test_only_known_names_come_out(altered: Callable[..., Path], tmp_path: Path, name: str) -> None:
    file = altered(**{name: b"x"})
    with pytest.raises(TrainingError, match=r"holds .*; expected at its top only images.json"):
        unpack(file, tmp_path / "deep" / "there")
    assert not list(tmp_path.rglob("escaped"))
    assert not (tmp_path / "deep").exists()


@pytest.mark.parametrize("name", ["recipe__toml", "images__json", "images__coded"])
def test_a_pack_without_a_part_is_told(altered: Callable[..., Path], tmp_path: Path, name: str) -> None:
    with pytest.raises(TrainingError, match=f"is no packed run: it lacks {name.replace('__', '.')}"):
        unpack(altered(**{name: None}), tmp_path / "there")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": 7}, "its format is 7, this program reads 1"),
        ({"shape": [10, 24, 24]}, "not enough values to unpack"),
        ({"shape": [11, 24, 24, 3]}, "do not fit 10 ids"),
        ({"shape": [10, 1 << 20, 1 << 20, 3]}, "are too large"),
        ({"shape": [10, 32, 32, 3]}, r"10 images of shape \(24, 24, 3\) in \d+ bytes are not what it says"),
        ({"ids": ["a"], "shape": [1, 24, 24, 3]}, "it holds 10 images and says 1"),
    ],
)
def test_sizes_are_checked_before_anything_is_decoded(
    altered: Callable[..., Path], luggage: Luggage, tmp_path: Path, changes: dict, words: str
) -> None:
    pack(luggage, tmp_path / "run.zip")
    with zipfile.ZipFile(tmp_path / "run.zip") as archive:
        said = json.loads(archive.read("images.json"))
    file = altered(images__json=json.dumps({**said, **changes}).encode())
    with pytest.raises(TrainingError, match=words):
        unpack(file, tmp_path / "there")
    assert not (tmp_path / "there").exists()


@pytest.mark.parametrize("coded", [b"abc", struct.pack("<Q", 1 << 60) + b"TKP1", struct.pack("<Q", 4) + b"none"])
def test_broken_images_are_told(altered: Callable[..., Path], tmp_path: Path, coded: bytes) -> None:
    with pytest.raises(TrainingError, match="here again"):
        unpack(altered(images__coded=coded), tmp_path / "there")


def test_what_is_no_pack_is_told(tmp_path: Path) -> None:
    (tmp_path / "run.zip").write_bytes(b"no zip")
    with pytest.raises(TrainingError, match="is not a readable zip"):
        unpack(tmp_path / "run.zip", tmp_path / "there")
    with pytest.raises(TrainingError, match=r"none\.zip' cannot be read: No such file"):
        unpack(tmp_path / "none.zip", tmp_path / "there")


def test_a_result_is_carried_back(tmp_path: Path) -> None:
    run, home = tmp_path / "run", tmp_path / "home"
    run.mkdir()
    for name in RESULT:
        (run / name).write_bytes(name.encode())
    (run / "other").write_text("stays")
    size = pack_result(run, tmp_path / "result.zip", names=RESULT)
    assert size == (tmp_path / "result.zip").stat().st_size
    assert unpack_result(tmp_path / "result.zip", home, names=RESULT) == tuple(home / name for name in RESULT)
    assert [(home / name).read_bytes() for name in RESULT] == [name.encode() for name in RESULT]
    assert not (home / "other").exists()
    with pytest.raises(TrainingError, match=r"holds 'log\.jsonl'; expected at its top only checkpoint.npz"):
        unpack_result(tmp_path / "result.zip", home, names=RESULT[:1])


def test_a_run_without_a_result_is_told(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"there is no result in .*: none of checkpoint\.npz, log\.jsonl; name the folder"):
        pack_result(tmp_path, tmp_path / "result.zip", names=RESULT)


def test_a_result_over_the_limit_is_told(tmp_path: Path) -> None:
    (tmp_path / RESULT[0]).write_bytes(bytes(5000))
    with pytest.raises(TrainingError, match=r"may have 4,000: checkpoint\.npz 5,000; .*carry fewer files"):
        pack_result(tmp_path, tmp_path / "result.zip", names=RESULT, limit=4000)


def test_reading_a_pack_needs_numpy_alone() -> None:
    heavy = ["PIL", "rasterio", "onnx", "onnxruntime", "faiss", "matplotlib", "pyarrow", "rich", "lance", "filelock", "shapely"]
    program = f"import sys, terrakin.training.pack; print([name for name in {[*heavy, 'torch']!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
