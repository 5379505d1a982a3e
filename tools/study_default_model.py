"""Study how a default model should be trained, on AID alone; print the tables of `docs/default-model.md`.

    python tools/study_default_model.py AID mobilenet_v2_imagenet.safetensors WORK [NAME ...]

Six classes are left out of training, whole, and a tenth of the images of the others. Images of the classes left out ask among
themselves and the validation images together; validation images ask among themselves. Nothing that trained is in a gallery:
what a whitening or a projection was fitted on lies tighter than what it will meet, and flatters it.
"""

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from terrakin.bundles.reducer import fit as fit_reducer
from terrakin.training.ended import Ended
from terrakin.training.finish import embeddings_of
from terrakin.training.images import Images, cached
from terrakin.training.loop import Trained, fit
from terrakin.training.reading import read_recipe
from terrakin.training.recipe import Recipe, Teacher
from terrakin.training.split import Parts, split
from terrakin.training.teachers import targets
from terrakin.training.validate import retrieval
from terrakin.training.weights import read_weights, recognise
from terrakin.training.whitening import within_class

LEFT_OUT = ("Beach", "DenseResidential", "Industrial", "Pond", "School", "StorageTanks")

STUDY = (f"data.left_out={list(LEFT_OUT)!r}", "data.validation=0.1", "schedule.average=0.99")
"""What every variant changes in the recipe of the default model."""

ONE_NETWORK = (
    'backbone={name = "mobilenetv2", pretrained = true}',
    'head={name = "projection", parts = [256]}',
    'loss=[{name = "distillation", teacher = 0, weight = 4.0}]',
    'sampler={name = "shuffled", batch = 64}',
    "data.size=128",
    "optimizer.learning_rate=0.02",
    "optimizer.heads=5.0",
    "schedule.epochs=3",
    "teacher.0.whiten=0.5",
)
"""What the first variants had: one network, all of it trained, by a teacher alone."""

SHORT = ("data.size=160", "schedule.epochs=3")
"""Minutes on one core."""

VARIANTS: Mapping[str, tuple[str, ...]] = {
    "rate 0.02": ONE_NETWORK,
    "rate 0.05": (*ONE_NETWORK, "optimizer.learning_rate=0.05", "optimizer.heads=4.0"),
    "rate 0.05, teacher whitened less": (
        *ONE_NETWORK,
        "optimizer.learning_rate=0.05",
        "optimizer.heads=4.0",
        "teacher.0.whiten=3.0",
    ),
    "rate 0.008, faster head, 2 epochs": (
        *ONE_NETWORK,
        "optimizer.learning_rate=0.008",
        "optimizer.heads=20.0",
        "schedule.epochs=2",
    ),
    "AdamW 0.0002, 2 epochs": (
        *ONE_NETWORK,
        'optimizer={name = "adamw", learning_rate = 2e-4, heads = 5.0}',
        "schedule.epochs=2",
    ),
    "half of it kept, 3 epochs": SHORT,
    "half of it kept, classes alone, 3 epochs": (
        *SHORT,
        'head={name = "projection", parts = [128]}',
        'loss=[{name = "normalised-softmax", part = 0, scale = 16.0}]',
        "teacher=[]",
    ),
    "half of it kept, 10 epochs": ("schedule.average=0.998",),
}

TEACHERS: Mapping[str, Teacher] = {
    "off the shelf": Teacher("imagenet-mobilenetv2", size=1280, views=1, centre=False),
    "eight views": Teacher("imagenet-mobilenetv2", size=1280, views=8, centre=False),
    "eight views, 256 components": Teacher("imagenet-mobilenetv2", size=256),
    "eight views, whitened 0.3, 64 components": Teacher("imagenet-mobilenetv2", size=64, whiten=0.3),
    "eight views, whitened 0.3, 256 components": Teacher("imagenet-mobilenetv2", size=256, whiten=0.3),
    "eight views, whitened 3, 256 components": Teacher("imagenet-mobilenetv2", size=256, whiten=3.0),
}


@dataclass(frozen=True, slots=True)
class Found:
    """Retrieval of one set of embeddings."""

    what: str
    """The variant, and what its embeddings went through."""
    left_out: Mapping[str, float]
    """Of classes that did not train."""
    validation: Mapping[str, float]
    """Of images that did not train, of classes that did."""

    def line(self) -> str:
        """A row of the table."""
        figures = [f"{part[name]:.3f}" for part in (self.left_out, self.validation) for name in ("map", "p@10")]
        return f"| {self.what} | {' | '.join(figures)} |"


def main(aid: Path, weights: Path, work: Path, names: list[str]) -> None:
    """Print the rows of the teachers and variants that are named; of all where none is."""
    work.mkdir(parents=True, exist_ok=True)
    images = cached(aid, work / "images", size=224, dataset="aid")
    print("| what | left out: mAP | P@10 | validation: mAP | P@10 |\n| --- | --- | --- | --- | --- |")
    for name, teacher in TEACHERS.items():
        if not names or name in names:
            print(_taught(name, teacher, images, work).line(), flush=True)
    for name, changes in VARIANTS.items():
        if not names or name in names:
            for found in _trained(name, read_recipe("aid-mobilenetv2", [*STUDY, *changes]), images, weights, work):
                print(found.line(), flush=True)


def _taught(name: str, teacher: Teacher, images: Images, work: Path) -> Found:
    parts = _parts(images)
    (rows,) = targets([teacher], images, parts.train, work, workers=2)
    return _found(f"teacher: {name}", rows, images, parts)


def _trained(name: str, recipe: Recipe, images: Images, weights: Path, work: Path) -> Iterator[Found]:
    folder = work / name.replace(" ", "-").replace(",", "")
    folder.mkdir(exist_ok=True)
    parts = _parts(images)
    start = recognise(read_weights(weights), architecture=recipe.backbone.name).state
    taught = targets(recipe.teachers, images, parts.train, work, workers=2)
    trained: Trained = fit(recipe, images, folder, start=start, targets=taught, resume=True)
    module = Ended(trained.network, pooled=True).eval()
    rows = embeddings_of(module, trained.network, images, np.arange(len(images.ids)), recipe.export.size)
    head = trained.network.head.size
    yield _found(f"student: {name}", rows[:, :head], images, parts)
    for what, seen in (("head", rows[:, :head]), ("pooled map", rows[:, head:]), ("both", rows)):
        for shrinkage in (1.0, 3.0, 10.0):
            whitening = within_class(seen[parts.train], images.labels[parts.train], shrinkage=shrinkage)
            white = whitening.apply(seen)
            for size in (128, 256, 512):
                reducer = fit_reducer([white[parts.train]], size=size)
                ended = f"student: {name}; {what}, whitened {shrinkage}, {size} components"
                yield _found(ended, reducer.apply(white), images, parts)


def _parts(images: Images) -> Parts:
    return split(images, validation=0.1, left_out=LEFT_OUT)


def _found(what: str, rows: NDArray[np.float32], images: Images, parts: Parts) -> Found:
    shown = np.concatenate([parts.validation, parts.left_out])
    asks = np.arange(len(shown)) >= len(parts.validation)
    return Found(
        what,
        retrieval(rows[shown], images.labels[shown], asks),
        retrieval(rows[parts.validation], images.labels[parts.validation]),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Study how the default model should be trained, on AID alone.")
    parser.add_argument("aid", type=Path, help="root of AID")
    parser.add_argument("weights", type=Path, help="published weights of MobileNetV2")
    parser.add_argument("work", type=Path, help="folder for images, targets and runs")
    parser.add_argument("names", nargs="*", help="rows to make; all by default")
    given = parser.parse_args()
    main(given.aid, given.weights, given.work, given.names)
