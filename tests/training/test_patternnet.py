"""The papers' recipes, unchanged but for sizes, on files in the layout of PatternNet and weights of torchvision's names."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from terrakin.bundles.bundle import open_bundle
from terrakin.datasets.dataset import DATASETS, CountWarning
from terrakin.nn.backbones.known import BACKBONES
from terrakin.training.reading import read_recipe
from terrakin.training.train import train

SHORT = ("schedule.epochs=1", "schedule.after=[]", "data.size=32", "data.stored=32", "export.size=32")
EACH = 4


@pytest.fixture(scope="module")
def patternnet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four images of 32 px of each of the 38 classes, as the archive of PatternNet unpacks."""
    root, rng = tmp_path_factory.mktemp("benchmark") / "PatternNet", np.random.default_rng(0)
    for label in DATASETS["patternnet"].classes:
        folder = root / "images" / label
        folder.mkdir(parents=True)
        look = rng.integers(0, 256, (4, 4, 3)).repeat(8, axis=0).repeat(8, axis=1)
        for number in range(1, EACH + 1):
            noisy = np.clip(look + rng.normal(0, 20, look.shape), 0, 255).astype(np.uint8)
            Image.fromarray(noisy).save(folder / f"{label.replace('_', '')}{number:03}.jpg")
    return root


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ResNet-34 of ImageNet's classes as torchvision saves it, with random values."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        state = BACKBONES["resnet34"]().state_dict() | {"fc.weight": torch.randn(1000, 512), "fc.bias": torch.zeros(1000)}
    path = tmp_path_factory.mktemp("weights") / "resnet34-b627a593.pth"
    torch.save(state, path)
    return path


@pytest.mark.filterwarnings(f"ignore::{CountWarning.__module__}.{CountWarning.__qualname__}")
@pytest.mark.parametrize(
    ("name", "wide", "space"),
    [("fc", 38, ("pearson", 38)), ("pca", 512, ("cosine", 128)), ("dhn", 64, ("hamming", 64))],
)
def test_they_train_on_patternnet(
    patternnet: Path, weights: Path, tmp_path: Path, name: str, wide: int, space: tuple[str, int]
) -> None:
    recipe = read_recipe(f"resnet34.{name}", SHORT)
    train(recipe, patternnet, tmp_path / "b", dataset="patternnet", init=weights, device="cpu")
    bundle = open_bundle(tmp_path / "b")
    passport = bundle.passport
    # Components are for cosine; logits compare as in the papers.
    assert (passport.space.kind, passport.space.size) == space
    assert passport.embedding_size == wide
    assert (passport.input_size, passport.bands) == (32, ("red", "green", "blue"))
    assert f"{recipe.backbone.name} from published weights" in bundle.card
    assert "152 trained, 0 validated" in bundle.card
    assert np.isfinite(bundle.embed(np.random.default_rng(0).random((2, 3, 32, 32), dtype=np.float32))).all()
