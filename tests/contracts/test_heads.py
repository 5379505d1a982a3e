"""What every head must do."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from terrakin.nn.heads.known import HEADS
from terrakin.training.draft import Draft
from terrakin.training.export import export

CHANNELS, CLASSES = 12, 5
VARIANTS = {
    "cbp": [{"width": 24, "hidden": 32}, {"width": 24, "hidden": 0, "feature": "pooled"}],
    "fc": [{"hidden": 32}, {"hidden": 32, "feature": "logits"}, {"hidden": 0, "feature": "pooled"}],
    "hash": [{"bits": 16}],
    "ldcnn": [{"hidden": 32}, {"hidden": 32, "pool": "max"}],
    "projection": [{}, {"parts": (6, 4), "pool": "gem"}],
}
# Options with which a head is tried; none where it has none.
CASES = [(name, options) for name in sorted(HEADS) for options in VARIANTS.get(name, [{}])]
SEES_THE_BATCH = {"fc-block"}
"""Heads that do in training, by batch norm."""
pytestmark = pytest.mark.parametrize(
    ("name", "options"), CASES, ids=["-".join([name, *map(str, options.values())]) for name, options in CASES]
)


def made(name: str, options: dict[str, Any], *, seed: int = 7) -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return HEADS[name](CHANNELS, CLASSES, **options)


def maps(count: int, height: int = 2, width: int = 2) -> torch.Tensor:
    return torch.rand(count, CHANNELS, height, width, generator=torch.Generator().manual_seed(count))


@pytest.mark.parametrize(("height", "width"), [(2, 2), (7, 7), (3, 5), (1, 1)])
def test_it_gives_an_embedding_of_its_size_for_maps_of_any(name, options, height, width):
    head = made(name, options)
    output = head(maps(3, height, width))
    assert output.embedding.shape == (3, head.size)
    assert output.logits is None or output.logits.shape == (3, CLASSES)
    assert all(torch.isfinite(values).all() for values in output if values is not None)


def test_its_parts_make_up_its_size(name, options):
    head = made(name, options)
    assert isinstance(head.parts, tuple)
    assert sum(head.parts) == head.size


def test_gradients_reach_every_parameter_and_the_maps(name, options):
    head, inputs = made(name, options).train(), maps(4).requires_grad_()
    given = [values for values in head(inputs) if values is not None]
    sum((values * torch.rand(values.shape)).sum() for values in given).backward()
    assert [key for key, parameter in head.named_parameters() if parameter.grad is None or not parameter.grad.any()] == []
    assert inputs.grad.any()


def test_a_seed_decides_the_weights(name, options):
    one, same = (made(name, options, seed=1).state_dict() for _ in range(2))
    assert all(torch.equal(values, same[key]) for key, values in one.items())


def test_an_image_does_not_see_the_others(name, options):
    head, inputs = made(name, options).train(name not in SEES_THE_BATCH), maps(4)
    torch.testing.assert_close(head(inputs[:1]).embedding, head(inputs).embedding[:1])


def test_a_map_of_zeros_has_an_embedding_and_gradients(name, options):
    head, inputs = made(name, options), torch.zeros(2, CHANNELS, 2, 2, requires_grad=True)
    output = head(inputs)
    output.embedding.sum().backward()
    assert torch.isfinite(output.embedding).all()
    assert torch.isfinite(inputs.grad).all()


def test_a_bundle_gives_what_torch_gives(name, options):
    network = Shallow(made(name, options)).eval()
    draft = Draft("a-test", "1", ("red", "green", "blue"), 64, (0.0,) * 3, (1.0,) * 3, "none", "Apache-2.0")
    bundle = export(network, draft, card="For a test.")
    pixels = torch.rand(3, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        wanted = network(pixels)
    np.testing.assert_allclose(bundle.raw(pixels.numpy()), wanted.embedding, rtol=0, atol=1e-4)
    assert ("logits" in bundle.passport.outputs) == (wanted.logits is not None)


class Shallow(nn.Module):
    """A head on a network of one layer."""

    def __init__(self, head):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.convolution = nn.Conv2d(3, CHANNELS, 16, stride=16)
        self.head = head

    def forward(self, pixels):
        return self.head(self.convolution(pixels).relu())
