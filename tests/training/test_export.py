"""Export: the bundle gives what torch gives, or there is no bundle."""

from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from terrakin.bundles.bundle import open_bundle
from terrakin.bundles.conversions import Conversions, Part
from terrakin.bundles.graph import Graph
from terrakin.bundles.reducer import fit
from terrakin.errors import TrainingError
from terrakin.nn.backbones.known import BACKBONES
from terrakin.nn.frontends.known import FRONTENDS
from terrakin.nn.heads.known import HEADS
from terrakin.nn.output import Output
from terrakin.training import export as exporting
from terrakin.training.draft import Draft
from terrakin.training.ended import Ended
from terrakin.training.export import export
from terrakin.training.network import Network

DRAFT = Draft("tiny-net", "1", ("red", "green", "blue"), 24, (0.4, 0.5, 0.6), (0.2, 0.25, 0.3), "generated", "Apache-2.0")


class Tiny(nn.Module):
    """Two convolutions with batch norm, generalised mean, unit length."""

    def __init__(self, *, classes: int | None = 5, seed: int = 0) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            self.first = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
            self.second = nn.Sequential(nn.Conv2d(16, 12, 3, bias=False), nn.BatchNorm2d(12), nn.ReLU6())
            self.classifier = None if classes is None else nn.Linear(12, classes)
            for norm in (self.first[1], self.second[1]):
                nn.init.normal_(norm.running_mean, std=0.3)
                nn.init.uniform_(norm.running_var, 0.5, 2)

    def maps(self, pixels: Tensor) -> Tensor:
        return self.second(self.first(pixels))

    def forward(self, pixels: Tensor) -> Output:
        embedding = functional.normalize(self.maps(pixels).clamp(min=1e-6).pow(3).mean((2, 3)).pow(1 / 3))
        return Output(embedding, None if self.classifier is None else self.classifier(embedding))


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(1).random((3, 3, 24, 24), dtype=np.float32)


def by_torch(module: nn.Module, images: np.ndarray) -> np.ndarray:
    mean, std = (np.array(one, np.float32)[:, None, None] for one in (DRAFT.mean, DRAFT.std))
    with torch.no_grad():
        return module.eval()(torch.from_numpy((images - mean) / std)).embedding.numpy()


def sides(model: bytes) -> list[str | int]:
    shape = onnx.load_from_string(model).graph.input[0].type.tensor_type.shape.dim
    return [side.dim_param or side.dim_value for side in shape]


@pytest.mark.parametrize("classes", [None, 5])
def test_a_bundle_gives_what_torch_gives(images, tmp_path, classes) -> None:
    module = Tiny(classes=classes)
    export(module, DRAFT, card="# tiny\n").save(tmp_path / "b")
    bundle = open_bundle(tmp_path / "b")
    np.testing.assert_allclose(bundle.raw(images), by_torch(module, images), atol=1e-5)
    assert bundle.passport.outputs == (("embedding",) if classes is None else ("embedding", "logits"))
    assert (bundle.passport.name, bundle.passport.space.size, bundle.card) == ("tiny-net", 12, "# tiny\n")


def test_any_size_where_the_module_allows_it() -> None:
    module = Tiny()
    bundle = export(module, DRAFT, card="x")
    assert sides(bundle.model) == ["N", 3, "H", "W"]
    larger = np.random.default_rng(2).random((2, 3, 31, 40), dtype=np.float32)
    np.testing.assert_allclose(bundle.raw(larger), by_torch(module, larger), atol=1e-5)


def test_batch_norm_is_folded_and_nothing_tells_of_the_machine() -> None:
    model = onnx.load_from_string(export(Tiny(), DRAFT, card="x").model)
    assert "BatchNormalization" not in {node.op_type for node in model.graph.node}
    assert b"/" not in b"".join(node.doc_string.encode() for node in model.graph.node)
    assert not any(node.metadata_props for node in model.graph.node)
    assert not any(tensor.external_data for tensor in model.graph.initializer)


@pytest.mark.parametrize("weights", ["float32", "int8"])
def test_the_same_weights_give_the_same_bytes(weights) -> None:
    one, again, other = (export(Tiny(seed=seed), DRAFT, card="x", weights=weights).model for seed in (0, 0, 1))
    assert one == again != other
    assert export(Tiny().to(memory_format=torch.channels_last), DRAFT, card="x", weights=weights).model == one


def test_the_module_goes_on_as_it_was() -> None:
    module = Tiny().train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    export(module, DRAFT, card="x")
    assert module.training
    assert next(module.parameters()).requires_grad
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_rounded_weights_take_less_and_change_little(images) -> None:
    module = Tiny()
    whole, rounded = (export(module, DRAFT, card="x", weights=how) for how in ("float32", "int8"))
    assert len(rounded.model) < len(whole.model)
    cosines = (whole.embed(images) * rounded.embed(images)).sum(axis=1)
    assert 0.99 < cosines.min() < 1 - 1e-7


def test_weights_that_do_not_bear_rounding_are_refused() -> None:
    module = Tiny()
    # Weights that meet nothing but zeros take all the steps, and leave none for the others.
    with torch.no_grad():
        module.first[1].weight[0] = module.first[1].bias[0] = 0
        module.second[0].weight[:, 0] = 2000
    with pytest.raises(TrainingError, match=r"rounding the weights of tiny-net to 8 bits turns .* store them as float32"):
        export(module, DRAFT, card="x", weights="int8")


def test_a_reducer_goes_into_the_bundle(images) -> None:
    module = Tiny()
    reducer = fit([by_torch(module, images)], size=2, fitted_on="three images")
    bundle = export(module, DRAFT, card="x", reducer=reducer)
    assert bundle.embed(images).shape == (3, 2)
    assert bundle.passport.reducer == reducer.provenance


class Same(Tiny):
    """Pads as TensorFlow does: by the parity of the sides."""

    def maps(self, pixels: Tensor) -> Tensor:
        height, width = pixels.shape[-2:]
        padded = functional.pad(pixels, (width % 2, 1, height % 2, 1))
        maps = functional.conv2d(padded, self.first[0].weight, stride=2)
        return self.second(self.first[2](self.first[1](maps)))


def test_padding_by_the_parity_of_the_sides_becomes_one_operator() -> None:
    module = Same()
    bundle = export(module, DRAFT, card="x")
    operators = {node.op_type for node in onnx.load_from_string(bundle.model).graph.node}
    assert operators.isdisjoint({"Pad", "Mod"})
    for size in ((24, 24), (25, 24), (27, 27)):
        images = np.random.default_rng(3).random((1, 3, *size), dtype=np.float32)
        np.testing.assert_allclose(bundle.raw(images), by_torch(module, images), atol=1e-5)


class Sized(Tiny):
    """Decides by the size of the image, which a graph cannot."""

    def maps(self, pixels: Tensor) -> Tensor:
        return super().maps(pixels) * (2 if pixels.shape[-1] == 24 else 1) + int(pixels.shape[-2] == 24)


def test_a_module_that_decides_by_size_is_exported_for_one(images) -> None:
    module = Sized(classes=None)
    bundle = export(module, DRAFT, card="x")
    assert sides(bundle.model) == ["N", 3, 24, 24]
    np.testing.assert_allclose(bundle.raw(images), by_torch(module, images), atol=1e-5)


@pytest.fixture
def corrected(tiny_backbone) -> Network:
    """A network with a front-end that is no identity, and other for each image."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        frontend = FRONTENDS["jsst"](3, size=24)
        nn.init.normal_(frontend.generators[0].regression.weight, std=0.5)
        backbone = BACKBONES["tiny"]()
        return Network(backbone, HEADS["fc"](backbone.channels, 5, hidden=6), frontend).eval()


@pytest.mark.parametrize("pooled", [False, True])
@pytest.mark.parametrize(("weights", "tolerance"), [("float32", 1e-4), ("int8", 0.05)])
def test_what_a_front_end_does_is_an_output(corrected, pooled, weights, tolerance) -> None:
    module = Ended(corrected, pooled=True).eval() if pooled else corrected
    said = Conversions("jsst", (Part("affine", 6), Part("linear", 4)), ("affine", "linear"))
    draft = replace(DRAFT, mean=corrected.mean, std=corrected.std, frontend=said)
    bundle = export(module, draft, card="x", weights=weights)
    assert bundle.passport.outputs == ("embedding", "logits", "theta", "after_affine", "after_linear")
    assert bundle.passport.frontend == said
    assert sides(bundle.model) == ["N", 3, 24, 24], "a front-end is for one size"
    graph = Graph(bundle.model, bundle.passport)
    images = np.random.default_rng(1).random((5, 3, 24, 24), dtype=np.float32)
    for count in (1, 5):
        with torch.no_grad():
            wanted = module(torch.from_numpy(images[:count]))
        for name in ("embedding", "logits", "theta"):
            np.testing.assert_allclose(graph.run(name, images[:count]), getattr(wanted, name).numpy(), atol=tolerance)
        steps = bundle.steps(images[:count])
        assert list(steps) == ["affine", "linear"]
        for name, found in steps.items() if weights == "float32" else ():
            np.testing.assert_allclose(found, wanted.steps[name].numpy(), atol=1e-4)
    assert np.ptp(bundle.theta(images), axis=0).min() > 0.001


def test_a_description_is_left_out_where_the_graph_does_not_bear_it_out() -> None:
    said = Conversions("spatial", (Part("affine", 6),), ("affine",))
    bundle = export(Tiny(), replace(DRAFT, frontend=said), card="x")
    assert bundle.passport.frontend is None
    assert bundle.steps(np.zeros((1, 3, 24, 24), np.float32)) == {}


class Drifting(Tiny):
    """Gives other values each time."""

    calls = 0

    def forward(self, pixels: Tensor) -> Output:
        Drifting.calls += 1
        return Output(super().forward(pixels).embedding + 0.01 * Drifting.calls, None)


def test_a_graph_that_differs_from_torch_is_refused() -> None:
    with pytest.raises(TrainingError, match=r"the ONNX graph of Drifting differs from torch by .* allowed are 0\.0001"):
        export(Drifting(), DRAFT, card="x")


def test_a_graph_that_was_spoilt_is_refused(monkeypatch) -> None:
    honest = exporting.trace

    def spoilt(module: nn.Module, **how: object) -> onnx.ModelProto:
        return honest(Tiny(seed=9), **how)

    monkeypatch.setattr(exporting, "trace", spoilt)
    with pytest.raises(TrainingError, match="the ONNX graph of Tiny differs from torch"):
        export(Tiny(), DRAFT, card="x")


class Broken(Tiny):
    def forward(self, pixels: Tensor) -> Output:
        return Output(self.maps(pixels).mean((2, 3)) * float("nan"), None)


def test_nan_is_no_agreement() -> None:
    with pytest.raises(TrainingError, match="differs from torch by nan"):
        export(Broken(), DRAFT, card="x")


def test_a_module_without_an_embedding_is_refused() -> None:
    with pytest.raises(TrainingError, match=r"Conv2d must give an Output with an embedding \(2, D\) .* got a Tensor"):
        export(nn.Conv2d(3, 4, 3), DRAFT, card="x")

    class Flat(Tiny):
        def forward(self, pixels: Tensor) -> Output:
            return Output(self.maps(pixels), None)

    with pytest.raises(TrainingError, match=r"got \(2, 12, 10, 10\)"):
        export(Flat(), DRAFT, card="x")


class Spectral(Tiny):
    def forward(self, pixels: Tensor) -> Output:
        return Output(torch.special.i0(self.maps(pixels).mean((2, 3))), None)


def test_what_onnx_does_not_have_is_named() -> None:
    with pytest.raises(TrainingError, match=r"Spectral cannot be written as ONNX: .*i0"):
        export(Spectral(), DRAFT, card="x")
