"""Indexing against the bare network, against a plain script, and its memory as archives grow."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from benchmarks.imagery import cut_jpegs, lay_cog, lay_geotiff
from benchmarks.machine import cores
from benchmarks.result import Row
from benchmarks.timing import alternating, process
from terrakin import Archive
from terrakin.bundles.shipped import IMAGENET_MOBILENETV2
from terrakin.datasets.generated.files import make_scenes

_SIDE = 224
_RUN = 2
# Images in one run of the network: on a CPU more gain nothing.

_MEMORY = """
import sys
from pathlib import Path
from terrakin import Archive
Archive.create(sys.argv[2]).add(sys.argv[1])
print(next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")))
"""
# Not `getrusage`, whose peak begins with that of the process that starts this one.


def measure(*, small: bool) -> list[Row]:
    """Every figure of indexing."""
    size, times, pictures, turns = (512, 6, 150, 1) if small else (2048, 6, 2000, 3)
    with tempfile.TemporaryDirectory(prefix="terrakin-bench-") as scratch:
        folder = Path(scratch)
        scene = make_scenes(folder / "scene", count=1, size=size, seed=7)[0].path
        jpegs = cut_jpegs(scene, folder / "jpegs", pictures)
        geotiff = lay_geotiff(scene, folder / "large.tif", times)
        sources = {"JPEG, 256 px": jpegs, "GeoTIFF, deflate": geotiff, "COG, ZSTD": lay_cog(geotiff, folder / "cog.tif")}
        return [
            *_against_network(sources, jpegs, folder, pictures, turns),
            _against_script(jpegs, folder, pictures, turns),
            _memory(scene, folder, (100, 300) if small else (2_000, 10_000)),
        ]


def _against_network(sources: dict[str, Path], jpegs: Path, folder: Path, images: int, turns: int) -> Iterator[Row]:
    fresh = (folder / f"archive{number}" for number in count())
    chips: dict[str, int] = {}

    def indexing(name: str, source: Path) -> Callable[[], None]:
        def work() -> None:
            archive = Archive.create(next(fresh))
            archive.add(source, workers=cores())
            chips[name] = len(archive)

        return work

    works = {name: indexing(name, source) for name, source in sources.items()}
    taken = alternating({**works, "network": _network(jpegs, images)}, repeat=turns)
    for name in sources:
        rate, bare = chips[name] / taken[name], images / taken["network"]
        yield Row(f"{name}: end to end", rate, "chips/s", "the bare network", bare, "≥ 0.85")


def _against_script(jpegs: Path, folder: Path, images: int, turns: int) -> Row:
    fresh = (folder / f"command{number}" for number in count())
    script = Path(__file__).with_name("plain_index.py")
    works = {
        "command": lambda: process(sys.executable, "-m", "terrakin", "index", jpegs, "--archive", next(fresh))(),
        "script": process(sys.executable, script, jpegs, folder / "plain.faiss"),
    }
    taken = alternating(works, repeat=turns)
    command, plain = images / taken["command"], images / taken["script"]
    return Row("JPEG, 256 px: `terrakin index`", command, "chips/s", "script of Pillow, ONNX Runtime, FAISS", plain, "≥ 1")


def _memory(scene: Path, folder: Path, sizes: tuple[int, int]) -> Row:
    few, many = (_peak(cut_jpegs(scene, folder / f"memory{size}", size), folder / f"peak{size}") for size in sizes)
    return Row(f"peak memory, {sizes[1]:,} chips", many, "MiB", f"{sizes[0]:,} chips", few, "flat")


def _peak(source: Path, path: Path) -> float:
    """Peak resident memory in MiB of a process of its own that indexes."""
    done = subprocess.run([sys.executable, "-c", _MEMORY, source, path], capture_output=True, text=True, check=True)
    return float(done.stdout) / 1024


def _network(jpegs: Path, images: int) -> Callable[[], None]:
    """Work that runs the network alone on tensors that lie in memory, in one thread a core, which is its fastest way."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(IMAGENET_MOBILENETV2 / "model.onnx", options, providers=["CPUExecutionProvider"])
    tensors = [_tensor(path) for path in sorted(jpegs.iterdir())[:200]]
    runs = [np.stack([tensors[(number + i) % len(tensors)] for i in range(_RUN)]) for number in range(0, len(tensors), _RUN)]

    def work() -> None:
        with ThreadPoolExecutor(cores()) as pool:
            todo = (runs[number % len(runs)] for number in range(images // _RUN))
            for _ in pool.map(lambda pixels: session.run(["embedding"], {"pixels": pixels}), todo):
                pass

    return work


def _tensor(path: Path) -> NDArray[np.float32]:
    image = Image.open(path).convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)
    return np.asarray(image, np.float32).transpose(2, 0, 1) / 127.5 - 1
