"""How much of the training is the network: images a second of the loop, beside bare forward and backward passes."""

import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.result import Row
from terrakin.training.images import PIXELS, Images

_RECIPES = ("mobilenetv2.softmax",)
_SIDE = 160
_STORED = 224
_BATCH = 32


def measure(*, small: bool) -> list[Row]:
    """Each recipe's loop against the same network on one batch that lies ready, in turns, on one thread."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with tempfile.TemporaryDirectory(prefix="terrakin-bench-") as scratch:
            images = _images(Path(scratch), count=4 * _BATCH if small else 40 * _BATCH)
            return [_row(name, images, Path(scratch), steps=3 if small else 12, turns=1 if small else 3) for name in _RECIPES]
    finally:
        torch.set_num_threads(before)


def _row(name: str, images: Images, folder: Path, *, steps: int, turns: int) -> Row:
    looped, bare = [], []
    for turn in range(turns):
        looped += _loop(name, images, folder / f"{name}-{turn}", steps)
        bare += _bare(name, steps)
    rate, reference = (_BATCH / statistics.median(times) for times in (looped, bare))
    what = f"training `{name}`, {_SIDE} px from {_STORED} px on disk"
    return Row(what, rate, "images/s", "forward, backward, step", reference, "ratio ≥ 0.9")


def _recipe(name: str) -> object:
    from terrakin.training.reading import read_recipe

    changes = [f"data.size={_SIDE}", f"data.stored={_STORED}", "data.validation=0", f"sampler.batch={_BATCH}"]
    return read_recipe(name, [*changes, "schedule.precision=float32", "backbone.pretrained=false", "schedule.epochs=1"])


def _loop(name: str, images: Images, folder: Path, steps: int) -> Sequence[float]:
    """Seconds of each step, the first two left out."""
    from terrakin.training.loop import fit

    folder.mkdir()
    ends: list[float] = []
    fit(
        _recipe(name),
        images,
        folder,
        device="cpu",
        workers=1,
        until=steps + 2,
        tell=lambda *_: ends.append(time.perf_counter()),
    )
    return np.diff(ends)[1:].tolist()


def _bare(name: str, steps: int) -> Sequence[float]:
    """Seconds of each pass over one batch that lies ready, the first two left out; nothing else is done."""
    import torch

    from terrakin.training.network import build, build_losses

    recipe = _recipe(name)
    network = build(recipe, bands=3, classes=4).to(memory_format=torch.channels_last).train()
    losses = build_losses(recipe, network, classes=4)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01, momentum=0.9)
    pixels = torch.rand(_BATCH, 3, _SIDE, _SIDE).to(memory_format=torch.channels_last)
    labels = torch.arange(_BATCH) % 4
    times = []
    for _ in range(steps + 2):
        began = time.perf_counter()
        loss = losses[0](network(pixels), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        times.append(time.perf_counter() - began)
    return times[2:]


def _images(folder: Path, *, count: int) -> Images:
    """Noise of four classes, mapped from a file as a cache is."""
    rng = np.random.default_rng(0)
    path = folder / PIXELS
    pixels = np.lib.format.open_memmap(path, "w+", np.uint8, (count, _STORED, _STORED, 3))
    for row in pixels:
        row[...] = rng.integers(0, 256, row.shape, np.uint8)
    return Images(
        ids=tuple(f"noise{number:05}" for number in range(count)),
        pixels=np.load(path, mmap_mode="r"),
        labels=np.arange(count) % 4,
        classes=("a", "b", "c", "d"),
        bands=("red", "green", "blue"),
        digest="0" * 64,
    )
