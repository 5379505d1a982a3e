"""The recipe beside a checkpoint: written whole, and what it says where a run is resumed by another."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from terrakin.errors import TrainingError
from terrakin.training.began import keep_recipe, other_than_kept
from terrakin.training.folders import RECIPE
from terrakin.training.images import Images
from terrakin.training.loop import fit
from terrakin.training.reading import read_recipe
from terrakin.training.recipe import Recipe

Make = Callable[..., Recipe]


def test_what_is_kept_is_the_recipe(recipe: Make, tmp_path: Path) -> None:
    chosen = recipe("schedule.epochs=7", "export.licence=MIT")
    keep_recipe(chosen, tmp_path)
    assert read_recipe(tmp_path / RECIPE) == chosen
    assert not (tmp_path / f"{RECIPE}.new").exists()


def test_what_differs_is_told_but_for_what_may_differ(recipe: Make, tmp_path: Path) -> None:
    keep_recipe(recipe(), tmp_path)
    assert other_than_kept(recipe("words=Others.", "export.licence=MIT"), tmp_path) == ""
    assert other_than_kept(recipe("schedule.epochs=7", "loss.0.scale=8"), tmp_path) == (
        "schedule.epochs: 3 then, 7 now; loss.0.scale: nothing then, 8 now"
    )


@pytest.mark.parametrize("text", ["", "half of", "name = 'x'", None])
def test_where_it_cannot_be_known_nothing_is_told(recipe: Make, tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / RECIPE).write_text(text)
    assert other_than_kept(recipe("schedule.epochs=7"), tmp_path) == ""


def test_a_run_of_an_earlier_version_is_resumed_and_gets_one(recipe: Make, images: Images, tmp_path: Path) -> None:
    fit(recipe(), images, tmp_path, until=2)
    (tmp_path / RECIPE).unlink()
    with pytest.raises(TrainingError, match=r"is of another run: recipe differs\. Resume with what it began with"):
        fit(recipe("head.parts=[4]"), images, tmp_path, resume=True)
    assert not (tmp_path / RECIPE).exists(), "a run that is refused leaves nothing"
    fit(recipe("export.version='2'"), images, tmp_path, resume=True, until=4)
    assert read_recipe(tmp_path / RECIPE) == recipe("export.version='2'")


def test_a_full_disk_is_told(recipe: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*given: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    keep_recipe(recipe(), tmp_path)
    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(TrainingError, match=r"cannot write .*recipe\.toml: No space left on device"):
        keep_recipe(recipe("schedule.epochs=7"), tmp_path)
    assert read_recipe(tmp_path / RECIPE) == recipe()
