"""Published weights: what fits, what does not, and other bands."""

import pytest
import torch
from torch import nn

from terrakin.errors import TrainingError
from terrakin.nn.backbones.published import load_strictly, per_band


class Small(nn.Module):
    def __init__(self, bands=3):
        super().__init__()
        self.conv = nn.Conv2d(bands, 4, 3, bias=False)
        self.norm = nn.BatchNorm2d(4)

    def forward(self, images):
        return self.norm(self.conv(images))


def load(network, state):
    load_strictly(network, state, first="conv.weight", classifier=("fc.weight",))


def published(bands=3):
    torch.manual_seed(1)
    return {**Small(bands).state_dict(), "fc.weight": torch.rand(2, 4)}


def test_a_checkpoint_goes_in_as_it_is():
    network, state = Small(), published()
    load(network, state)
    assert all(torch.equal(values, state[name]) for name, values in network.state_dict().items())


def test_counters_of_batches_may_be_missing():
    state = {name: values for name, values in published().items() if "num_batches" not in name}
    load(Small(), state)


@pytest.mark.parametrize("bands", [1, 4, 13])
def test_images_whose_bands_are_alike_give_what_they_gave(bands):
    grey = torch.rand(2, 1, 8, 8)
    original, network = Small(), Small(bands)
    load(original, published())
    load(network, published())
    torch.testing.assert_close(network(grey.expand(-1, bands, -1, -1)), original(grey.expand(-1, 3, -1, -1)))


def test_a_checkpoint_of_as_many_bands_is_not_changed():
    network, state = Small(13), published(13)
    load(network, state)
    assert torch.equal(network.conv.weight, state["conv.weight"])


def test_everything_wrong_is_listed_and_nothing_loaded():
    network, state = Small(), published()
    before = network.conv.weight.clone()
    state["extra"] = state.pop("norm.bias")
    state["norm.weight"] = torch.ones(5)
    with pytest.raises(TrainingError) as caught:
        load(network, state)
    for words in ("not those of Small", "missing: norm.bias", "not known: extra", "norm.weight (5,) instead of (4,)"):
        assert words in str(caught.value)
    assert torch.equal(network.conv.weight, before)


@pytest.mark.parametrize("kernels", [torch.ones(4), torch.ones(5, 3, 3, 3), torch.ones(4, 3, 1, 1)])
def test_a_first_convolution_of_another_shape_is_refused(kernels):
    with pytest.raises(TrainingError, match=r"of another shape: conv\.weight"):
        load(Small(4), {**published(), "conv.weight": kernels})


def test_values_per_band():
    assert per_band((0.1, 0.2, 0.6), 3) == (0.1, 0.2, 0.6)
    assert per_band((0.1, 0.2, 0.6), 4) == pytest.approx((0.3,) * 4)
