"""Self-training from end to end on small pictures: what is learnt, what is kept, and that a kill costs nothing."""

import importlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from terrakin.api.train import train as asked
from terrakin.bundles.bundle import Bundle, open_bundle
from terrakin.bundles.graph import Graph
from terrakin.errors import RecipeError, TrainingError
from terrakin.nn.backbones.known import BACKBONES
from terrakin.progress import Progress
from terrakin.training import self_training as module
from terrakin.training.augment import Augmentation
from terrakin.training.carry import bring_home, carry_away
from terrakin.training.checkpoint import read_checkpoint
from terrakin.training.folders import BUNDLE, iteration_folder
from terrakin.training.images import load
from terrakin.training.loop import CHECKPOINT
from terrakin.training.pseudo_labels import choose
from terrakin.training.reading import read_recipe
from terrakin.training.recipe import Recipe
from terrakin.training.rows import kept_rows
from terrakin.training.self_training import self_train, student, teacher
from terrakin.training.split import split
from terrakin.training.tally import read_tally
from terrakin.training.train import train

Make = Callable[..., Recipe]

CLASSES = ("field", "forest", "harbor", "water")

CHANGES = (
    "head={name='fc', hidden=0, feature='pooled', dropout=0.5}",
    "loss=[{name='cross-entropy'}]",
    "data.augmentation={turns=true, operations=2, magnitude=9}",
    "schedule.epochs=4",
    "self-training.iterations=2",
    "self-training.threshold=0.35",
)


@pytest.fixture
def chosen(recipe: Make) -> Make:
    """The recipe of these tests with changes."""
    return lambda *changes: recipe(*CHANGES, *changes)


@pytest.fixture(scope="module")
def pool(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half of the pictures of the four classes, and as many of a class that no labelled image has."""
    folder = tmp_path_factory.mktemp("data") / "pool"
    for name in CLASSES:
        shutil.copytree(pictures / name, folder / name, ignore=lambda where, names: sorted(names)[6:])
    shutil.copytree(folder / "field", folder / "oil")
    return folder


@pytest.fixture(scope="module")
def labelled(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The other half."""
    folder = tmp_path_factory.mktemp("data") / "labelled"
    for name in CLASSES:
        shutil.copytree(pictures / name, folder / name, ignore=lambda where, names: sorted(names)[:6])
    return folder


@pytest.fixture(scope="module")
def whole(plugin: Path, labelled: Path, pool: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A folder with the bundle `mine` and its run, which nobody changes, and the stages that were told."""
    folder, stages = tmp_path_factory.mktemp("whole"), []

    @contextmanager
    def bars(words: str, unit: str) -> Iterator[Progress]:
        stages.append(words)
        yield lambda done, total, note="": None

    with pytest.MonkeyPatch.context() as here:
        here.syspath_prepend(str(plugin))
        here.setitem(BACKBONES._paths, "tiny", "tinynet:Tiny")
        here.setitem(BACKBONES._loaded, "tiny", importlib.import_module("tinynet").Tiny)
        here.setattr(module, "_BLOCK", 8)
        recipe = read_recipe(Path(__file__).parents[1] / "recipes" / "tiny.toml", CHANGES)
        self_train(recipe, labelled, pool, folder / "mine", bars=bars)
    return folder, stages


@pytest.fixture
def again(whole: tuple[Path, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that run without the bundle; what it kept of the pool came in blocks of 8."""
    monkeypatch.setattr(module, "_BLOCK", 8)
    shutil.copytree(whole[0] / "mine.training", tmp_path / "mine.training")
    return tmp_path / "mine"


def content(bundle: Bundle) -> tuple[bytes, str]:
    return bundle.model, bundle.card


class TestAWholeRun:
    @pytest.fixture
    def run(self, whole) -> Path:
        return whole[0] / "mine.training"

    def test_every_iteration_is_a_run_with_its_bundle(self, run) -> None:
        assert sorted(path.name for path in run.iterdir()) == [
            "curves.png",
            "images",
            "iteration-0",
            "iteration-1",
            "iteration-2",
            "recipe.toml",
        ]
        for number in range(3):
            held = {path.name for path in iteration_folder(run, number).iterdir() if not path.name.startswith((".", "pool-"))}
            learnt = {"pseudo-labels.json"} if number else set()
            assert held == {"bundle.zip", "checkpoint.npz", "curves.png", "log.jsonl", "recipe.toml"} | learnt
        last = open_bundle(iteration_folder(run, 2) / BUNDLE)
        assert content(last) == content(open_bundle(run.with_name("mine")))
        assert len({open_bundle(iteration_folder(run, number) / BUNDLE).model for number in range(3)}) == 3

    def test_the_first_network_is_that_of_the_labelled_images_alone(self, run, chosen, labelled, tmp_path, same) -> None:
        alone = chosen("head.dropout=0", "data.augmentation={turns=true}")
        train(student(alone), labelled, tmp_path / "alone")
        one, other = (
            read_checkpoint(folder / CHECKPOINT) for folder in (iteration_folder(run, 0), tmp_path / "alone.training")
        )
        assert same(one.tensors, other.tensors)
        assert open_bundle(iteration_folder(run, 0) / BUNDLE).model == open_bundle(tmp_path / "alone").model

    def test_a_student_learns_what_the_bundle_before_it_says(self, run) -> None:
        pool, parts = load(run / "images" / "pool"), split(load(run / "images"), validation=0.25)
        assert len(pool.ids) == 30
        for number in (1, 2):
            before = open_bundle(iteration_folder(run, number - 1) / BUNDLE)
            logits = Graph(before.model, before.passport).run("logits", shrunk(pool.pixels))
            wanted = choose(logits, 0.35)
            counted = read_tally(iteration_folder(run, number))
            assert (counted.iteration, counted.pool, counted.known) == (number, 30, 0)
            # The first network is sure of some and not of all, so that the threshold is seen to choose.
            assert 0 < counted.chosen == len(wanted.rows) < 30 + (number - 1)
            assert [*counted.classes.values()] == np.bincount(wanted.labels, minlength=4).tolist()
            images = f"{len(parts.train) + counted.chosen} trained, {len(parts.validation)} validated, 0 of classes left out"
            card = open_bundle(iteration_folder(run, number) / BUNDLE).card
            assert f"| {number} | {counted.chosen} |\n" in card
            assert "true class" not in card
            assert f"| images | {images} |" in card

    def test_it_says_what_it_does(self, run, whole) -> None:
        chosen = read_tally(iteration_folder(run, 1)).chosen
        assert whole[1][:2] == ["Reading", "Reading the pool"]
        assert f"Training, iteration 1 with {chosen} of the pool" in whole[1]


def shrunk(pixels: np.ndarray) -> np.ndarray:
    values = torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2).float() / 255
    return torch.nn.functional.interpolate(values, (16, 16), mode="bicubic", antialias=True).clamp(0, 1).numpy()


def test_of_a_pool_with_labels_it_tells_how_many_guesses_are_right(chosen, labelled, pool, tmp_path, monkeypatch) -> None:
    read = module.cached

    def with_labels(*given: Any, **options: Any) -> Any:
        # As a benchmark's reader would: the folder is the class.
        return read(*given, **{**options, "labels": "needed"})

    monkeypatch.setattr(module, "cached", with_labels)
    bundle = self_train(chosen("self-training.iterations=1"), labelled, pool, tmp_path / "mine")
    counted = read_tally(tmp_path / "mine.training" / "iteration-1")
    assert counted.known == counted.chosen
    assert 0 < counted.right <= counted.with_counterpart < counted.chosen
    assert f"{counted.right} of {counted.with_counterpart} (" in bundle.card


class StopError(Exception):
    """What stands for a kill."""


STOPS = (
    *("fit 0", "after fit 0", "pool 0", "choose 1", "fit 1", "after fit 1", "pool 1", "choose 2", "fit 2", "after fit 2"),
    "at the end",
)
"""In a training's third epoch, after one and before its bundle, where the pool was asked in part, before the answer is used."""


def kill_at(stop: str, here: pytest.MonkeyPatch) -> None:
    """Let a run end at one of `STOPS`."""
    kind, _, number = stop.rpartition(" ")
    folder = f"iteration-{number}"
    fit, finish, write = module.fit, module.finish, module.write_tally

    def stopped_fit(*given: Any, **options: Any) -> Any:
        def tell(done: int, total: int, figures: Mapping[str, float]) -> None:
            if kind == "fit" and given[2].name == folder and done > total // 2:
                raise StopError

        return fit(*given, **{**options, "tell": tell})

    def stopped_finish(*given: Any, **options: Any) -> Any:
        if kind == "after fit" and given[3].name == folder:
            raise StopError
        return finish(*given, **options)

    def stopped_rows(file: Path, shape: Any, compute: Any, **options: Any) -> Any:
        def said(some: slice) -> Any:
            if kind == "pool" and file.parent.name == folder and some.start:
                raise StopError
            return compute(some)

        return kept_rows(file, shape, said, **options)

    def stopped_tally(counted: Any, where: Path) -> None:
        if kind == "choose" and where.name == folder:
            raise StopError
        write(counted, where)

    def stopped_drawing(tallies: Any, picture: Path) -> None:
        if stop == "at the end" and len(tallies) == 2:
            raise StopError

    here.setattr(module, "fit", stopped_fit)
    here.setattr(module, "finish", stopped_finish)
    here.setattr(module, "kept_rows", stopped_rows)
    here.setattr(module, "write_tally", stopped_tally)
    here.setattr(module, "draw_tallies", stopped_drawing)


def test_a_run_that_is_killed_everywhere_is_as_if_it_had_not_been(
    chosen, labelled, pool, whole, tmp_path, monkeypatch, same
) -> None:
    monkeypatch.setattr(module, "_BLOCK", 8)
    for stop in STOPS:
        with pytest.MonkeyPatch.context() as here:
            kill_at(stop, here)
            with pytest.raises(StopError):
                self_train(chosen(), labelled, pool, tmp_path / "mine", resume=stop != STOPS[0])
        assert not (tmp_path / "mine").exists()
        with pytest.raises(TrainingError, match="a run was begun in"):
            self_train(chosen(), labelled, pool, tmp_path / "mine")
    resumed = self_train(chosen(), labelled, pool, tmp_path / "mine", resume=True)
    assert content(resumed) == content(open_bundle(whole[0] / "mine"))
    for number in range(3):
        one, other = (iteration_folder(folder / "mine.training", number) for folder in (whole[0], tmp_path))
        assert (one / "log.jsonl").read_text() == (other / "log.jsonl").read_text()
        assert same(read_checkpoint(one / CHECKPOINT).tensors, read_checkpoint(other / CHECKPOINT).tensors)
        assert read_tally(one) == read_tally(other)
        assert content(open_bundle(one / BUNDLE)) == content(open_bundle(other / BUNDLE))


class TestGoingOn:
    """With a run that is finished, its bundle moved away."""

    @pytest.fixture
    def finished(self, chosen, labelled, pool, again) -> Callable[..., Bundle]:
        return lambda *changes: self_train(chosen(*changes), labelled, pool, again, resume=True)

    @pytest.fixture
    def trained(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Folders in which steps were done."""
        seen, fit = [], module.fit

        def watched(*given: Any, **options: Any) -> Any:
            def tell(done: int, total: int, figures: Mapping[str, float]) -> None:
                seen.append(given[2].name)

            return fit(*given, **{**options, "tell": tell})

        monkeypatch.setattr(module, "fit", watched)
        return seen

    def test_nothing_is_trained_again(self, finished, trained, whole, monkeypatch) -> None:
        monkeypatch.setattr(module, "finish", lambda *given, **options: pytest.fail("a bundle was made again"))
        assert content(finished()) == content(open_bundle(whole[0] / "mine"))
        assert trained == []

    def test_another_end_makes_the_bundles_again(self, finished, trained, tmp_path) -> None:
        bundle = finished("export.reducer=pca:4")
        assert bundle.passport.space.size == 4
        assert open_bundle(tmp_path / "mine.training" / "iteration-1" / BUNDLE).passport.space.size == 4
        assert trained == []

    def test_more_iterations_go_on_from_the_last(self, finished, trained) -> None:
        finished("self-training.iterations=3")
        assert {*trained} == {"iteration-3"}

    def test_another_threshold_is_refused(self, finished, trained) -> None:
        words = r"iteration-1' was begun with a threshold of 0\.35, now it is 0\.5; resume with that one, or move this folder"
        with pytest.raises(TrainingError, match=words):
            finished("self-training.threshold=0.5")
        assert trained == []

    def test_other_training_is_refused(self, finished) -> None:
        with pytest.raises(TrainingError, match=r"is of another run: recipe differs .*epochs: 4 then, 5 now"):
            finished("schedule.epochs=5")


def test_where_the_network_is_sure_of_nothing_it_stops_and_a_lower_threshold_goes_on(chosen, labelled, pool, tmp_path) -> None:
    sure, less = (chosen("self-training.iterations=1", f"self-training.threshold={value}") for value in (0.9999, 0.3))
    words = (
        "iteration 1: the network before it gives no class of any of 30 images of the pool a probability above 0.9999; go on"
    )
    with pytest.raises(TrainingError, match=words):
        self_train(sure, labelled, pool, tmp_path / "mine")
    before = (tmp_path / "mine.training" / "iteration-0" / CHECKPOINT).stat().st_mtime_ns
    assert not (tmp_path / "mine.training" / "iteration-1").exists()
    self_train(less, labelled, pool, tmp_path / "mine", resume=True)
    assert (tmp_path / "mine.training" / "iteration-0" / CHECKPOINT).stat().st_mtime_ns == before


def test_classes_that_are_left_out_are_never_guessed(chosen, labelled, pool, tmp_path) -> None:
    one = chosen("data.left_out=['water']", "self-training.iterations=1", "self-training.threshold=0.0")
    bundle = self_train(one, labelled, pool, tmp_path / "mine")
    counted = read_tally(tmp_path / "mine.training" / "iteration-1")
    assert (counted.chosen, counted.classes["water"]) == (30, 0)
    assert ", 6 of classes left out |" in bundle.card


def test_noise_is_the_students_alone(chosen) -> None:
    assert student(chosen()).data.augmentation == Augmentation(turns=True, operations=2, magnitude=9.0)
    assert teacher(chosen()).data.augmentation == Augmentation(turns=True)
    assert student(chosen()).head.options["dropout"] == 0.5
    assert "dropout" not in teacher(chosen()).head.options
    assert (student(chosen()).self_training, teacher(chosen()).self_training) == (None, None)


class TestRefusals:
    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            (
                ["head={name='projection', parts=[8]}", "loss=[{name='triplet'}]"],
                r"needs class logits, and the head projection",
            ),
            (["loss=[{name='normalised-softmax'}]"], r"needs a loss that trains the logits, such as cross-entropy"),
            (["backbone.freeze=['stm']"], "cannot freeze 'stm'"),
        ],
    )
    def test_of_recipes_before_anything_is_trained(self, chosen, labelled, pool, tmp_path, changes, words) -> None:
        with pytest.raises(RecipeError, match=words):
            self_train(chosen(*changes), labelled, pool, tmp_path / "mine")
        assert not (tmp_path / "mine.training" / "iteration-0").exists()

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ("self-training.iterations=0", r"\[self-training\] iterations is 1 to 100, got 0"),
            ("self-training.threshold=1.0", r"\[self-training\] threshold is a probability from 0 to below 1, got 1\.0"),
            ("self-training.iteration=2", r"\[self-training\] has no option 'iteration'; did you mean 'iterations'"),
        ],
    )
    def test_of_values(self, recipe, change, words) -> None:
        with pytest.raises(RecipeError, match=words):
            recipe(change)

    def test_of_a_pool_that_no_recipe_wants(self, tiny_recipe, labelled, pool, tmp_path) -> None:
        with pytest.raises(RecipeError, match=r"recipe tiny has no table \[self-training\], so it has no use for a pool"):
            asked(tiny_recipe, labelled, tmp_path / "mine", pool=pool)
        with pytest.raises(ValueError, match="--pool-dataset says what --pool is, and there is none"):
            asked(tiny_recipe, labelled, tmp_path / "mine", pool_dataset="ucm")
        with pytest.raises(ValueError, match="--pool do not go with it"):
            asked(tiny_recipe, labelled, tmp_path / "mine", pool=pool, result=tmp_path / "x")

    def test_of_a_recipe_that_lacks_its_pool(self, chosen, tiny_recipe, labelled, tmp_path) -> None:
        words = r"recipe tiny has a table \[self-training\]: .* Give the pool with --pool; such a training cannot be packed"
        with pytest.raises(RecipeError, match=words):
            asked(tiny_recipe, labelled, tmp_path / "mine", changes=CHANGES)
        with pytest.raises(RecipeError, match=words):
            carry_away(chosen(), labelled, tmp_path / "mine", tmp_path / "pack")
        with pytest.raises(RecipeError, match=words):
            bring_home(chosen(), labelled, tmp_path / "mine", tmp_path / "result")

    def test_of_a_pool_without_an_image(self, chosen, labelled, tmp_path) -> None:
        (tmp_path / "none").mkdir()
        with pytest.raises(TrainingError, match=r"there is no image in .*none"):
            self_train(chosen(), labelled, tmp_path / "none", tmp_path / "mine")


def test_sets_of_labels_are_refused() -> None:
    with pytest.raises(RecipeError, match="self-training guesses one class an image, and these have sets of labels"):
        module._must_classify(read_recipe("resnet34.noisy-student"), SimpleNamespace(sets=True))  # type: ignore[arg-type]
