"""Recipes: every option of every table does something."""

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from terrakin.datasets.generated.patches import make_patches
from terrakin.errors import TrainingError
from terrakin.training.augment import Augmentation
from terrakin.training.files import Files
from terrakin.training.finish import finish
from terrakin.training.images import Images
from terrakin.training.loop import fit
from terrakin.training.reading import read_recipe
from terrakin.training.recipe import Backbone, Component, Data, Export, Loss, Recipe, Schedule, SelfTraining, Teacher
from terrakin.training.start import start_of
from terrakin.training.train import images_of, teach

Make = Callable[..., Recipe]


# --- No dead options: each key of each table changes the outcome that is named beside it.


@pytest.fixture
def trained(images: Images, tmp_path: Path) -> Callable[[Recipe], Any]:
    """Train; with targets of no teacher, the same ones each time."""
    number = iter(range(100))

    def train(recipe: Recipe) -> Any:
        folder = tmp_path / f"run{next(number)}"
        folder.mkdir()
        said = np.random.default_rng(0).normal(size=(len(recipe.teachers), len(images.ids), 8)).astype(np.float32)
        return fit(recipe, images, folder, targets=list(said))

    return train


WEIGHTS = {
    "data.size": "24",
    "data.validation": "0.5",
    "data.left_out": "['c3']",
    "data.augmentation": "{turns=true}",
    "data.augmentation.crop": "[0.3, 0.9]",
    "data.augmentation.aspect": "1.5",
    "data.augmentation.turns": "false",
    "data.augmentation.angle_deg": "20.0",
    "data.augmentation.gain": "0.0",
    "data.augmentation.bias": "0.2",
    "data.augmentation.operations": "2",
    "data.augmentation.magnitude": "20.0",
    "sampler.name": "balanced",
    "sampler.options": "batch=5",
    "frontend.name": "spectral",
    "frontend.options": "spatial=tps",
    "backbone.name": "mobilenetv2",
    "backbone.options": "width=8",
    "backbone.freeze": "['last']",
    "head.name": "gap",
    "head.options": "parts=[8, 4]",
    "loss.name": "contrastive",
    "loss.options": "scale=4.0",
    "loss.weight": "3.0",
    "loss.part": "1",
    "loss.teacher": "1",
    "optimizer.name": "adamw",
    "optimizer.options": "momentum=0.5",
    "schedule.name": "constant",
    "schedule.options": "warmup=0.5",
    "schedule.epochs": "2",
    "schedule.average": "0.5",
    "schedule.precision": "bf16",
}
"""By option: what to change it to for other weights."""


@pytest.mark.parametrize("option", WEIGHTS)
def test_an_option_changes_the_weights(distilling: Make, trained: Any, option: str) -> None:
    # A head of two parts and two teachers, so that terms can be told to look elsewhere; few steps, for speed.
    start = ["schedule.epochs=1", "data.augmentation.gain=0.1", "head.parts=[8, 8]", "sampler.batch=6"]
    start.append("teacher=[{bundle='a', size=8}, {bundle='b', size=8}]")
    if option == "data.augmentation.magnitude":
        start.append("data.augmentation.operations=1")
    if option.startswith("frontend."):
        start += ["data.size=18", "export.size=18", "frontend.name=jsst"]
    if option == "head.name":
        # Its options and the term of a part go with the projection.
        before, after = ("head={name='gem'}", "loss=[{name='triplet'}]"), ("head={name='gap'}", "loss=[{name='triplet'}]")
    elif option == "loss.name":
        before, after = ("loss=[{name='triplet'}]",), (f"loss=[{{name='{WEIGHTS[option]}'}}]",)
    else:
        table, _, key = option.partition(".")
        place = {"loss": "loss.1"}.get(table, table)
        change = f"{place}.{WEIGHTS[option]}" if key == "options" else f"{place}.{key}={WEIGHTS[option]}"
        before, after = (), (change.replace("loss.1.scale", "loss.0.scale"),)
    one, other = (trained(distilling(*start, *changes)).network.state_dict() for changes in (before, after))
    assert list(one) != list(other) or not all(
        one[name].shape == other[name].shape and torch.equal(one[name], other[name]) for name in one
    )


EXPORT = {
    "name": ("other", lambda bundle: bundle.passport.name),
    "version": ("'2'", lambda bundle: bundle.passport.version),
    "size": ("32", lambda bundle: bundle.passport.input_size),
    "pooled": ("true", lambda bundle: bundle.passport.embedding_size),
    "whiten": ("0.1", lambda bundle: bundle.passport.digest),
    "components": ("3", lambda bundle: bundle.passport.space.size),
    "reducer": ("pca:3", lambda bundle: bundle.passport.space.size),
    "weights": ("int8", lambda bundle: bundle.passport.digest),
    "arithmetic": ("int8", lambda bundle: bundle.passport.digest),
    "space": ("pearson", lambda bundle: bundle.passport.space.kind),
    "training_data": ("mine", lambda bundle: bundle.passport.training_data),
    "licence": ("MIT", lambda bundle: bundle.passport.licence),
    "notes": ("'## Origin'", lambda bundle: bundle.card),
}
"""By option of `[export]`: another value, and where it shows in the bundle."""


def test_every_option_of_export_changes_the_bundle(recipe: Make, images: Images, trained: Any, tmp_path: Path) -> None:
    done = trained(recipe())
    plain = finish(recipe(), images, done, tmp_path / "run0", tmp_path / "plain")
    for option, (value, shown) in EXPORT.items():
        # Components are those of what is whitened; by themselves they are refused.
        whitened = ("export.whiten=0.1",) if option == "components" else ()
        changed = finish(recipe(*whitened, f"export.{option}={value}"), images, done, tmp_path / "run0", tmp_path / option)
        assert shown(changed) != shown(plain), option
    named = finish(recipe("words=Other.", "name=other"), images, done, tmp_path / "run0", tmp_path / "named")
    assert "Other." in named.card
    assert 'name = "other"' in named.card


TEACHER = {
    "bundle": None,
    "size": "3",
    "views": "1",
    "pixels": "32",
    "centre": "false",
    "whiten": "0.1",
}
"""By option of `[[teacher]]`: another value."""


def test_every_option_of_a_teacher_changes_what_it_says(
    distilling: Make, recipe: Make, images: Images, trained: Any, tmp_path: Path
) -> None:
    done = trained(recipe("export.size=16"))
    bundles = [tmp_path / "a", tmp_path / "b"]
    for number, bundle in enumerate(bundles):
        changes = ("export.whiten=0.1",) * number
        finish(recipe(*changes), images, done, tmp_path / "run0", bundle)
    start = (f"teacher.0.bundle={bundles[0]}", "teacher.0.size=4", "teacher.0.views=2")
    (plain,) = teach(distilling(*start), images, tmp_path)
    for option, value in TEACHER.items():
        (changed,) = teach(distilling(*start, f"teacher.0.{option}={value or bundles[1]}"), images, tmp_path)
        assert plain.shape != changed.shape or not np.allclose(plain, changed, atol=1e-4), option


FILES = {
    "labels": "class",
    "part": "val",
    "scaling": "0:10000",
    "upsampling": "bicubic",
    "depth": "8",
}
"""By option of `[data.files]`: another value than the recipe has."""


@pytest.mark.filterwarnings("ignore:.*patches instead of:terrakin.datasets.dataset.CountWarning")
@pytest.mark.filterwarnings("ignore:of .* left out:terrakin.training.images.LeftOutWarning")
def test_every_option_of_files_changes_the_images(tmp_path: Path) -> None:
    make_patches(tmp_path / "data", count=120, side=24)

    def read(name: str, *changes: str) -> Images:
        chosen = read_recipe("bigearthnet.three-branch", ["data.stored=24", "data.files.part=all", *changes])
        return images_of(chosen, tmp_path / "data", tmp_path / name, dataset="bigearthnet")

    plain = read("plain")
    for option, value in FILES.items():
        changed = read(option, f"data.files.{option}={value}")
        assert changed.digest != plain.digest
        same = [np.array_equal(getattr(changed, what), getattr(plain, what)) for what in ("ids", "pixels", "labels")]
        assert not all(same), option


def test_images_are_stored_as_large_as_is_said(recipe: Make, pictures: Path, tmp_path: Path) -> None:
    sides = [
        images_of(recipe(f"data.stored={side}"), pictures, tmp_path / str(side), dataset=None).pixels.shape[1]
        for side in (8, 16)
    ]
    assert sides == [8, 16]


def test_a_pretrained_backbone_needs_its_weights(recipe: Make) -> None:
    assert start_of(recipe(), None) is None
    words = "recipe tiny starts from published weights of tiny; give their file with --init, or start from nothing"
    with pytest.raises(TrainingError, match=words):
        start_of(recipe("backbone.pretrained=true"), None)


def test_every_option_was_shown_to_do_something() -> None:
    shown = {*WEIGHTS, *(f"export.{key}" for key in EXPORT), *(f"teacher.{key}" for key in TEACHER)}
    shown |= {*(f"data.files.{key}" for key in FILES), "data.files"}
    # Statistics are shown with the bands that they are of, in test_files.py.
    shown |= {"data.stored", "data.statistics", "backbone.pretrained"}
    kinds = {
        "data": Data,
        "data.augmentation": Augmentation,
        "data.files": Files,
        "backbone": Backbone,
        "loss": Loss,
        "teacher": Teacher,
    }
    kinds |= {"schedule": Schedule, "export": Export}
    kinds |= dict.fromkeys(("sampler", "frontend", "head", "optimizer"), Component)
    # Shown with the rounds that it is of, in test_self_training.py.
    kinds["self_training"] = SelfTraining
    shown |= {"self_training.iterations", "self_training.threshold"}
    assert shown == {f"{table}.{field.name}" for table, kind in kinds.items() for field in dataclasses.fields(kind)}
    fields = {field.name for field in dataclasses.fields(Recipe)} - {"name", "words", "source"}
    inside = {"data.augmentation", "data.files"}
    assert {re.sub("^losses$", "loss", re.sub("^teachers$", "teacher", name)) for name in fields} == {*kinds} - inside
