"""The last layer of a graph: what the fitted whitening does to unit rows."""

from pathlib import Path

import numpy as np
import pytest
import torch

from terrakin.nn.backbones.known import BACKBONES
from terrakin.nn.heads.known import HEADS
from terrakin.training.draft import Draft
from terrakin.training.ended import Ended
from terrakin.training.export import export
from terrakin.training.network import Network
from terrakin.training.whitening import Whitening


@pytest.fixture
def network(tiny_backbone: None) -> Network:
    torch.manual_seed(0)
    backbone = BACKBONES["tiny"]()
    return Network(backbone, HEADS["fc"](backbone.channels, 5, hidden=6)).eval()


@pytest.fixture
def whitening() -> Whitening:
    rng = np.random.default_rng(0)
    return Whitening(rng.normal(size=6).astype(np.float32), rng.normal(size=(6, 6)).astype(np.float32))


def test_it_whitens_unit_rows_and_leaves_logits(network: Network, whitening: Whitening) -> None:
    pixels = torch.randn(4, 3, 16, 16)
    with torch.no_grad():
        plain, ended = network(pixels), Ended(network, whitening=whitening)(pixels)
    rows = plain.embedding.numpy()
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    np.testing.assert_allclose(ended.embedding.numpy(), whitening.apply(unit), atol=1e-5)
    assert torch.equal(ended.logits, plain.logits)


def test_the_bundle_gives_the_same(network: Network, whitening: Whitening, tmp_path: Path) -> None:
    draft = Draft("x", "1", ("red", "green", "blue"), 16, (0.5,) * 3, (0.25,) * 3, "none", "MIT")
    bundle = export(Ended(network, whitening=whitening).eval(), draft, card="x")
    values = np.random.default_rng(1).random((3, 3, 16, 16), np.float32)
    with torch.no_grad():
        rows = network((torch.from_numpy(values) - 0.5) / 0.25).embedding.numpy()
    wanted = whitening.apply(rows / np.linalg.norm(rows, axis=1, keepdims=True))
    np.testing.assert_allclose(bundle.raw(values), wanted, atol=1e-4)


def test_the_pooled_map_lies_beside_the_embedding(network: Network) -> None:
    pixels = torch.randn(4, 3, 16, 16)
    with torch.no_grad():
        plain, ended, maps = network(pixels), Ended(network, pooled=True)(pixels), network.backbone(pixels)
    rows, pooled = plain.embedding.numpy(), maps.mean(dim=(2, 3)).numpy()
    unit = [part / np.linalg.norm(part, axis=1, keepdims=True) for part in (rows, pooled)]
    np.testing.assert_allclose(ended.embedding.numpy(), np.hstack(unit), atol=1e-6)
