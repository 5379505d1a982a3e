"""RandAugment: what each operation does, and that draws decide which."""

import numpy as np
import pytest
import torch

from terrakin.errors import RecipeError
from terrakin.training.augment import Augmentation, augment
from terrakin.training.randaugment import OPERATIONS, randaugment

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 16, 16, 3), np.uint8)
EACH = pytest.mark.parametrize("name", OPERATIONS)


def noise(bands: int = 3) -> torch.Tensor:
    """Images of no particular look, floats that are no whole numbers."""
    return torch.from_numpy(np.random.default_rng(bands).uniform(0, 255, (4, bands, 12, 12))).float()


def strength(value: float, bands: int = 3) -> torch.Tensor:
    return torch.full((4, bands), value)


@EACH
@pytest.mark.parametrize("bands", [1, 3, 13])
def test_without_strength_it_changes_nothing(name: str, bands: int) -> None:
    result = OPERATIONS[name](noise(bands), strength(0.0, bands))
    torch.testing.assert_close(result, noise(bands), rtol=0, atol=1e-3)


@EACH
@pytest.mark.parametrize("direction", [-1.0, 1.0])
def test_at_full_strength_it_changes_much(name: str, direction: float) -> None:
    result = OPERATIONS[name](noise(), strength(direction))
    assert result.shape == noise().shape
    assert result.dtype == torch.float32
    assert torch.isfinite(result).all()
    assert ((result - noise()).abs().mean() > 5) == (name != "identity")


@EACH
def test_an_image_does_not_see_the_others(name: str) -> None:
    together = OPERATIONS[name](noise(), strength(0.7))
    alone = OPERATIONS[name](noise()[2:3], strength(0.7)[:1])
    torch.testing.assert_close(together[2:3], alone)


def test_what_each_does_to_values() -> None:
    values = torch.tensor([10.0, 30.0, 50.0, 110.0]).reshape(1, 2, 1, 2)  # two bands, two places
    half = torch.tensor([[0.5, -0.5]])
    plain = half[:, :1].repeat(1, 2)  # a factor of 1.45

    def of(name: str, by: torch.Tensor) -> list[float]:
        return OPERATIONS[name](values, by).flatten().tolist()

    assert of("brightness", plain) == pytest.approx([14.5, 43.5, 72.5, 159.5])
    assert of("contrast", plain) == pytest.approx([50 + 1.45 * (value - 50) for value in (10, 30, 50, 110)])
    assert of("saturation", plain) == pytest.approx([30 - 29, 70 - 58, 30 + 29, 70 + 58])
    assert of("gain", half) == pytest.approx([12.25, 36.75, 38.75, 85.25])
    assert of("posterize", plain) == [8, 28, 48, 108]


def test_shifts_go_where_they_say() -> None:
    """On ramps that count columns and rows; shifts of whole pixels are exact away from the border."""
    ramp = torch.arange(20.0).expand(20, 20)
    values = torch.stack([ramp, ramp.T])[None]
    moved = {name: OPERATIONS[name](values, torch.full((1, 2), 10 / 9 * 0.4))[0] for name in ("translate-x", "translate-y")}
    inner = (slice(4, 16), slice(4, 16))
    for name, across, down in (("translate-x", 4, 0), ("translate-y", 0, 4)):
        torch.testing.assert_close(moved[name][0][inner], ramp[inner] + across, atol=1e-3, rtol=0)
        torch.testing.assert_close(moved[name][1][inner], ramp.T[inner] + down, atol=1e-3, rtol=0)


def test_rotation_is_by_the_angle() -> None:
    ramp = torch.arange(21.0).expand(21, 21)
    for direction in (-1.0, 1.0):
        turned = OPERATIONS["rotate"](ramp[None, None], torch.full((1, 1), direction))[0, 0, 8:13, 8:13]
        x, y = (turned[:, 1:] - turned[:, :-1]).mean(), (turned[1:] - turned[:-1]).mean()
        assert float(torch.rad2deg(torch.atan2(-y, x))) == pytest.approx(30 * direction, abs=0.1)


def test_magnitude_0_is_the_image() -> None:
    plain = augment(PIXELS, 16, Augmentation(turns=True, gain=0.2), np.random.default_rng(3))
    none = augment(PIXELS, 16, Augmentation(turns=True, gain=0.2, operations=3, magnitude=0.0), np.random.default_rng(3))
    torch.testing.assert_close(plain, none, atol=1e-4, rtol=0)


def test_draws_decide_and_nothing_else_does() -> None:
    noisy = Augmentation(operations=2, magnitude=20.0)
    one, same, other = (augment(PIXELS, 16, noisy, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert one.shape == (6, 3, 16, 16)
    assert (one.min() >= 0, one.max() <= 1) == (True, True)


def test_every_operation_is_drawn_equally_often() -> None:
    values = torch.arange(100.0).reshape(1, 1, 10, 10).repeat(1200, 3, 1, 1) + torch.tensor([0, 40, 80]).reshape(1, 3, 1, 1)
    result = randaugment(values, 1, 30.0, np.random.default_rng(0))
    unchanged = (result == values).flatten(1).all(1).sum().item()
    assert unchanged == pytest.approx(100, abs=30)
    kinds = {tuple(image.flatten().round().int().tolist()) for image in result}
    # Nine have two directions, posterize one, and gain two a band; and there is the identity.
    assert len(kinds) == 9 * 2 + 1 + 2**3 + 1
    assert torch.equal(values[0], values[1]), "the input was changed"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"operations": -1}, "operations of RandAugment are 0 or more, got -1"),
        ({"magnitude": 31.0}, r"the magnitude of RandAugment lies in 0\.\.30, got 31\.0"),
    ],
)
def test_options_out_of_range_are_told(options: dict, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        Augmentation(**options)
