"""The loop: a run that is stopped, killed or interrupted goes on to the same result, to the bit."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from terrakin.errors import RecipeError, TrainingError
from terrakin.training import loop
from terrakin.training.augment import Augmentation, augment
from terrakin.training.batches import Batch
from terrakin.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from terrakin.training.images import Images
from terrakin.training.journal import read_journal
from terrakin.training.loop import CHECKPOINT, JOURNAL, fit
from terrakin.training.recipe import Recipe
from terrakin.training.run import Run
from terrakin.training.split import split
from terrakin.training.validate import embed, retrieval

STEPS = 12
Make = Callable[..., Recipe]
Same = Callable[[Mapping[str, Any], Mapping[str, Any]], bool]


@pytest.fixture
def ends_alike(same: Same) -> Callable[[Path, Path], bool]:
    """Whether two runs ended with the same state and log, to the bit."""

    def compare(one: Path, other: Path) -> bool:
        held = [read_checkpoint(folder / CHECKPOINT) for folder in (one, other)]
        logs = [list(read_journal(folder / JOURNAL)) for folder in (one, other)]
        return same(held[0].tensors, held[1].tensors) and held[0].facts == held[1].facts and logs[0] == logs[1]

    return compare


@pytest.fixture
def folders(tmp_path: Path) -> Callable[[str], Path]:
    def make(name: str) -> Path:
        (tmp_path / name).mkdir()
        return tmp_path / name

    return make


SETTINGS = [
    ("sgd",),
    ("sgd", "optimizer.momentum=0.0"),
    ("sgd", "optimizer.nesterov=true", "schedule.average=0.9"),
    ("adamw",),
    ("adamw", "schedule.average=0.9"),
    # No loss reaches its layer of logits.
    ("sgd", 'head={name="fc", hidden=8}'),
    # What layers draw, and batches.
    (
        "sgd",
        'head={name="fc", hidden=8, dropout=0.5}',
        "loss=[{name='cross-entropy'}]",
        "data.augmentation.operations=2",
        "data.augmentation.magnitude=27",
    ),
    ("sgd", "data.size=[16, 24]"),
    ("sgd", "backbone.freeze=['stem']", "sampler.name=pk", "sampler.images_per_class=2"),
    ("sgd", "data.size=18", "export.size=18", "frontend.name=jsst", "backbone.freeze=['stem', 'last']", "schedule.average=0.9"),
    ("adamw", "data.size=18", "export.size=18", "frontend={name='jsst', pgn='independent', spatial='tps', spectral='gamma'}"),
    ("sgd", "data.size=18", "export.size=18", "frontend.name=jsst", "schedule.precision=bf16"),
]


@pytest.mark.parametrize("settings", SETTINGS, ids=" ".join)
def test_a_run_that_is_resumed_is_as_if_it_had_not_been_stopped(
    recipe: Make, images: Images, folders: Callable[[str], Path], ends_alike: Any, same: Same, settings: tuple[str, ...]
) -> None:
    name, *changes = settings
    chosen = recipe(f"optimizer.name={name}", *changes)
    whole = folders("whole")
    wanted = fit(chosen, images, whole).network.state_dict()
    # Before the first step, in the middle of an epoch, at its end, before the last step, and again and again.
    for stops in ([0], [6], [4], [11], [2, 3, 9]) if settings == SETTINGS[0] else ([4], [2, 7]):
        folder = folders(f"stopped at {stops}")
        for until in stops:
            fit(chosen, images, folder, until=until, resume=True)
            assert read_checkpoint(folder / CHECKPOINT).facts["step"] == until
        resumed = fit(chosen, images, folder, resume=True).network.state_dict()
        assert ends_alike(whole, folder)
        assert same(wanted, resumed)


def test_with_a_teacher_too(distilling: Make, images: Images, folders: Callable[[str], Path], ends_alike: Any) -> None:
    targets = [np.random.default_rng(0).normal(size=(32, 8)).astype(np.float32)]
    for name, stops in (("whole", ()), ("stopped", (5,))):
        folder = folders(name)
        for until in (*stops, None):
            fit(distilling(), images, folder, targets=targets, until=until, resume=True)
    assert ends_alike(folder, folder.with_name("whole"))
    assert {"loss", "loss_0", "loss_1"} <= set(next(read_journal(folder / JOURNAL)))


def test_workers_change_nothing(recipe: Make, images: Images, folders: Callable[[str], Path], ends_alike: Any) -> None:
    first = folders("1")
    fit(recipe(), images, first, workers=1)
    for workers in (0, 3):
        folder = folders(str(workers))
        fit(recipe(), images, folder, workers=workers, until=5)
        fit(recipe(), images, folder, workers=4 - workers, resume=True)
        assert ends_alike(first, folder)


def test_a_seed_decides_everything_whatever_torch_drew_before(recipe: Make, images: Images, folders, same: Same) -> None:
    weights = {}
    for name, seed, drawn in (("a", 3, 1), ("b", 3, 2), ("c", 4, 1)):
        torch.manual_seed(drawn)
        weights[name] = fit(recipe(), images, folders(name), seed=seed).network.state_dict()
        after = torch.rand(1)
        torch.manual_seed(drawn)
        assert torch.equal(after, torch.rand(1)), "the caller's generator was moved"
    assert same(weights["a"], weights["b"])
    assert not same(weights["a"], weights["c"])


class StopError(Exception):
    """What ends a run from within."""


def test_a_run_that_dies_goes_on_from_its_last_checkpoint(
    recipe: Make, images: Images, folders: Callable[[str], Path], ends_alike: Any
) -> None:
    whole, folder = folders("whole"), folders("dies")
    fit(recipe(), images, whole)

    def die(done: int, total: int, figures: Mapping[str, float]) -> None:
        if done == 7:
            raise StopError

    with pytest.raises(StopError):
        fit(recipe(), images, folder, tell=die)
    assert read_checkpoint(folder / CHECKPOINT).facts["step"] == 4
    assert [line["step"] for line in read_journal(folder / JOURNAL)] == [1, 2, 3, 4, 5, 6]
    fit(recipe(), images, folder, resume=True)
    assert ends_alike(whole, folder)


def test_a_checkpoint_is_written_every_so_often(recipe: Make, images: Images, folders, monkeypatch) -> None:
    monkeypatch.setattr(loop, "_BETWEEN_CHECKPOINTS_S", 0.0)
    seen = []

    def tell(done: int, total: int, figures: Mapping[str, float]) -> None:
        path = folder / CHECKPOINT
        seen.append(read_checkpoint(path).facts["step"] if path.is_file() else 0)

    folder = folders("run")
    fit(recipe(), images, folder, tell=tell)
    assert seen == list(range(STEPS))


class TestCtrlC:
    @pytest.mark.parametrize("at", [1, 4, 6, 12])
    def test_the_step_at_hand_is_kept(self, recipe, images, folders, ends_alike, at) -> None:
        whole, folder = folders("whole"), folders("interrupted")
        fit(recipe("schedule.average=0.9"), images, whole)

        def interrupt(done: int, total: int, figures: Mapping[str, float]) -> None:
            if done == at:
                signal.raise_signal(signal.SIGINT)

        with pytest.raises(KeyboardInterrupt):
            fit(recipe("schedule.average=0.9"), images, folder, tell=interrupt)
        assert read_checkpoint(folder / CHECKPOINT).facts["step"] == at
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        fit(recipe("schedule.average=0.9"), images, folder, resume=True)
        assert ends_alike(whole, folder)

    def test_in_the_middle_of_a_step_it_waits_for_its_end(self, recipe, images, folders, ends_alike, monkeypatch) -> None:
        whole, folder = folders("whole"), folders("interrupted")
        fit(recipe(), images, whole)
        follow, done = loop.Run._follow, []

        def interrupted(run: Any) -> None:
            done.append(run.step)
            if len(done) == 3:
                # The weights have moved, and the average has not yet followed.
                signal.raise_signal(signal.SIGINT)
            follow(run)

        monkeypatch.setattr(loop.Run, "_follow", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fit(recipe(), images, folder)
        assert read_checkpoint(folder / CHECKPOINT).facts["step"] == 3
        fit(recipe(), images, folder, resume=True)
        assert ends_alike(whole, folder)

    def test_a_second_one_ends_the_run_at_once(self, recipe, images, folders, ends_alike) -> None:
        whole, folder = folders("whole"), folders("interrupted")
        fit(recipe(), images, whole)
        reached = []

        def insist(done: int, total: int, figures: Mapping[str, float]) -> None:
            if done == 6:
                signal.raise_signal(signal.SIGINT)
                signal.raise_signal(signal.SIGINT)
                reached.append(done)

        with pytest.raises(KeyboardInterrupt):
            fit(recipe(), images, folder, tell=insist)
        assert not reached
        # The step may have been half done, so the one before it counts.
        assert read_checkpoint(folder / CHECKPOINT).facts["step"] == 4
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        fit(recipe(), images, folder, resume=True)
        assert ends_alike(whole, folder)


_RUN = """
import sys
import numpy as np, torch
from pathlib import Path
torch.set_num_threads(1)
from terrakin.training import loop
from terrakin.training.images import load
from terrakin.training.reading import read_recipe
# A checkpoint after every step, so that many kills fall into the writing of one.
loop._BETWEEN_CHECKPOINTS_S = 0.0
recipe, images, folder = map(Path, sys.argv[1:])
tell = lambda done, total, figures: print(done, flush=True)
loop.fit(read_recipe(recipe, ["schedule.epochs=20", "schedule.average=0.95"]), load(images), folder, resume=True, tell=tell)
"""


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_kills_at_random_moments(
    recipe: Make, tiny_recipe: Path, images: Images, folders: Callable[[str], Path], ends_alike: Any, plugin: Path, one_thread
) -> None:
    cache, killed, whole = folders("cache"), folders("killed"), folders("whole")
    np.save(cache / "pixels.npy", images.pixels)
    said = {"format": 1, "labels": images.labels.tolist(), "digest": images.digest, "ids": images.ids}
    said |= {"classes": images.classes, "bands": images.bands}
    (cache / "meta.json").write_text(json.dumps(said))
    fit(recipe("schedule.epochs=20", "schedule.average=0.95"), images, whole)

    environment = {**os.environ, "PYTHONPATH": str(plugin), "OMP_NUM_THREADS": "1"}
    rng, reached = random.Random(0), 0
    for kill in (True, True, True, False):
        command = [sys.executable, "-c", _RUN, tiny_recipe, cache, killed]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as process:
            for line in process.stdout:
                assert int(line) > reached or not kill
                if kill and int(line) >= reached + 5:
                    time.sleep(rng.uniform(0, 0.02))
                    process.kill()
                    # What it had said before stands in the pipe.
                    reached = max([int(line), *map(int, process.stdout.read().split())]) - 1
                    break
            errors = process.stderr.read()
        assert process.returncode == (-signal.SIGKILL if kill else 0), errors
        assert read_checkpoint(killed / CHECKPOINT).facts["step"] >= reached
    assert ends_alike(whole, killed)


def test_a_tiny_run_learns_32_images_by_heart(recipe: Make, some_images, folders, monkeypatch) -> None:
    # The figures of the last batch, which is all images, and not a mean over many steps.
    monkeypatch.setattr("terrakin.training.run._FORGETTING", 0.0)
    # Labels that nothing but learning by heart gives: the looks of four classes under the names of four others.
    looks = some_images(noise=100)
    images = replace(looks, labels=np.random.default_rng(5).permutation(looks.labels))
    changes = (
        "data.validation=0.0",
        "data.augmentation={}",
        "sampler.batch=32",
        "schedule.epochs=150",
        "backbone.width=32",
        "loss.0.scale=6",
    )
    folder = folders("run")
    trained = fit(recipe(*changes, "optimizer.name=adamw", "optimizer.learning_rate=0.01"), images, folder)
    losses = [line["loss"] for line in read_journal(folder / JOURNAL)]
    assert losses[0] > 1
    assert losses[-1] < 0.01

    def forward(pixels: torch.Tensor) -> torch.Tensor:
        return trained.network((pixels - 0.5) / 0.25).embedding

    assert retrieval(embed(forward, images, np.arange(32), size=16), images.labels) == {"map": 1.0, "p@10": 0.7}


def test_a_front_end_learns_to_see_each_image_in_its_own_way(recipe: Make, some_images, folders, monkeypatch) -> None:
    monkeypatch.setattr("terrakin.training.run._FORGETTING", 0.0)
    images = some_images(noise=10)
    changes = ("data.size=18", "export.size=18", "data.validation=0.0", "data.augmentation={}", "sampler.batch=32")
    frontend = ("frontend={name='jsst', padding='border'}", "optimizer.name=adamw", "optimizer.learning_rate=0.01")
    folder = folders("run")
    chosen = recipe(*changes, *frontend, "optimizer.frontend=0.1", "schedule.epochs=60", "loss.0.scale=6")
    trained = fit(chosen, images, folder)
    losses = [line["loss"] for line in read_journal(folder / JOURNAL)]
    assert losses[-1] < 0.2 * losses[0]
    pixels = augment(images.pixels, 18, Augmentation(), np.random.default_rng(0))
    with torch.no_grad():
        theta = trained.network(pixels).theta
    identity = torch.tensor([1.0, 0, 0, 0, 1, 0, 1, 1, 1, 0])
    assert (theta - identity).abs().max() > 0.01
    # Images of one class look alike, and are corrected alike.
    labels = torch.from_numpy(images.labels)
    means = torch.stack([theta[labels == label].mean(dim=0) for label in range(4)])
    inside = (theta - means[labels]).norm(dim=1).mean()
    assert torch.pdist(means).min() > 0.001
    assert inside < torch.pdist(means).mean()


def test_what_a_run_gives(recipe: Make, images: Images, folders) -> None:
    told = []
    trained = fit(
        recipe("data.left_out=['c3']", "schedule.average=0.5"),
        images,
        folders("run"),
        tell=lambda done, total, figures: told.append((done, total, dict(figures))),
    )
    assert not trained.network.training
    assert not any(parameter.requires_grad for parameter in trained.network.parameters()), "the averaged weights are given"
    wanted = split(images, validation=0.25, left_out=["c3"])
    assert np.array_equal(trained.parts.train, wanted.train)
    assert {"map", "p@10", "left_out_map", "left_out_p@10", "loss", "epoch", "learning_rate"} == set(trained.figures)
    steps = len(wanted.train) // 6 * 3
    assert [(done, total) for done, total, _ in told] == [(step, steps) for step in range(1, steps + 1)]
    assert told[-1][2]["loss"] == trained.figures["loss"]


def test_figures_of_images_that_never_trained(recipe: Make, images: Images, folders) -> None:
    """Against plain loops: the embeddings of the validation images, and those of the classes left out."""
    trained = fit(recipe("data.left_out=['c3']"), images, folders("run"))
    parts = trained.parts
    with torch.no_grad():
        pixels = torch.from_numpy(images.pixels).permute(0, 3, 1, 2).float() / 255
        shrunk = torch.nn.functional.interpolate(pixels, (16, 16), mode="bicubic", antialias=True).clamp(0, 1)
        vectors = trained.network((shrunk - 0.5) / 0.25).embedding.numpy()

    def mean_average_precision(queries: np.ndarray, gallery: np.ndarray) -> float:
        values = []
        for query in queries:
            others = sorted((row for row in gallery if row != query), key=lambda row: -float(vectors[query] @ vectors[row]))
            hits = [images.labels[row] == images.labels[query] for row in others]
            if any(hits):
                values.append(np.mean([sum(hits[: place + 1]) / (place + 1) for place, hit in enumerate(hits) if hit]))
        return float(np.mean(values))

    assert trained.figures["map"] == pytest.approx(mean_average_precision(parts.validation, parts.validation))
    both = np.concatenate([parts.validation, parts.left_out])
    assert trained.figures["left_out_map"] == pytest.approx(mean_average_precision(parts.left_out, both))


def test_several_sizes_divide_the_run(recipe: Make, images: Images, folders, monkeypatch) -> None:
    seen, train = [], loop.Run.train
    monkeypatch.setattr(
        loop.Run, "train", lambda run, batch, taught: (seen.append(batch.pixels.shape[2:]), train(run, batch, taught))
    )
    fit(recipe("data.size=[16, 32, 24]"), images, folders("run"))
    assert seen == [(side, side) for side in (16, 32, 24) for _ in range(STEPS // 3)]


def test_nothing_is_validated_where_nothing_is_kept_for_it(recipe: Make, images: Images, folders) -> None:
    trained = fit(recipe("data.validation=0.0"), images, folders("run"))
    assert set(trained.figures) == {"loss", "epoch", "learning_rate"}


def test_published_weights_are_where_it_starts(recipe: Make, images: Images, folders, same: Same) -> None:
    frozen = ("backbone.freeze=['stem', 'last']",)
    first = fit(recipe(), images, folders("first")).network.backbone.state_dict()
    second = fit(recipe(*frozen), images, folders("second"), start=first, seed=1).network.backbone.state_dict()
    assert same(first, second), "a frozen backbone stays as it was given"
    third = fit(recipe(), images, folders("third"), start=first, seed=1).network.backbone.state_dict()
    assert not same(first, third)


class TestRefusals:
    def test_of_a_checkpoint_of_another_run(self, recipe, images, some_images, folders) -> None:
        folder = folders("run")
        fit(recipe(), images, folder, until=2)
        for words, others in {
            r"recipe differs \(head\.parts: \[8\] then, \[4\] now\)": {"recipe": recipe("head.parts=[4]")},
            "images differs": {"images": some_images(seed=1)},
            "seed differs": {"seed": 1},
        }.items():
            given = {"recipe": recipe(), "images": images, "seed": 0} | others
            with pytest.raises(
                TrainingError, match=rf"checkpoint .*{CHECKPOINT} is of another run: {words}\. Resume with what"
            ):
                fit(given["recipe"], given["images"], folder, seed=given["seed"], resume=True)
        assert read_checkpoint(folder / CHECKPOINT).facts["step"] == 2, "it was left alone"

    def test_of_tensors_of_another_version(self, recipe, images, folders) -> None:
        folder = folders("run")
        fit(recipe(), images, folder, until=2)
        held = read_checkpoint(folder / CHECKPOINT)
        tensors = {name: tensor for name, tensor in held.tensors.items() if "proxies" not in name}
        write_checkpoint(folder / CHECKPOINT, Checkpoint(held.facts, tensors))
        with pytest.raises(TrainingError, match="holds other tensors than this version trains; start again"):
            fit(recipe(), images, folder, resume=True)

    def test_of_a_loss_that_is_not_finite(self, recipe, images, folders) -> None:
        words = r"the loss is nan at step \d+; lower \[optimizer\] learning_rate, or raise warmup"
        with pytest.raises(TrainingError, match=words):
            fit(recipe("optimizer.learning_rate=1e38", "head.normalise=false"), images, folders("run"))

    def test_of_targets_of_other_teachers(self, distilling, images, folders) -> None:
        with pytest.raises(TrainingError, match="recipe tiny has 1 teachers, got targets of 0"):
            fit(distilling(), images, folders("run"))

    def test_of_a_gpu_that_is_not_there(self, recipe, images, folders, monkeypatch) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
        with pytest.raises(TrainingError, match="there is no GPU that torch can use here; take --device cpu"):
            fit(recipe(), images, folders("run"), device="cuda")

    def test_of_a_class_that_is_not_there(self, recipe, images, folders) -> None:
        with pytest.raises(RecipeError, match="no class 'c9' to leave out"):
            fit(recipe("data.left_out=['c9']"), images, folders("run"))


def test_dropout_is_drawn_anew_each_step_and_by_the_seed(recipe: Make, images: Images, folders, same: Same) -> None:
    plain = ("loss=[{name='cross-entropy'}]", "optimizer.learning_rate=0.05", "schedule.epochs=1")
    heads = {share: recipe(*plain, f"head={{name='fc', hidden=8, dropout={share}}}") for share in (0.0, 0.5)}
    state = {share: fit(one, images, folders(str(share))).network.state_dict() for share, one in heads.items()}
    again = fit(heads[0.5], images, folders("again")).network.state_dict()
    assert same(state[0.5], again)
    assert not same(state[0.0], state[0.5])


def test_what_layers_draw_depends_on_the_seed_and_the_step_alone(recipe: Make, images: Images) -> None:
    chosen = recipe("loss=[{name='cross-entropy'}]", "head={name='fc', hidden=0, feature='pooled', dropout=0.5}")
    batch = Batch(0, np.arange(6), torch.rand(6, 3, 16, 16), torch.from_numpy(images.labels[:6]))
    drawn = []
    for seed, step, moved in ((0, 0, 1), (0, 0, 2), (0, 1, 1), (1, 0, 1)):
        torch.manual_seed(moved)
        run = Run(chosen, images, split(images), device=torch.device("cpu"), seed=seed, start=None)
        run.network.head.dropout.register_forward_hook(lambda module, given, zeroed: drawn.append(zeroed == 0))
        run.step = step
        run.train(batch, [])
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    assert not torch.equal(drawn[0], drawn[3])
