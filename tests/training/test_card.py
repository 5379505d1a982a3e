"""The card of a bundle that was trained here."""

import tomllib
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from terrakin.training.card import card
from terrakin.training.images import Images
from terrakin.training.loop import Trained
from terrakin.training.network import build
from terrakin.training.reading import parse
from terrakin.training.recipe import Recipe
from terrakin.training.split import Parts


def written(recipe: Recipe, images: Images, **figures: float) -> str:
    parts = Parts(np.arange(20), np.arange(20, 29), np.arange(29, 32))
    return card(recipe, images, Trained(build(recipe, bands=3, classes=4), parts, {"loss": 0.123, **figures}))


def test_it_says_what_it_is_and_what_it_saw(recipe: Callable[..., Recipe], images: Images) -> None:
    text = written(recipe("export.licence=MIT", "export.training_data=my chips", "export.size=32"), images)
    assert text.startswith("# tiny-trained\n\nTwo convolutions, for tests.\n")
    for line in (
        "| backbone | tiny |",
        "| input | red, green, blue; 32 x 32 px |",
        "| training data | my chips |",
        "| images | 20 trained, 9 validated, 3 of classes left out |",
        "| classes | c0, c1, c2, c3 |",
        "| licence | MIT |",
    ):
        assert line in text.splitlines()
    assert "teachers" not in text.split("## Figures")[0]


def test_it_names_teachers_and_published_weights(distilling: Callable[..., Recipe], images: Images) -> None:
    text = written(distilling("backbone.pretrained=true", "teacher.0.bundle=imagenet-mobilenetv2"), images)
    assert "| backbone | tiny from published weights |" in text
    assert "| teachers | imagenet-mobilenetv2 |" in text


def test_a_chapter_stands_before_the_notes(recipe: Callable[..., Recipe], images: Images) -> None:
    trained = Trained(build(recipe(), bands=3, classes=4), Parts(np.arange(20), np.arange(20, 29), np.arange(29, 32)), {})
    text = card(recipe("export.notes=A note."), images, trained, chapter=["## More", "", "Words.", ""])
    assert "\n\n## More\n\nWords.\n\nA note.\n\n## Recipe\n" in text


def test_it_names_the_front_end(recipe: Callable[..., Recipe], images: Images) -> None:
    text = written(recipe("data.size=18", "export.size=18", "frontend.name=spectral"), images)
    assert "| front-end | spectral |\n| backbone | tiny |" in text
    assert "front-end" not in written(recipe(), images)


def test_it_has_the_figures_that_were_measured(recipe: Callable[..., Recipe], images: Images) -> None:
    text = written(recipe(), images, **{"map": 0.5, "left_out_p@10": 0.25})
    assert "| mAP, images that did not train | 0.5000 |" in text
    assert "| P@10, classes left out | 0.2500 |" in text
    assert "0.123" not in text, "a loss says nothing to who searches"
    assert "| P@10, images that did not train" not in text


def test_no_figures_are_told_and_classes_with_commas_are_told_apart(recipe: Callable[..., Recipe], images: Images) -> None:
    text = written(recipe(), replace(images, classes=("Beaches, dunes, sands", "Pastures", "Airports", "Vineyards")))
    assert "| classes | Beaches, dunes, sands; Pastures; Airports; Vineyards |" in text
    assert "| none: " in text


def test_its_recipe_makes_it_again(recipe: Callable[..., Recipe], images: Images) -> None:
    made = recipe("schedule.epochs=5")
    block = written(made, images).split("```toml\n")[1].split("```")[0]
    assert parse(tomllib.loads(block), where="card") == made
