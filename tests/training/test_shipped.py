"""What a recipe takes over from another: key by key, and nothing between different members."""

import tomllib
from pathlib import Path

import pytest

from terrakin.errors import RecipeError, UnknownNameError
from terrakin.training.reading import read_recipe, read_text
from terrakin.training.shipped import RECIPES, completed, shipped, shipped_tables

BELOW = shipped_tables("resnet34.jsst")
MINE = {"like": "resnet34.jsst", "name": "mine", "words": "Mine.", "export": {"name": "mine"}}


def test_keys_go_over_those_of_the_same_table() -> None:
    tables = completed({**MINE, "optimizer": {"frontend": 0.1}, "data": {"augmentation": {"turns": True}}}, where="x")
    assert tables["optimizer"] == {**BELOW["optimizer"], "frontend": 0.1}
    assert tables["data"] == {**BELOW["data"], "augmentation": {"turns": True}}
    assert tables["export"] == {**BELOW["export"], "name": "mine"}
    for untouched in ("sampler", "frontend", "backbone", "head", "loss", "schedule"):
        assert tables[untouched] == BELOW[untouched]


def test_another_member_takes_nothing_over() -> None:
    spatial = {"name": "spatial", "conversion": "tps"}
    tables = completed({**MINE, "frontend": spatial, "head": {"name": "fc", "hidden": 8}}, where="x")
    assert tables["frontend"] == spatial
    assert tables["head"] == {**BELOW["head"], "hidden": 8}


def test_a_list_of_tables_takes_nothing_over() -> None:
    assert completed({**MINE, "loss": [{"name": "triplet"}]}, where="x")["loss"] == [{"name": "triplet"}]


@pytest.mark.parametrize("own", ["name", "words"])
def test_what_it_is_called_is_its_own(own: str) -> None:
    assert own not in completed({key: value for key, value in MINE.items() if key != own}, where="x")


def test_nothing_is_changed_on_the_way() -> None:
    mine = {**MINE, "optimizer": {"frontend": 0.1}}
    completed(mine, where="x")["optimizer"]["heads"] = 9.0
    assert mine == {**MINE, "optimizer": {"frontend": 0.1}}
    assert shipped_tables("resnet34.jsst") == BELOW


def test_without_like_tables_are_as_they_are() -> None:
    assert completed({"name": "x", "data": {"size": 8}}, where="x") == {"name": "x", "data": {"size": 8}}


def test_a_recipe_is_read_complete_and_changed_after(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('like = "resnet34.fc"\nname = "mine"\nwords = "Mine."\n[export]\nname = "mine"\n')
    recipe = read_recipe(path, ["loss.0.label_smoothing=0.1", "head.hidden=16"])
    assert recipe.losses[0].options == {"label_smoothing": 0.1}
    assert recipe.head.options["hidden"] == 16
    assert recipe.schedule == read_recipe("resnet34.fc").schedule
    assert "like" not in tomllib.loads(recipe.source)
    assert read_text(recipe.source, where="x") == recipe


def test_a_reducer_can_be_taken_out() -> None:
    assert read_recipe("resnet34.jsst", ["export.reducer=none"]).export.reducer is None
    assert read_recipe("resnet34.jsst").export.reducer == "pca:128"


def test_where_it_says_nothing_its_text_is_in_one_order() -> None:
    text = (RECIPES / "resnet34.fc1.pca.toml").read_text(encoding="utf-8")
    head, *tables = text.split("\n[")
    turned = "\n[".join([head, *reversed(tables)])
    assert turned != text
    assert read_text(turned, where="x") == read_text(text, where="x")


@pytest.mark.parametrize(
    ("like", "words"),
    [
        ("resnet34.jst", r"^x: like: no recipes named 'resnet34\.jst'; did you mean 'resnet34\.j?sst?'"),
        ("../recipes/resnet34.jsst", r"^x: like: no recipes named '\.\./recipes/resnet34\.jsst'"),
        ("", "^x: like: no recipes named ''"),
        (3, r"^x: like is the name of a recipe that comes with the program, got 3"),
    ],
)
def test_a_recipe_that_is_not_shipped_is_refused(like: object, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        completed({**MINE, "like": like}, where="x")


def test_it_cannot_be_set() -> None:
    with pytest.raises(RecipeError, match="has no table 'like'"):
        read_recipe("resnet34.fc", ["like=resnet34.pca"])


def test_a_name_is_no_path() -> None:
    with pytest.raises(UnknownNameError, match="no recipes named"):
        shipped("../recipes/resnet34.fc")
    assert shipped("resnet34.fc") == RECIPES / "resnet34.fc.toml"
