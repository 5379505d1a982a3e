"""A bundle whose network trains on: batch norm again, the function the same."""

from pathlib import Path

import numpy as np
import pytest
import torch

from terrakin.bundles.bundle import open_bundle
from terrakin.datasets.generated.scene import draw_scene
from terrakin.errors import TrainingError
from terrakin.nn.backbones.mobilenetv2 import MobileNetV2
from terrakin.nn.backbones.resnet import ResNet18
from terrakin.nn.frontends.known import FRONTENDS
from terrakin.nn.heads.known import HEADS
from terrakin.training.checkpoint import best_of
from terrakin.training.draft import Draft
from terrakin.training.export import export
from terrakin.training.images import Images
from terrakin.training.network import Network
from terrakin.training.reading import read_recipe
from terrakin.training.start import start_of, start_weights
from terrakin.training.unfold import unfold
from terrakin.training.weights import recognise


@pytest.fixture(scope="module")
def values() -> np.ndarray:
    """Drawn scenes, (16, 3, 96, 96) float32 in [0, 1]."""
    scene = draw_scene(2, 3, rng=np.random.default_rng(2)).pixels[:384, :384, :3]
    cut = [scene[row : row + 96, column : column + 96] for row in range(0, 384, 96) for column in range(0, 384, 96)]
    return np.moveaxis(np.stack(cut).astype(np.float32) / 255, 3, 1)


@pytest.fixture(scope="module")
def backbone(values: np.ndarray) -> MobileNetV2:
    made = MobileNetV2()
    unfold(open_bundle("imagenet-mobilenetv2"), made, values)
    return made


def pooled(backbone: MobileNetV2, values: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return backbone((torch.from_numpy(values) - 0.5) / 0.5).mean(dim=(2, 3)).numpy()


def test_the_network_gives_what_the_bundle_gives(backbone: MobileNetV2) -> None:
    other = np.random.default_rng(0).random((2, 3, 224, 224), dtype=np.float32)
    np.testing.assert_allclose(pooled(backbone.eval(), other), open_bundle("imagenet-mobilenetv2").raw(other), atol=1e-4)


def test_training_begins_near_the_bundle(backbone: MobileNetV2, values: np.ndarray) -> None:
    # Batch norm divides by the batch's own variance and keeps the unbiased one.
    np.testing.assert_allclose(pooled(backbone.train(), values), open_bundle("imagenet-mobilenetv2").raw(values), atol=0.1)


def test_another_network_is_refused(values: np.ndarray) -> None:
    with pytest.raises(
        TrainingError, match=r"imagenet-mobilenetv2 is not a ResNet18: its graph has 52 convolutions, .* the 20 wanted"
    ):
        unfold(open_bundle("imagenet-mobilenetv2"), ResNet18(), values)


def test_a_network_behind_a_front_end_is_taken_from_its_checkpoint(values: np.ndarray) -> None:
    network = Network(MobileNetV2(), HEADS["gap"](1280, 0), FRONTENDS["spectral"](3, size=96)).eval()
    draft = Draft("corrected", "1", ("red", "green", "blue"), 96, network.mean, network.std, "none", "MIT")
    with pytest.raises(TrainingError, match=r"corrected has a front-end before its network; start from the checkpoint\.npz"):
        unfold(export(network, draft, card="x"), MobileNetV2(), values)
    state = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
    assert recognise(best_of(state)).architecture == "mobilenetv2"


def test_a_part_that_was_kept_is_found_again(backbone: MobileNetV2, values: np.ndarray) -> None:
    trained = MobileNetV2(kept="block16")
    trained.load_published(backbone.state_dict())
    with torch.no_grad():
        trained.features[18][0].weight.mul_(0.5)
    draft = Draft("kept", "1.0", ("red", "green", "blue"), 96, (0.5,) * 3, (0.5,) * 3, "drawn scenes", "CC0-1.0")
    bundle = export(Network(trained.eval(), HEADS["gap"](2560, 0)), draft, card="# Kept\n")
    both, alone = MobileNetV2(kept="block16"), MobileNetV2()
    for begun in (both, alone):
        unfold(bundle, begun, values)
    given = bundle.raw(values)
    np.testing.assert_allclose(pooled(both.eval(), values), given, atol=1e-4)
    np.testing.assert_allclose(pooled(alone.eval(), values), given[:, :1280], atol=1e-4)
    assert np.abs(given[:, :1280] - given[:, 1280:]).max() > 0.1


def test_a_run_can_start_from_a_bundle(values: np.ndarray, tmp_path: Path) -> None:
    recipe = read_recipe("mobilenetv2.softmax")
    pixels = np.ascontiguousarray(np.moveaxis(np.round(values * 255).astype(np.uint8), 1, 3))
    images = Images(
        tuple(f"{number:02}" for number in range(16)), pixels, np.arange(16) % 2, ("a", "b"), ("red", "green", "blue"), "0" * 64
    )
    open_bundle("imagenet-mobilenetv2").save(tmp_path / "copy.zip")
    by_name, by_path = (
        start_weights(start_of(recipe, init), recipe, images) for init in ("imagenet-mobilenetv2", tmp_path / "copy.zip")
    )
    assert by_name is not None
    assert by_path is not None
    assert all(torch.equal(by_path[name], tensor) for name, tensor in by_name.items())
    MobileNetV2().load_published(by_name)


@pytest.mark.parametrize("stage", ["block7", "block16"])
def test_a_run_that_keeps_a_part_can_start_from_a_bundle_without_one(values: np.ndarray, stage: str) -> None:
    """Both copies begin as the bundle; one that kept another part gives what it trained to both."""
    recipe = read_recipe("mobilenetv2.softmax", [f"backbone.kept={stage}"])
    pixels = np.ascontiguousarray(np.moveaxis(np.round(values * 255).astype(np.uint8), 1, 3))
    ids = tuple(f"{number:02}" for number in range(16))
    images = Images(ids, pixels, np.arange(16) % 2, ("a", "b"), ("red", "green", "blue"), "0" * 64)
    state = start_weights(open_bundle("imagenet-mobilenetv2"), recipe, images)
    assert state is not None
    made = MobileNetV2(kept=stage).eval()
    made.load_published(state)
    given = pooled(made, values)
    np.testing.assert_allclose(given[:, :1280], given[:, 1280:], atol=1e-5)
    np.testing.assert_allclose(given[:, :1280], open_bundle("imagenet-mobilenetv2").raw(values), atol=1e-3)


def test_a_run_can_start_from_the_default_model(values: np.ndarray) -> None:
    bundle = open_bundle("aid-mobilenetv2")
    both, alone, other = MobileNetV2(kept="block7"), MobileNetV2(), MobileNetV2(kept="block7")
    for begun in (both, alone):
        unfold(bundle, begun, values)
    other.load_published(alone.state_dict())
    trained, kept = np.split(pooled(both.eval(), values), 2, axis=1)
    np.testing.assert_allclose(pooled(alone.eval(), values), trained, atol=1e-3)
    np.testing.assert_allclose(kept, open_bundle("imagenet-mobilenetv2").raw(values), atol=1e-3)
    assert np.abs(trained - kept).max() > 0.1
