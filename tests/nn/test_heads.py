"""Heads against what their formulas say, and what they refuse."""

import math

import pytest
import torch
import torch.nn.functional as F

from terrakin.errors import RecipeError
from terrakin.nn.heads.bilinear import CompactBilinear
from terrakin.nn.heads.classifier import Classifier
from terrakin.nn.heads.hash import Hash
from terrakin.nn.heads.mlpconv import MlpConv
from terrakin.nn.heads.pooled import Gap, Gem
from terrakin.nn.heads.pooling import GeneralisedMean
from terrakin.nn.heads.projection import Projection


@pytest.fixture
def maps():
    return torch.rand(3, 8, 2, 2, generator=torch.Generator().manual_seed(0))


def power_mean(values, power):
    return (sum(max(value, 1e-6) ** power for value in values) / len(values)) ** (1 / power)


@pytest.mark.parametrize("power", [1.0, 3.0, 6.5])
def test_the_generalised_mean_is_the_power_mean(maps, power):
    pool = GeneralisedMean()
    with torch.no_grad():
        pool.power.fill_(power)
        found = pool(maps - 0.1)
    slow = [[power_mean(channel, power) for channel in image] for image in (maps - 0.1).flatten(2).tolist()]
    torch.testing.assert_close(found, torch.tensor(slow))


def test_its_power_starts_at_three_and_is_learned(maps):
    head = Gem(8, 5)
    head(maps).embedding.sum().backward()
    assert head.pool.power.item() == 3
    assert head.pool.power.grad.abs() > 0


def test_half_precision_maps_are_pooled_in_the_powers_own(maps):
    assert GeneralisedMean()(maps.bfloat16()).dtype == torch.float32


def test_gap_is_the_mean(maps):
    torch.testing.assert_close(Gap(8, 5)(maps).embedding, maps.flatten(2).sum(2) / 4)


def test_a_projection_is_linear_then_each_part_of_unit_length(maps):
    head = Projection(8, 5, parts=(4, 2))
    rows = head(maps).embedding.tolist()
    weight, bias = head.linear.weight.tolist(), head.linear.bias.tolist()
    pooled = maps.flatten(2).mean(2).tolist()
    for row, means in zip(rows, pooled, strict=True):
        raw = [sum(w * m for w, m in zip(weights, means, strict=True)) + b for weights, b in zip(weight, bias, strict=True)]
        for part in (slice(0, 4), slice(4, 6)):
            length = math.hypot(*raw[part])
            assert row[part] == pytest.approx([value / length for value in raw[part]], abs=1e-6)


def test_a_projection_can_leave_lengths_and_the_bias_out(maps):
    head = Projection(8, 5, parts=[4, 2], bias=False, normalise=False)
    assert (head.parts, head.size, head.linear.bias) == ((4, 2), 6, None)
    torch.testing.assert_close(head(2 * maps).embedding, 2 * head(maps).embedding)


def test_a_projection_pools_as_it_is_told(maps):
    head = Projection(8, 5, pool="gem", normalise=False)
    torch.testing.assert_close(head(maps).embedding, head.linear(GeneralisedMean()(maps)))


@pytest.mark.parametrize("feature", ["hidden", "logits", "pooled"])
def test_a_classifiers_embedding_is_the_layer_that_is_named(maps, feature):
    head = Classifier(8, 5, hidden=16, feature=feature)
    output = head(maps)
    pooled = maps.mean((2, 3))
    hidden = head.fc1(pooled).clamp(min=0)
    torch.testing.assert_close(output.logits, head.fc2(hidden))
    torch.testing.assert_close(output.embedding, {"hidden": hidden, "logits": output.logits, "pooled": pooled}[feature])
    assert head.size == {"hidden": 16, "logits": 5, "pooled": 8}[feature]


def test_without_a_hidden_layer_logits_come_from_the_mean(maps):
    head = Classifier(8, 5, hidden=0, feature="logits")
    torch.testing.assert_close(head(maps).embedding, head.fc2(maps.mean((2, 3))))


def test_the_hidden_layer_can_read_the_whole_map(maps):
    head = Classifier(8, 5, hidden=16, fc1_input="flatten", grid=2)
    torch.testing.assert_close(head(maps).embedding, head.fc1(maps.flatten(1)).clamp(min=0))


@pytest.mark.parametrize("hidden", [0, 16])
def test_dropout_zeroes_what_the_logits_are_made_of_while_training(maps, hidden):
    feature = "hidden" if hidden else "pooled"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        head, seen = Classifier(8, 5, hidden=hidden, feature=feature, dropout=0.25), []
        head.fc2.register_forward_hook(lambda module, given, logits: seen.append(given[0]))
        whole = torch.stack([head.train()(maps).embedding for _ in range(100)])[0]
        resting = head.eval()(maps)
    torch.testing.assert_close(whole, resting.embedding)
    torch.testing.assert_close(resting.logits, head.fc2(resting.embedding))
    kept = torch.stack(seen[:100])[:, whole > 0]
    assert (kept == 0).float().mean().item() == pytest.approx(0.25, abs=0.05)
    torch.testing.assert_close(kept.amax(0), whole[whole > 0] / 0.75)
    assert list(head.state_dict()) == list(Classifier(8, 5, hidden=hidden, feature=feature).state_dict())


def test_the_papers_head_is_as_large_as_specified():
    def count(**options):
        return sum(parameter.numel() for parameter in Classifier(512, 38, **options).fc1.parameters())

    assert count() == 512 * 4096 + 4096
    with torch.device("meta"):
        assert count(fc1_input="flatten", grid=7) == 25_088 * 4096 + 4096


def test_a_map_of_another_size_is_refused():
    head = Classifier(8, 5, hidden=16, fc1_input="flatten", grid=2)
    with pytest.raises(RecipeError, match="made for feature maps of 2 x 2, got 3 x 4; give it images of up to 64 px"):
        head(torch.rand(1, 8, 3, 4))


@pytest.mark.parametrize("pool", ["average", "max"])
def test_ldcnn_is_three_convolutions_and_a_pooling(maps, pool):
    head = MlpConv(8, 5, hidden=6, pool=pool)
    first, _, second, _, third = head.layers
    hidden = F.conv2d(maps, first.weight, first.bias, padding=1).clamp(min=0)
    hidden = torch.einsum("nchw,dc->ndhw", hidden, second.weight[:, :, 0, 0]) + second.bias[:, None, None]
    scores = torch.einsum("nchw,dc->ndhw", hidden.clamp(min=0), third.weight[:, :, 0, 0]) + third.bias[:, None, None]
    output = head(maps)
    wanted = scores.flatten(2).mean(2) if pool == "average" else scores.flatten(2).max(2).values
    torch.testing.assert_close(output.embedding, wanted)
    assert output.logits is output.embedding


def test_a_code_is_the_tanh_of_a_linear_layer(maps):
    head = Hash(8, 5, bits=16)
    wanted = torch.tanh(maps.mean((2, 3)) @ head.linear.weight.T + head.linear.bias)
    torch.testing.assert_close(head(maps).embedding, wanted)
    assert head(maps).logits is None


def test_gates_weigh_channels_then_places(maps):
    channels, places = CompactBilinear(8, 5, width=16, hidden=4).gates
    scores = channels.layers(maps.mean((2, 3))) + channels.layers(maps.amax((2, 3)))
    weighed = maps / (1 + torch.exp(-scores))[:, :, None, None]
    torch.testing.assert_close(channels(maps), weighed)
    seen = torch.stack([weighed.mean(1), weighed.amax(1)], dim=1)
    scores = F.conv2d(seen, places.convolution.weight, places.convolution.bias, padding=3)
    torch.testing.assert_close(places(weighed), weighed / (1 + torch.exp(-scores)))


def test_a_bilinear_embedding_is_the_root_of_the_sketch_at_unit_length(maps):
    head = CompactBilinear(8, 5, width=16, hidden=0, feature="pooled")
    sketch = head.sketch(head.gates(maps))
    rooted = sketch.sign() * sketch.abs().sqrt()
    torch.testing.assert_close(head(maps).embedding, rooted / rooted.norm(dim=1, keepdim=True), rtol=0, atol=1e-5)
    torch.testing.assert_close(head(maps).logits, head.layers.fc2(head(maps).embedding))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Projection(8, 5, parts=()), r"one part or more, each 1 or more wide, got \[\]"),
        (lambda: Projection(8, 5, parts=(4, 0)), r"got \[4, 0\]"),
        (lambda: Projection(8, 5, pool="gam"), r"no pooling named 'gam'; did you mean 'gem'\? There are: gap, gem"),
        (lambda: Classifier(8, 5, hidden=-1), "hidden is 0 or more units, got -1"),
        (lambda: Classifier(8, 5, feature="logit"), "hidden, logits or pooled, got 'logit'"),
        (lambda: Classifier(8, 5, fc1_input="gem"), "gap or flatten, got 'gem'"),
        (lambda: Classifier(8, 5, hidden=0), "no hidden layer to be the embedding"),
        (lambda: Classifier(8, 5, fc1_input="flatten"), "needs hidden above 0 and the grid .* got 4096 and 0"),
        (lambda: Classifier(8, 5, hidden=0, feature="logits", fc1_input="flatten", grid=2), "got 0 and 2"),
        (lambda: MlpConv(8, 5, hidden=0), "hidden is 1 or more maps, got 0"),
        (lambda: MlpConv(8, 5, pool="mean"), "pool is average or max, got 'mean'"),
        (lambda: Hash(8, 5, bits=12), "bits are a multiple of 8, got 12"),
        (lambda: Hash(8, 5, bits=0), "got 0"),
        (lambda: CompactBilinear(8, 5, width=0), "the width of a sketch is 1 or more, got 0"),
        (lambda: CompactBilinear(8, 5, hidden=0), "no hidden layer to be the embedding"),
        (lambda: Classifier(8, 5, grid=7), "grid is for fc1_input flatten alone, got 7"),
        (lambda: Classifier(8, 5, dropout=1.0), r"dropout is a share from 0 to below 1, got 1\.0"),
    ],
)
def test_an_option_that_does_not_fit_is_refused(make, words):
    with pytest.raises(RecipeError, match=words):
        make()
