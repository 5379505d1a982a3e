"""Frozen stages: what stays, and that gradients pass through."""

import pytest
import torch
from torch import nn

from terrakin.errors import RecipeError
from terrakin.nn.backbones.backbone import Backbone


class Small(Backbone):
    def __init__(self):
        super().__init__({"stem": ("conv1", "bn1"), "last": ("conv2", "bn2")})
        self.conv1, self.bn1 = nn.Conv2d(2, 3, 1), nn.BatchNorm2d(3)
        self.conv2, self.bn2 = nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)

    def forward(self, images):
        return self.bn2(self.conv2(self.bn1(self.conv1(images))))


def trained(network):
    return {name for name, parameter in network.named_parameters() if parameter.requires_grad}


def test_a_frozen_stage_has_no_gradient_and_lets_it_through():
    network = Small()
    network.freeze(["stem"])
    images = torch.rand(4, 2, 5, 5, requires_grad=True)
    network(images).square().mul(torch.rand(4, 3, 5, 5)).sum().backward()
    assert images.grad.abs().sum() > 0
    assert all(p.grad is None for p in (*network.conv1.parameters(), *network.bn1.parameters()))
    assert network.conv2.weight.grad.abs().sum() > 0


def test_a_frozen_stage_keeps_its_statistics_in_training_mode():
    network = Small().train()
    network.freeze(["stem"])
    # A parent's `train()` reaches its children one by one.
    nn.Sequential(network).train()
    before = {name: values.clone() for name, values in network.state_dict().items()}
    network(torch.rand(4, 2, 5, 5) + 3)
    changed = {name for name, values in network.state_dict().items() if not torch.equal(values, before[name])}
    assert changed == {"bn2.running_mean", "bn2.running_var", "bn2.num_batches_tracked"}


def test_a_network_in_evaluation_mode_stays_there():
    network = Small().eval()
    network.freeze(["stem"])
    assert not any(module.training for module in network.modules())


def test_freezing_again_thaws_the_rest():
    network = Small()
    everything = trained(network)
    network.freeze(["stem"])
    network.freeze(["last"])
    assert trained(network) == {"conv1.weight", "conv1.bias", "bn1.weight", "bn1.bias"}
    assert network.bn1.training
    assert not network.bn2.training
    network.freeze(())
    assert trained(network) == everything
    assert network.bn2.training


def test_an_unknown_stage_is_named_beside_those_there_are():
    with pytest.raises(
        RecipeError, match=r"cannot freeze 'stm': Small has no such stage; did you mean 'stem'\? There are: stem"
    ):
        Small().freeze(["stm"])
