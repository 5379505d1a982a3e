"""The program as a person runs it, and small imagery to run it on."""

import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import rasterio
from PIL import Image

from terrakin import Archive
from terrakin.datasets.generated.files import SceneFile, make_scenes

Terrakin = Callable[..., subprocess.CompletedProcess[str]]


@dataclass(frozen=True, slots=True)
class Done:
    """What a command said."""

    out: str
    err: str


@pytest.fixture(scope="session")
def terrakin() -> Terrakin:
    """Run `terrakin` with arguments in a process of its own."""

    def call(*arguments: str | Path, status: int = 0) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "terrakin", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "COLUMNS": "110"})
        assert done.returncode == status, f"{done.returncode}: {done.stdout}{done.stderr}"
        return done

    return call


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Run `terrakin` with arguments in this process, which spares the imports; `status` is what it must end with."""
    from terrakin.cli.app import run as program

    def call(*arguments: str | Path | int | float, status: int = 0) -> Done:
        capfd.readouterr()
        ended = program([str(argument) for argument in arguments])
        done = Done(*capfd.readouterr())
        assert ended == status, f"{ended}: {done.out}{done.err}"
        return done

    return call


@pytest.fixture(scope="session")
def scene_files(tmp_path_factory: pytest.TempPathFactory) -> list[SceneFile]:
    """Two scenes of 256 px of 2 m, uint8, red to near infrared, with labels; other places, other days."""
    return make_scenes(tmp_path_factory.mktemp("imagery") / "scenes", count=2, size=256, gsd_m=2)


@pytest.fixture(scope="session")
def scenes(scene_files: list[SceneFile]) -> Path:
    """The folder of `scene_files`."""
    return scene_files[0].path.parent


@pytest.fixture(scope="session")
def scene_archive(scenes: Path, tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of `scenes`, sixteen chips of 64 px each; tests only read it."""
    path = tmp_path_factory.mktemp("archives") / "coast"
    Archive.create(path, model=tiny_bundle, chip_size=64).add(scenes)
    return path


@pytest.fixture(scope="session")
def picture_archive(pictures: Path, tiny_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of `pictures`, 48 chips of four classes; tests only read it."""
    path = tmp_path_factory.mktemp("archives") / "pictures"
    Archive.create(path, model=tiny_bundle).add(pictures)
    return path


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Path]:
    """Stand in a folder of one's own, as a person does who names things relatively."""
    before = Path.cwd()
    os.chdir(tmp_path)
    yield tmp_path
    os.chdir(before)


@pytest.fixture(scope="session")
def write_scene() -> Callable[..., Path]:
    """Write an array (C, H, W) as a GeoTIFF and return its path; by default in UTM 32, pixels of 10 m, 0 for nodata."""
    return _write_scene


@pytest.fixture(scope="session")
def odd_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one good picture and every kind of file that must be skipped."""
    folder = tmp_path_factory.mktemp("odd")
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(folder / "good.png")
    (folder / "zero.tif").write_bytes(b"")
    whole = (folder / "good.png").read_bytes()
    (folder / "cut.png").write_bytes(whole[: len(whole) // 2])
    (folder / "text.jpg").write_text("not a picture")
    (folder / "notes.xyz").write_text("1 2 3")
    (folder / "loop").symlink_to(folder)
    (folder / "gone.png").symlink_to(folder / "nowhere.png")
    (folder / "bomb.png").write_bytes(_bomb(100_000))
    _write_scene(folder / "nodata.tif", np.zeros((3, 64, 64), np.uint16))
    _write_scene(folder / "cut.tif", rng.integers(1, 3000, (3, 64, 64)).astype(np.uint16))
    whole = (folder / "cut.tif").read_bytes()
    (folder / "cut.tif").write_bytes(whole[: len(whole) // 2])
    return folder


def _bomb(side: int) -> bytes:
    """A PNG of a few hundred bytes that claims `side` x `side` pixels."""

    def part(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(bytes(1000))) + part(b"IEND", b"")


def _write_scene(
    path: Path,
    values: np.ndarray,
    *,
    crs: str = "EPSG:32632",
    corner: tuple[float, float] = (500_000, 5_000_000),
    gsd: float = 10,
    nodata: float | None = 0,
    names: Sequence[str] = (),
) -> Path:
    bands, height, width = values.shape
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=width,
        height=height,
        count=bands,
        dtype=values.dtype,
        crs=crs,
        transform=rasterio.Affine(gsd, 0, corner[0], 0, -gsd, corner[1]),
        nodata=nodata,
    ) as file:
        file.write(values)
        for number, name in enumerate(names, 1):
            file.set_band_description(number, name)
    return path
