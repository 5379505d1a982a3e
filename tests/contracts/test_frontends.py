"""What every front-end must do."""

from typing import Any, NamedTuple

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from terrakin.bundles.conversions import Conversions, Part, step_output
from terrakin.bundles.session import INPUT
from terrakin.errors import RecipeError
from terrakin.nn.frontends.known import FRONTENDS
from terrakin.search.conversions.known import read_theta
from terrakin.training.trace import resting, trace

SIZE = 24
VARIANTS = {
    "jsst": [
        {},
        {"pgn": "independent"},
        {"initialisation": "he", "limit": 0.5},
        {"spatial": "tps", "interpolation": "bicubic", "padding": "border"},
        {"spectral": "gamma", "order": "spec+spat"},
        {"spectral": "gamma-grid", "order": "hybrid", "padding": "reflection"},
        {"pgn": "independent", "estimate": "intermediate", "order": "spec+spat", "spectral": "gamma-band"},
    ],
    "spatial": [
        {},
        {"conversion": "tps", "limit": 0.5},
        {"interpolation": "bicubic"},
        {"padding": "border"},
        {"initialisation": "he"},
        {"limit": 0.5},
    ],
    "spectral": [
        *({"conversion": conversion} for conversion in ("linear", "gamma", "gamma-band", "gamma-grid")),
        {"initialisation": "he"},
        {"limit": 0.5},
    ],
}
# Options with which a front-end is tried; none where it has none.
CASES = [(name, options) for name in sorted(FRONTENDS) for options in VARIANTS.get(name, [{}])]
pytestmark = pytest.mark.parametrize(
    ("name", "options"), CASES, ids=["-".join([name, *map(str, options.values())]) for name, options in CASES]
)


def fresh(name: str, options: dict[str, Any], bands: int = 3, *, seed: int = 7) -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return FRONTENDS[name](bands, size=SIZE, **options)


def images(count: int, bands: int = 3) -> torch.Tensor:
    return torch.rand(count, bands, SIZE, SIZE, generator=torch.Generator().manual_seed(count))


def trained(frontend: Any, steps: int = 3) -> Any:
    """After steps towards anything, large enough to see: it is then no identity, and each image has its own parameters."""
    optimizer = torch.optim.Adam(frontend.parameters(), lr=0.01)
    for _ in range(steps):
        optimizer.zero_grad()
        backward(frontend, images(4, frontend.bands))
        optimizer.step()
    return frontend.eval()


def backward(frontend: Any, pixels: torch.Tensor) -> None:
    weights = torch.rand(pixels.shape, generator=torch.Generator().manual_seed(0))
    (frontend(pixels).images * weights).sum().backward()


@pytest.mark.parametrize("bands", [3, 4, 13])
def test_images_keep_their_shape_and_come_with_parameters(name, options, bands):
    frontend = fresh(name, options, bands)
    converted, theta, _ = frontend(images(2, bands))
    assert converted.shape == (2, bands, SIZE, SIZE)
    assert theta.shape == (2, frontend.length)
    assert converted.dtype == theta.dtype == torch.float32
    assert sum(frontend.parts.values()) == frontend.length
    assert {key: values.shape[1] for key, values in frontend.split(theta).items()} == frontend.parts


@pytest.mark.parametrize("bands", [3, 13])
def test_it_starts_as_the_identity(name, options, bands):
    torch.testing.assert_close(fresh(name, options, bands)(images(3, bands)).images, images(3, bands), rtol=0, atol=1e-4)


def test_trained_it_is_none_and_each_image_has_its_own(name, options):
    converted, theta, _ = trained(fresh(name, options))(images(3))
    assert ((converted - images(3)).abs() > 1e-3).any()
    assert not torch.equal(theta[0], theta[1])


def test_its_steps_lead_to_what_it_gives(name, options):
    frontend = trained(fresh(name, options))
    converted, theta, told = frontend(images(3))
    steps = frontend.steps(images(3), theta)
    assert tuple(steps) == tuple(told) == frontend.order
    assert sorted(frontend.order) == sorted(frontend.parts)
    for name, image in steps.items():
        torch.testing.assert_close(told[name], image, rtol=0, atol=1e-6)
    assert torch.equal(told[frontend.order[-1]], converted)


@pytest.mark.parametrize("bands", [3, 13])
def test_it_can_be_described_and_put_in_words(name, options, bands):
    frontend = trained(fresh(name, options, bands))
    said = Conversions(name, tuple(Part(part, length) for part, length in frontend.parts.items()), frontend.order)
    names = [f"b{number}" for number in range(bands)]
    identity = torch.cat([conversion.identity for conversion in frontend.conversions.values()]).float().numpy()
    readings = read_theta(identity, said, bands=names, size=SIZE)
    assert {reading.words for reading in readings.values()} == {"unchanged"}
    theta = frontend(images(3, bands)).theta.detach().numpy()
    readings = read_theta(theta[0] * 2 - identity, said, bands=names, size=SIZE)
    assert tuple(readings) == said.order
    assert {reading.kind for reading in readings.values()} <= {"spatial", "spectral"}
    assert "unchanged" not in {reading.words for reading in readings.values()}
    assert all(np.isfinite(value) for one in readings.values() for value in one.parameters.values() if isinstance(value, float))


def test_from_the_second_step_on_everything_learns(name, options):
    frontend = trained(fresh(name, options), steps=1).train()
    frontend.zero_grad()
    pixels = images(4).requires_grad_()
    backward(frontend, pixels)
    assert [key for key, parameter in frontend.named_parameters() if parameter.grad is None or not parameter.grad.any()] == []
    assert pixels.grad.any()


def test_a_seed_decides_what_comes_of_training(name, options):
    one, same = (trained(fresh(name, options, seed=1)) for _ in range(2))
    other = same.state_dict()
    assert all(torch.equal(values, other[key]) for key, values in one.state_dict().items())
    assert torch.equal(one(images(3)).images, same(images(3)).images)


def test_training_and_evaluation_are_the_same(name, options):
    frontend = trained(fresh(name, options))
    at_rest = frontend(images(3))
    in_training = frontend.train()(images(3))
    assert torch.equal(at_rest.images, in_training.images)
    assert torch.equal(at_rest.theta, in_training.theta)


def test_an_image_does_not_see_the_others(name, options):
    frontend = trained(fresh(name, options))
    all_of_them, alone = frontend(images(3)), frontend(images(3)[1:2])
    torch.testing.assert_close(alone.images, all_of_them.images[1:2], rtol=0, atol=1e-4)
    torch.testing.assert_close(alone.theta, all_of_them.theta[1:2], rtol=0, atol=1e-5)


def test_its_weights_are_all_that_it_keeps(name, options):
    one, other = trained(fresh(name, options)), fresh(name, options, seed=2).eval()
    assert set(one.state_dict()) == {key for key, _ in one.named_parameters()}
    other.load_state_dict(one.state_dict())
    assert torch.equal(one(images(3)).images, other(images(3)).images)


def test_the_layout_in_memory_does_not_matter(name, options):
    frontend = trained(fresh(name, options))
    plain = frontend(images(3)).images
    frontend.to(memory_format=torch.channels_last)
    turned = frontend(images(3).contiguous(memory_format=torch.channels_last)).images
    torch.testing.assert_close(turned, plain, rtol=0, atol=1e-4)


def test_mixed_precision_does_not_round_it(name, options):
    frontend = trained(fresh(name, options))
    exact = frontend(images(3))
    with torch.autocast("cpu", torch.bfloat16):
        mixed = frontend(images(3))
    assert torch.equal(mixed.images, exact.images)
    assert torch.equal(mixed.theta, exact.theta)


@pytest.mark.parametrize("shape", [(2, 3, SIZE + 1, SIZE + 1), (2, 3, SIZE, 2 * SIZE), (2, 4, SIZE, SIZE)])
def test_images_of_another_shape_are_refused_by_both_shapes(name, options, shape):
    found = " x ".join(map(str, shape[1:]))
    with pytest.raises(RecipeError, match=f"made for images of 3 x {SIZE} x {SIZE} .*, got {found}; resize the images"):
        fresh(name, options)(torch.zeros(shape))


@pytest.mark.parametrize("bands", [3, 13])
def test_its_graph_gives_what_torch_gives_with_theta_and_every_step_as_outputs(name, options, bands):
    network = resting(Network(trained(fresh(name, options, bands))))
    model = trace(network, bands=bands, size=SIZE, free=False)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    for count in (1, 5):
        with torch.no_grad():
            wanted = network(images(count, bands))
        wanted = {**wanted._asdict(), **{step_output(step): image for step, image in wanted.steps.items()}}
        del wanted["steps"]
        found = session.run(list(wanted), {INPUT: images(count, bands).numpy()})
        for one, other in zip(found, wanted.values(), strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-4)


class Given(NamedTuple):
    embedding: torch.Tensor
    images: torch.Tensor
    theta: torch.Tensor
    steps: dict[str, torch.Tensor]


class Network(nn.Module):
    """A front-end before a network that has nothing to learn."""

    def __init__(self, frontend):
        super().__init__()
        self.frontend = frontend

    def forward(self, pixels):
        converted = self.frontend(pixels)
        return Given(converted.images.mean(dim=(2, 3)), *converted)
