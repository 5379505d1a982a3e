"""The sketch of outer products: against Fourier transforms, and in the mean over every draw."""

import itertools

import numpy as np
import pytest
import torch

from terrakin.nn.heads.sketch import TensorSketch


def made(channels: int, width: int, first, second, signs) -> TensorSketch:
    """With places and signs that are given."""
    sketch = TensorSketch(channels, width).double()
    sketch.places.copy_((torch.tensor(first)[:, None] + torch.tensor(second)) % width)
    sketch.signs.copy_(torch.tensor(signs))
    return sketch


def as_map(vector: list[float]) -> torch.Tensor:
    return torch.tensor(vector, dtype=torch.float64).reshape(1, -1, 1, 1)


def test_it_is_the_convolution_of_two_count_sketches_summed_over_places() -> None:
    rng = np.random.default_rng(0)
    channels, width = 7, 10
    first, second = rng.integers(0, width, (2, channels))
    signs = rng.choice([-1.0, 1.0], (2, channels))
    maps = rng.normal(size=(2, channels, 3, 4))
    wanted = np.zeros((2, width))
    for image, row, column in itertools.product(range(2), range(3), range(4)):
        counts = np.zeros((2, width))
        for which, places in enumerate((first, second)):
            for channel in range(channels):
                counts[which, places[channel]] += signs[which, channel] * maps[image, channel, row, column]
        wanted[image] += np.fft.ifft(np.fft.fft(counts[0]) * np.fft.fft(counts[1])).real
    found = made(channels, width, first, second, signs)(torch.from_numpy(maps))
    np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_inner_products_are_squared_in_the_mean_over_all_draws() -> None:
    x, y, width = [1.5, -0.5], [0.25, 2.0], 3
    draws = itertools.product(range(width), repeat=2)
    places = list(itertools.product(draws, itertools.product(range(width), repeat=2)))
    both_signs = list(itertools.product(itertools.product([-1.0, 1.0], repeat=2), repeat=2))
    products = []
    for (first, second), signs in itertools.product(places, both_signs):
        sketch = made(2, width, first, second, signs)
        products.append((sketch(as_map(x)) @ sketch(as_map(y)).T).item())
    assert len(products) == 1296
    assert np.mean(products) == pytest.approx(np.dot(x, y) ** 2, abs=1e-12)
    assert np.std(products) > 0


def test_half_precision_maps_are_summed_in_float32() -> None:
    sketch = TensorSketch(4, 8)
    with torch.autocast("cpu", torch.bfloat16):
        assert sketch(torch.rand(2, 4, 3, 3).bfloat16()).dtype == torch.float32


def test_what_was_drawn_is_kept_with_the_weights() -> None:
    one, other = TensorSketch(4, 8), TensorSketch(4, 8)
    other.load_state_dict(one.state_dict())
    maps = torch.rand(2, 4, 3, 3)
    assert torch.equal(one(maps), other(maps))
