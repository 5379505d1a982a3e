"""What every shipped recipe must be."""

import re

import numpy as np
import pytest
import torch

from terrakin.datasets.bigearthnet import BANDS
from terrakin.training.images import Images
from terrakin.training.network import build, build_losses
from terrakin.training.optimizers import OPTIMIZERS
from terrakin.training.reading import RECIPES, parse, read_recipe
from terrakin.training.recipe import Recipe
from terrakin.training.samplers.known import SAMPLERS
from terrakin.training.schedules import SCHEDULES

NAMES = sorted(path.stem for path in RECIPES.glob("*.toml"))
CLASSES, COUNT = 40, 6000
OF_ONE_SIZE = {"single-branch": 24, "three-branch": 24}
"""Backbones for images of one size and BigEarthNet's bands, with a small one that suits them."""
pytestmark = pytest.mark.parametrize("name", NAMES)


def images(bands: tuple[str, ...], *, sets: bool = False) -> Images:
    """Of 40 classes, 150 each; the pixels are one and the same zero."""
    labels = np.arange(COUNT, dtype=np.int64) % CLASSES
    return Images(
        tuple(str(number) for number in range(COUNT)),
        np.broadcast_to(np.zeros((), np.uint8), (COUNT, 8, 8, len(bands))),
        np.eye(CLASSES, dtype=np.bool_)[labels] if sets else labels,
        tuple(f"c{number}" for number in range(CLASSES)),
        bands,
        "x",
    )


def wanted(recipe: Recipe, bands: int = 3) -> Images:
    """Images of the kind that a recipe is for."""
    of_one_size = recipe.backbone.name in OF_ONE_SIZE
    return images(BANDS if of_one_size else tuple(f"b{one}" for one in range(bands)), sets=recipe.data.files.labels == "sets")


def test_its_name_is_its_files(name: str) -> None:
    assert read_recipe(name).name == name
    assert re.fullmatch(r"[a-z0-9]+([.-][a-z0-9]+)*", name)


def test_it_says_what_it_is(name: str) -> None:
    recipe = read_recipe(name)
    assert len(recipe.words) > 20
    assert recipe.words.endswith(".")
    assert "\n" not in recipe.words


def test_its_source_reads_as_itself(name: str) -> None:
    import tomllib

    recipe = read_recipe(name)
    assert parse(tomllib.loads(recipe.source), where="x") == recipe


@pytest.mark.parametrize("bands", [3, 13])
def test_it_trains_images_of_any_bands(name: str, bands: int) -> None:
    # Small: what it is made of fits together at one size as at another.
    recipe, size = read_recipe(name), 64
    changes = []
    if recipe.backbone.name in OF_ONE_SIZE:
        if bands != 3:
            pytest.skip("it reads the 12 bands of BigEarthNet")
        size = OF_ONE_SIZE[recipe.backbone.name]
        changes, bands = [f"backbone.side={size}"], len(BANDS)
    recipe = read_recipe(name, [f"data.size={size}", f"export.size={size}", *changes])
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = build(recipe, bands=bands, classes=CLASSES)
        losses = build_losses(recipe, network, classes=CLASSES)
        output = network(torch.rand(8, bands, size, size))
        labels = torch.arange(8) // 4
        targets = [torch.nn.functional.normalize(torch.randn(8, teacher.size)) for teacher in recipe.teachers]
    assert output.embedding.shape == (8, network.head.size)
    total = torch.zeros(())
    for term, loss in zip(recipe.losses, losses, strict=True):
        value = loss(output, labels, None if term.teacher is None else targets[term.teacher])
        assert torch.isfinite(value)
        total = total + term.weight * value
    total.backward()
    assert any(parameter.grad is not None and parameter.grad.any() for parameter in network.parameters())
    parts = {"backbone": network.backbone, "heads": network.head, "frontend": network.frontend}
    groups = [{"kind": kind, "params": list(part.parameters())} for kind, part in parts.items() if part is not None]
    OPTIMIZERS[recipe.optimizer.name](groups, **recipe.optimizer.options)


def test_its_batches_and_rates_fit_a_data_set(name: str) -> None:
    recipe = read_recipe(name)
    sampler = SAMPLERS[recipe.sampler.name](wanted(recipe).labels, seed=0, **recipe.sampler.options)
    factor = SCHEDULES[recipe.schedule.name](sampler.steps * recipe.schedule.epochs, sampler.steps, **recipe.schedule.options)
    assert 0 < factor(0) <= 1


def test_its_bundle_can_be_made(name: str) -> None:
    from terrakin.training.train import check

    recipe = read_recipe(name)
    # A class that it leaves out is there.
    some = wanted(recipe)
    classes = (*recipe.data.left_out, *some.classes[len(recipe.data.left_out) :])
    check(recipe, Images(some.ids, some.pixels, some.labels, classes, some.bands, "x"))
