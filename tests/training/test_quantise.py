"""Quantise: the same embeddings, nearly, from 8-bit integers."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

from terrakin.bundles.bundle import Bundle, open_bundle
from terrakin.bundles.conversions import Conversions, Part
from terrakin.bundles.reducer import fit
from terrakin.errors import TrainingError
from terrakin.nn.backbones.known import BACKBONES
from terrakin.nn.frontends.known import FRONTENDS
from terrakin.nn.heads.known import HEADS
from terrakin.nn.output import Output
from terrakin.training.draft import Draft
from terrakin.training.export import export
from terrakin.training.network import Network
from terrakin.training.quantise import quantise

DRAFT = Draft("tiny-net", "1", ("red", "green", "blue"), 16, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25), "generated", "Apache-2.0")


class Tiny(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.convolutions = nn.Sequential(
                nn.Conv2d(3, 32, 3, 2, 1), nn.BatchNorm2d(32), nn.ReLU6(), nn.Conv2d(32, 32, 3, padding=1), nn.ReLU()
            )

    def forward(self, pixels: Tensor) -> Output:
        return Output(self.convolutions(pixels).mean((2, 3)), None)


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).random((20, 3, 16, 16), dtype=np.float32)


@pytest.fixture(scope="module", params=["float32", "int8"])
def exact(request) -> Bundle:
    return export(Tiny(), DRAFT, card="exact", weights=request.param)


def initial_types(bundle: Bundle) -> set[int]:
    return {tensor.data_type for tensor in onnx.load_from_string(bundle.model).graph.initializer}


@pytest.mark.parametrize("span", ["extremes", "entropy"])
def test_embeddings_stay_near(exact, images, tmp_path, capsys, span) -> None:
    quantise(exact, images, card="eight", span=span).save(tmp_path / "q")
    eight = open_bundle(tmp_path / "q")
    cosines = (eight.embed(images) * exact.embed(images)).sum(axis=1)
    assert 0.99 < cosines.min() < 1 - 1e-7
    assert eight.card == "eight"
    assert eight.passport.digest != exact.passport.digest
    assert eight.passport.training_data == exact.passport.training_data
    assert capsys.readouterr().out == ""


def test_convolutions_compute_in_eight_bits(exact, images) -> None:
    eight = quantise(exact, images, card="x")
    nodes = onnx.load_from_string(eight.model).graph.node
    made = {name: node.op_type for node in nodes for name in node.output}
    assert {made[name] for node in nodes if node.op_type == "Conv" for name in node.input} == {"DequantizeLinear"}
    assert {onnx.TensorProto.INT8, onnx.TensorProto.UINT8} < initial_types(eight)
    assert eight.embed(images[:1]).shape == (1, 32)


def test_the_range_is_of_what_was_seen(exact, images) -> None:
    extremes, entropy, dark = (
        quantise(exact, seen, card="x", span=span).raw(images)
        for seen, span in ((images, "extremes"), (images, "entropy"), (images * 0.5, "extremes"))
    )
    assert not np.array_equal(extremes, entropy)
    assert not np.array_equal(extremes, dark)


def test_the_same_images_give_the_same_bytes(exact, images) -> None:
    assert quantise(exact, images, card="x").model == quantise(exact, images, card="x").model


def test_a_reducer_stays(exact, images) -> None:
    reducer = fit([exact.raw(images)], size=4)
    eight = quantise(exact.with_reducer(reducer), images, card="x")
    assert eight.passport.reducer == reducer.provenance
    assert eight.embed(images).shape == (20, 4)


def test_nothing_is_quantised_twice(exact, images) -> None:
    with pytest.raises(TrainingError, match="the graph of tiny-net computes in 8 bits already"):
        quantise(quantise(exact, images, card="x"), images, card="x")


def test_a_graph_without_a_convolution_has_nothing_to_gain(images) -> None:
    class Means(nn.Module):
        def forward(self, pixels: Tensor) -> Output:
            return Output(pixels.mean((2, 3)), None)

    with pytest.raises(TrainingError, match="the graph of tiny-net has no convolution to compute in 8 bits"):
        quantise(export(Means(), DRAFT, card="x"), images, card="x")


def test_a_network_that_does_not_bear_it_is_refused(images) -> None:
    module = Tiny()
    with torch.no_grad():  # one activation is so large that 256 steps to it leave none for the others, and is then ignored
        module.convolutions[0].bias[0] = 3e4
        module.convolutions[1].running_mean[0] = 0
        module.convolutions[2] = nn.ReLU()
        module.convolutions[3].weight[:, 0] = 0
    bundle = export(module, DRAFT, card="x")
    with pytest.raises(TrainingError, match=r"8 bits turn the embeddings of tiny-net to a mean cosine of"):
        quantise(bundle, images, card="x")


@pytest.mark.parametrize("shape", [(0, 3, 16, 16), (4, 3, 16, 8), (4, 1, 16, 16), (3, 16, 16)])
def test_images_of_another_shape_are_refused(shape) -> None:
    with pytest.raises(ValueError, match=r"tiny-net is calibrated with float32 \(N, 3, 16, 16\), got float32"):
        quantise(export(Tiny(), DRAFT, card="x"), np.zeros(shape, np.float32), card="x")


@pytest.mark.parametrize(
    "options", [{}, {"pgn": "independent", "estimate": "intermediate", "spectral": "gamma", "order": "spec+spat"}], ids=len
)
@pytest.mark.parametrize("weights", ["float32", "int8"])
def test_a_front_end_stays_as_exact_as_it_was(tiny_backbone, weights, options) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        frontend = FRONTENDS["jsst"](3, size=24, **options)
        for generator in frontend.generators:
            nn.init.normal_(generator.regression.weight, std=0.3)
        backbone = BACKBONES["tiny"](width=16)
        network = Network(backbone, HEADS["gap"](backbone.channels, 0), frontend).eval()
    parts = tuple(Part(name, length) for name, length in frontend.parts.items())
    said = Conversions("jsst", parts, frontend.order)
    draft = replace(DRAFT, input_size=24, mean=network.mean, std=network.std, frontend=said)
    exact = export(network, draft, card="x", weights=weights)
    images = np.random.default_rng(0).random((16, 3, 24, 24), dtype=np.float32)
    eight = quantise(exact, images, card="x")
    assert eight.passport.frontend == said
    np.testing.assert_allclose(eight.theta(images), exact.theta(images), atol=1e-5)
    for one, other in zip(exact.steps(images).values(), eight.steps(images).values(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
    nodes = onnx.load_from_string(eight.model).graph.node
    made = {name: node.op_type for node in nodes for name in node.output}
    integer = [made.get(node.input[1]) == "DequantizeLinear" for node in nodes if node.op_type == "Conv"]
    generators = 2 * len(frontend.generators)
    assert sorted(integer) == [False] * generators + [True] * (len(integer) - generators)
    assert len(integer) > generators
    # Nothing between the pixels and the sampler was rounded.
    before, reached = {"pixels"}, []
    for node in nodes:
        if before.intersection(node.input):
            reached.append(node.op_type)
            if node.op_type != "QuantizeLinear":
                before.update(node.output)
    assert reached.index("GridSample") < reached.index("QuantizeLinear")
