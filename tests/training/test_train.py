"""From a recipe and labelled images to a bundle."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from terrakin.bundles.bundle import open_bundle
from terrakin.bundles.conversions import Conversions, Part
from terrakin.errors import RecipeError, TrainingError
from terrakin.progress import Progress
from terrakin.training import finish as finishing
from terrakin.training import train as module
from terrakin.training.finish import finish
from terrakin.training.images import Images
from terrakin.training.loop import fit
from terrakin.training.recipe import Recipe
from terrakin.training.train import check, run_folder, train

Make = Callable[..., Recipe]
ONE_BATCH = ("sampler.batch=24", "schedule.epochs=2")


def test_a_bundle_comes_out(recipe: Make, pictures: Path, tmp_path: Path) -> None:
    told = []

    @contextmanager
    def bars(words: str, unit: str) -> Iterator[Progress]:
        yield lambda done, total, note="": told.append((words, unit, done, total, note))

    bundle = train(recipe(*ONE_BATCH, "export.reducer=pca:4"), pictures, tmp_path / "mine", bars=bars)
    opened = open_bundle(tmp_path / "mine")
    assert opened.passport == bundle.passport
    assert (opened.passport.name, opened.passport.bands) == ("tiny-trained", ("red", "green", "blue"))
    assert (opened.passport.space.kind, opened.passport.space.size) == ("cosine", 4)
    assert "| classes | field, forest, harbor, water |" in opened.card
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "mine.training", "tiny.toml"]
    run = tmp_path / "mine.training"
    assert sorted(path.name for path in run.iterdir()) == [
        "checkpoint.npz",
        "curves.png",
        "images",
        "log.jsonl",
        "recipe.toml",
    ]
    last = json.loads((run / "log.jsonl").read_text().splitlines()[-1])
    assert {"step", "loss", "map", "p@10", "epoch", "learning_rate"} <= set(last)
    assert ("Reading", "images", 48, 48, "") in told
    words, unit, done, total, note = told[-1]
    assert (words, unit, done, total) == ("Training", "steps", last["step"], last["step"])
    assert note.startswith(f"loss {last['loss']:.3f}, mAP 0.")


def test_images_can_be_shared_by_runs(recipe: Make, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train(recipe(*ONE_BATCH), pictures, tmp_path / "a.zip", cache=tmp_path / "cache")
    monkeypatch.setattr("terrakin.training.images._fill", lambda *some, **more: pytest.fail("images were read again"))
    train(recipe(*ONE_BATCH), pictures, tmp_path / "b.zip", cache=tmp_path / "cache")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    assert not (tmp_path / "a.zip.training" / "images").exists()


def test_a_finished_run_is_only_exported_when_resumed(recipe: Make, pictures: Path, tmp_path: Path) -> None:
    first = train(recipe(*ONE_BATCH), pictures, tmp_path / "mine")
    (tmp_path / "mine").rename(tmp_path / "kept")
    again = train(recipe(*ONE_BATCH), pictures, tmp_path / "mine", resume=True)
    assert again.model == first.model


class TestFinish:
    @pytest.fixture
    def trained(self, recipe, images, tmp_path):
        (tmp_path / "run").mkdir()
        return fit(recipe("schedule.epochs=1"), images, tmp_path / "run")

    def test_the_bundle_gives_what_the_network_gives(self, recipe, images, trained, tmp_path) -> None:
        bundle = finish(recipe(), images, trained, tmp_path / "run", tmp_path / "out")
        values = np.random.default_rng(0).random((3, 3, 16, 16), np.float32)
        with torch.no_grad():
            wanted = trained.network((torch.from_numpy(values) - 0.5) / 0.25).embedding.numpy()
        np.testing.assert_allclose(bundle.raw(values), wanted, atol=1e-5)

    def test_whitening_and_reducer_are_fitted_on_the_images_that_trained(self, recipe, images, trained, tmp_path) -> None:
        chosen = recipe("export.whiten=0.1", "export.reducer=pca:3", "export.training_data=mine")
        bundle = finish(chosen, images, trained, tmp_path / "run", tmp_path / "out")
        rows, labels = bundle.raw(shrunk(images))[trained.parts.train].astype(float), images.labels[trained.parts.train]
        # Whitened: the mean of what trained is nothing, and inside classes no direction sticks out.
        np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-3)
        inside = rows - np.array([rows[labels == label].mean(axis=0) for label in labels])
        assert np.linalg.eigvalsh(inside.T @ inside / len(rows)).max() < 1.01
        # The reducer's mean is that of these rows at unit length.
        unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        np.testing.assert_allclose(bundle.reducer.mean, unit.mean(axis=0), atol=1e-3)
        assert bundle.passport.reducer.fitted_on == "mine"

    def test_components_are_the_leading_ones_of_what_is_whitened(self, recipe, images, trained, tmp_path) -> None:
        ends = {name: recipe("export.whiten=0.1", *change) for name, change in (("all", ()), ("two", ["export.components=2"]))}
        bundles = {name: finish(end, images, trained, tmp_path / "run", tmp_path / name) for name, end in ends.items()}
        rows = {name: bundle.raw(shrunk(images))[trained.parts.train].astype(float) for name, bundle in bundles.items()}
        assert (rows["all"].shape[1], rows["two"].shape[1]) == (8, 2)
        assert bundles["two"].passport.space.size == 2
        # Two directions cannot hold more of the scatter than the two largest do.
        largest = np.linalg.eigvalsh(np.cov(rows["all"].T))[-2:]
        assert np.cov(rows["two"].T).trace() <= largest.sum() * 1.05
        assert np.cov(rows["two"].T).trace() >= largest.sum() * 0.9

    @pytest.mark.parametrize("arithmetic", ["float32", "int8"])
    def test_a_bundle_with_a_front_end_embeds(self, recipe, images, tmp_path, arithmetic) -> None:
        frontend = ("data.size=18", "export.size=18", "frontend.name=jsst", "optimizer.frontend=0.02", "backbone.width=16")
        end = ("export.pooled=true", "export.whiten=0.1", "export.weights=int8", f"export.arithmetic={arithmetic}")
        chosen = recipe(*frontend, *end)
        (tmp_path / "run").mkdir()
        trained = fit(chosen, images, tmp_path / "run")
        finish(chosen, images, trained, tmp_path / "run", tmp_path / "out")
        bundle = open_bundle(tmp_path / "out")
        assert (bundle.passport.mean, bundle.passport.std) == ((0.0,) * 3, (1.0,) * 3)
        assert bundle.passport.frontend == Conversions("jsst", (Part("affine", 6), Part("linear", 4)), ("affine", "linear"))
        assert {"embedding", *bundle.passport.frontend.outputs} <= set(bundle.passport.outputs)
        values = np.random.default_rng(0).random((3, 3, 18, 18), np.float32)
        np.testing.assert_allclose(np.linalg.norm(bundle.embed(values), axis=1), 1, atol=1e-5)
        with torch.no_grad():
            wanted = trained.network(torch.from_numpy(values)).theta.numpy()
        np.testing.assert_allclose(bundle.theta(values), wanted, atol=0.01)
        assert [images.shape for images in bundle.steps(values).values()] == [(3, 3, 18, 18)] * 2

    def test_a_whitening_that_cannot_be_fitted(self, recipe, images, trained, tmp_path, monkeypatch) -> None:
        monkeypatch.setattr(finishing, "embeddings_of", lambda *given: np.ones((len(given[3]), 8), np.float32))
        with pytest.raises(RecipeError, match=r"\[export\] whiten: a shrinkage is above 0 where some direction does not vary"):
            finish(recipe("export.whiten=0"), images, trained, tmp_path / "run", tmp_path / "out")
        assert not (tmp_path / "out").exists()


def shrunk(images) -> np.ndarray:
    """The images as the bundle wants them: (N, C, 16, 16) float32 in [0, 1]."""
    pixels = torch.from_numpy(images.pixels).permute(0, 3, 1, 2).float() / 255
    return torch.nn.functional.interpolate(pixels, (16, 16), mode="bicubic", antialias=True).clamp(0, 1).numpy()


class TestCheck:
    """What is refused before teachers are asked and hours are spent."""

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ("backbone.freeze=['stm']", "cannot freeze 'stm'"),
            ("loss.0.part=1", "the head gives 1 parts"),
            ("loss.0.scale=0", "a normalised softmax has scale > 0"),
            ("head.parts=[]", "a projection has one part or more"),
            ("data.left_out=['c9']", "no class 'c9' to leave out"),
            ("loss=[{name='cross-entropy'}]", "logits"),
            ("sampler={name='pk', batch=12, images_per_class=2}", "classes"),
            ("schedule={name='steps', epochs=2, after=[15]}", r"\[schedule\] after names epochs"),
            ("optimizer.momentum=-1", "momentum"),
            ("frontend={name='jsst'}", "a front-end needs images of 18 px or more, got 16"),
            ("frontend={name='jsst', estimate='intermediate'}", "estimate intermediate needs a network for each conversion"),
            ("export.reducer=pca:9", r"\[export\] reducer pca:9 keeps more than there is: the embedding has 8 dimensions"),
        ],
    )
    def test_recipes_that_do_not_fit(self, recipe, images, change, words) -> None:
        with pytest.raises(RecipeError, match=words):
            check(recipe(change), images)

    def test_more_components_than_dimensions(self, recipe, images) -> None:
        with pytest.raises(RecipeError, match=r"\[export\] components = 9 keeps more than there is: the embedding has 8"):
            check(recipe("export.whiten=0.1", "export.components=9"), images)
        with pytest.raises(RecipeError, match="pca:4 keeps more than there is: the embedding has 3"):
            check(recipe("export.whiten=0.1", "export.components=3", "export.reducer=pca:4"), images)
        with pytest.raises(RecipeError, match=r"components = 3 is a number from 1 on, and goes with whiten"):
            recipe("export.components=3")
        with pytest.raises(
            RecipeError, match=r"\[export\] components are for embeddings that compare by cosine, not by pearson"
        ):
            recipe("export.components=3", "export.whiten=0.1", "export.space=pearson")

    def test_more_dimensions_than_images(self, recipe, some_images) -> None:
        with pytest.raises(RecipeError, match=r"pca:6 keeps more than there is: .* and 6 images train"):
            check(recipe("export.reducer=pca:6", "data.validation=0"), some_images(count=6))

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ("export.name=My Model", "a name is lower case letters, digits and hyphens, got 'My Model'"),
            ("export.licence=''", "licence is one line of text"),
        ],
    )
    def test_passports_that_nobody_would_take(self, recipe, images, change, words) -> None:
        with pytest.raises(TrainingError, match=f"no bundle can be made: {words}"):
            check(recipe(change), images)

    def test_a_recipe_that_fits(self, recipe, images) -> None:
        before = torch.random.get_rng_state()
        check(recipe("export.reducer=pca:8", "export.whiten=0.1"), images)
        assert torch.equal(before, torch.random.get_rng_state())

    def test_it_comes_before_the_teachers(self, recipe, pictures, tmp_path, monkeypatch) -> None:
        monkeypatch.setattr(module, "teach", lambda *some, **more: pytest.fail("teachers were asked"))
        with pytest.raises(TrainingError, match="no bundle can be made"):
            train(recipe("export.name=X"), pictures, tmp_path / "mine")


class TestRunFolder:
    def test_it_lies_beside_the_bundle(self, tmp_path: Path) -> None:
        assert run_folder(tmp_path / "new" / "mine.zip", resume=False) == tmp_path / "new" / "mine.zip.training"
        assert (tmp_path / "new" / "mine.zip.training").is_dir()

    @pytest.mark.parametrize("resume", [True, False])
    def test_what_is_there_is_not_written_over(self, tmp_path: Path, resume: bool) -> None:
        (tmp_path / "mine").write_text("precious")
        with pytest.raises(
            TrainingError, match=r"there is something at '.*mine' already; choose another --out, or move it away"
        ):
            run_folder(tmp_path / "mine", resume=resume)

    def test_a_run_that_was_begun_is_not_begun_again(self, tmp_path: Path) -> None:
        folder = run_folder(tmp_path / "mine", resume=False)
        assert run_folder(tmp_path / "mine", resume=False) == folder, "nothing was done yet"
        (folder / "log.jsonl").touch()
        with pytest.raises(TrainingError, match=r"a run was begun in '.*mine\.training'; go on with it by --resume"):
            run_folder(tmp_path / "mine", resume=False)
        assert run_folder(tmp_path / "mine", resume=True) == folder

    def test_a_place_where_no_folder_can_be(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(TrainingError, match=r"cannot make the folder '.*file/mine\.training': Not a directory"):
            run_folder(tmp_path / "file" / "mine", resume=False)


def test_other_bands_make_another_network(recipe: Make, some_images: Callable[..., Images]) -> None:
    check(recipe(), some_images(bands=4))
