"""Study JSST with a MobileNetV2 on AID; make the tables of `docs/jsst.md`.

    python tools/study_jsst.py AID mobilenet_v2_imagenet.safetensors WORK pilots [NAME ...]
    python tools/study_jsst.py AID mobilenet_v2_imagenet.safetensors WORK runs [NAME ...]
    python tools/study_jsst.py AID mobilenet_v2_imagenet.safetensors WORK reading
    python tools/study_jsst.py AID mobilenet_v2_imagenet.safetensors WORK costs

`pilots` are runs of one epoch on nine tenths of AID; their table is of the other tenth, and settings are chosen by it. `runs`
are what is then measured on other data, as bundles in WORK/runs, where `terrakin reproduce --runs WORK/runs` finds them.
`reading` asks what reading an image between its pixels costs a network that never saw that. `costs` times a step of training
and the exported graph, with and without front-ends.
"""

import argparse
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from terrakin.api.train import train
from terrakin.bundles.bundle import Bundle, open_bundle
from terrakin.nn.frontends.affine import Affine
from terrakin.progress import bar
from terrakin.training.images import Images, cached
from terrakin.training.loop import Trained, fit
from terrakin.training.network import build
from terrakin.training.reading import read_recipe
from terrakin.training.split import split
from terrakin.training.validate import retrieval
from terrakin.training.weights import read_weights, recognise

SIZE = 128

COMMON = (
    'backbone={name = "mobilenetv2", pretrained = true, freeze = ["stem", "block1", "block2", "block3"]}',
    f"data.size={SIZE}",
    f"data.stored={SIZE}",
    "data.validation=0.1",
    "optimizer.learning_rate=0.01",
    f'export={{name = "study", size = {SIZE}}}',
)
"""What a few minutes on one core ask of the papers' recipes: another backbone, smaller images, fewer steps."""

PILOT = (*COMMON, 'schedule={name = "cosine", epochs = 1, warmup = 0.1}')
RUN = (*COMMON, 'schedule={name = "cosine", epochs = 2, warmup = 0.1}')

HE = ("frontend.initialisation=he", "frontend.limit=0.5", "optimizer.frontend=0.01")
SHARP = ("frontend.padding=border", "frontend.interpolation=bicubic")
DRAWN = ("data.augmentation={crop = [0.3, 1.0], aspect = 1.2, turns = true, gain = 0.15, bias = 0.05}",)

PILOTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "no front-end": ("resnet34.fc1.pca", ()),
    "JSST as the papers, rate 0.001": ("resnet34.jsst", ("optimizer.frontend=0.1",)),
    "JSST as the papers, rate 0.0001": ("resnet34.jsst", ("optimizer.frontend=0.01",)),
    "initialised by He, rate 0.0001": ("resnet34.jsst", HE),
    "initialised by He, rate 0.00001": ("resnet34.jsst", (*HE, "optimizer.frontend=0.001")),
    "initialised by He, border, bicubic": ("resnet34.jsst", (*HE, *SHARP)),
    "initialised by He, spectral alone": ("resnet34.rt", HE),
    "initialised by He, border, bicubic, rate 0.00003, limit 0.1": (
        "resnet34.jsst",
        (*HE, *SHARP, "optimizer.frontend=0.003", "frontend.limit=0.1"),
    ),
    "no front-end, augmented": ("resnet34.fc1.pca", DRAWN),
    "initialised by He, border, bicubic, augmented": ("resnet34.jsst", (*HE, *SHARP, *DRAWN)),
}
"""Recipe and changes, by what is tried."""

RUNS: Mapping[str, tuple[str, ...]] = {
    "resnet34.fc1.pca": (),
    "resnet34.jsst": (*HE, *SHARP),
    "resnet34.st": (*HE, *SHARP),
    "resnet34.rt": HE,
    "resnet34.tps": (*HE, *SHARP),
    "resnet34.gamma": HE,
    "resnet34.jsst.spec-spat-reestimated": (*HE, *SHARP),
    "resnet34.jsst-i": (*HE, *SHARP),
    "resnet34.pca": (),
}
"""Changes by recipe. With a border and gains the other orders are the function that `resnet34.jsst` is."""

THREE = ("resnet34.fc1.pca", "resnet34.jsst", "resnet34.rt", "resnet34.gamma")
"""Recipes that are trained with three seeds."""

READ: Mapping[str, tuple[tuple[float, ...], dict[str, str]]] = {
    "as it is": ((1, 0, 0, 0, 1, 0), {}),
    "half a pixel on, bilinear": ((1, 0, 1 / SIZE, 0, 1, 1 / SIZE), {"padding": "border"}),
    "half a pixel on, bicubic": ((1, 0, 1 / SIZE, 0, 1, 1 / SIZE), {"padding": "border", "interpolation": "bicubic"}),
    "8 % smaller, black around": ((1.08, 0, 0, 0, 1.08, 0), {}),
    "8 % smaller, its border repeated": ((1.08, 0, 0, 0, 1.08, 0), {"padding": "border"}),
    "8 % smaller, its border repeated, bicubic": ((1.08, 0, 0, 0, 1.08, 0), {"padding": "border", "interpolation": "bicubic"}),
}
"""Affine parameters and options."""


def main() -> None:
    """Do what is asked."""
    parser = argparse.ArgumentParser(description="Study JSST with a MobileNetV2 on AID.")
    parser.add_argument("aid", type=Path, help="root of AID")
    parser.add_argument("weights", type=Path, help="published weights of MobileNetV2")
    parser.add_argument("work", type=Path, help="folder for images and runs")
    parser.add_argument("what", choices=["pilots", "runs", "reading", "costs"])
    parser.add_argument("names", nargs="*", help="pilots, or runs as RECIPE.seedN; all by default")
    given = parser.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    if given.what == "runs":
        _runs(given.aid, given.weights, given.work, given.names)
    elif given.what == "costs":
        _costs(given.work)
    else:
        images = cached(given.aid, given.work / "cache", size=SIZE, dataset="aid")
        if given.what == "pilots":
            _pilots(images, given.weights, given.work, given.names)
        else:
            _reading(images, given.weights, given.work)


def _pilots(images: Images, weights: Path, work: Path, names: list[str]) -> None:
    print("| one epoch | AID, a tenth kept from training: mAP | P@10 |\n| --- | --- | --- |")
    for name in PILOTS:
        if not names or name in names:
            figures = _pilot(name, images, weights, work).figures
            print(f"| {name} | {figures['map']:.3f} | {figures['p@10']:.3f} |", flush=True)


def _pilot(name: str, images: Images, weights: Path, work: Path) -> Trained:
    shipped, changes = PILOTS[name]
    recipe = read_recipe(shipped, [*PILOT, *changes])
    folder = work / "pilots" / name.replace(" ", "-").replace(",", "")
    folder.mkdir(parents=True, exist_ok=True)
    start = recognise(read_weights(weights), architecture=recipe.backbone.name).state
    return fit(recipe, images, folder, start=start, resume=True)


def _runs(aid: Path, weights: Path, work: Path, names: list[str]) -> None:
    (work / "runs").mkdir(exist_ok=True)
    for shipped, changes in RUNS.items():
        for seed in range(3 if shipped in THREE else 1):
            out = work / "runs" / f"{shipped}.seed{seed}"
            if (names and out.name not in names) or out.exists():
                continue
            print(out.name, flush=True)
            train(
                shipped,
                aid,
                out,
                dataset="aid",
                resume=True,
                init=weights,
                seed=seed,
                changes=[*RUN, *changes],
                cache=work / "cache",
                bars=lambda words, unit: bar(words, unit=unit, quiet=False),
            )


def _reading(images: Images, weights: Path, work: Path) -> None:
    """Read the validation images of the baseline in a few ways; it trained on images as they are."""
    trained = _pilot("no front-end", images, weights, work)
    rows = split(images, validation=0.1, left_out=()).validation
    pixels = torch.from_numpy(np.asarray(images.pixels[rows])).permute(0, 3, 1, 2).float() / 255
    print("| images read | mAP | P@10 |\n| --- | --- | --- |")
    for what, (theta, options) in READ.items():
        warp = Affine(SIZE, SIZE, **options)  # type: ignore[arg-type]  # each option is one of its literals
        read = warp(pixels, torch.tensor([theta], dtype=torch.float32).expand(len(pixels), -1))
        figures = retrieval(_embeddings(trained, read), images.labels[rows])
        print(f"| {what} | {figures['map']:.3f} | {figures['p@10']:.3f} |", flush=True)


def _embeddings(trained: Trained, pixels: torch.Tensor) -> NDArray[np.float32]:
    mean, std = (torch.tensor(values).reshape(1, -1, 1, 1) for values in (trained.network.mean, trained.network.std))
    with torch.no_grad():
        blocks = [trained.network((block - mean) / std).embedding for block in pixels.split(64)]
    return torch.nn.functional.normalize(torch.cat(blocks)).numpy()


def _costs(work: Path) -> None:
    """Seconds relative to the network without a front-end, the median of rounds in which each has its turn."""
    steps: dict[str, list[float]] = {name: [] for name in RUNS}
    graphs: dict[str, list[float]] = {name: [] for name in RUNS}
    pixels = np.random.default_rng(0).random((16, 3, SIZE, SIZE), dtype=np.float32)
    networks = {name: build(read_recipe(name, [*RUN, *changes]), bands=3, classes=30) for name, changes in RUNS.items()}
    bundles = {name: open_bundle(work / "runs" / f"{name}.seed0") for name in RUNS}
    for turn in range(6):
        for name in RUNS:
            step, graph = _step(networks[name], pixels), _graph(bundles[name], pixels)
            if turn:
                # The first of each warms up.
                steps[name].append(step)
                graphs[name].append(graph)
    first = next(iter(RUNS))
    print("| recipe | a step of training | the exported graph |\n| --- | --- | --- |")
    for name in RUNS:
        ratios = [np.median(times[name]) / np.median(times[first]) for times in (steps, graphs)]
        print(f"| `{name}` | {ratios[0]:.2f} | {ratios[1]:.2f} |")


def _step(network: torch.nn.Module, pixels: NDArray[np.float32]) -> float:
    begin = time.perf_counter()
    network.train()
    output = network(torch.from_numpy(pixels))
    torch.nn.functional.cross_entropy(output.logits, torch.arange(len(pixels))).backward()
    return time.perf_counter() - begin


def _graph(bundle: Bundle, pixels: NDArray[np.float32]) -> float:
    begin = time.perf_counter()
    bundle.embed(pixels)
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
