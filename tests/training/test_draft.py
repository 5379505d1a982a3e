"""Drafts: what a passport would refuse is refused before training."""

from dataclasses import replace

import onnx
import pytest
from onnx import TensorProto, helper

from terrakin.errors import TrainingError
from terrakin.training.draft import Draft, finished

DRAFT = Draft("tiny-net", "1", ("red",), 8, (0.5,), (0.5,), "generated", "Apache-2.0")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "Tiny Net"}, "a name is lower case letters"),
        ({"licence": " "}, "licence is one line of text"),
        ({"mean": (0.5, 0.5)}, "mean holds one finite number a band"),
        ({"std": (0.0,)}, "std is above 0"),
        ({"input_size": 0}, "input_size is 1 to 8192"),
    ],
)
def test_a_wrong_field_is_named(change, words) -> None:
    with pytest.raises(TrainingError, match=f"no bundle can be made: {words}"):
        replace(DRAFT, **change)


def graph(*outputs: tuple[str, list[str | int]]) -> onnx.ModelProto:
    nodes = [helper.make_node("ReduceMean", ["pixels"], ["embedding"], axes=[2, 3], keepdims=0)]
    nodes.append(helper.make_node("Identity", ["embedding"], ["logits"]))
    described = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs]
    pixels = helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["N", 1, "H", "W"])
    body = helper.make_graph(nodes, "g", [pixels], described)
    return helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_a_graph_and_a_draft_make_a_bundle() -> None:
    bundle = finished(graph(("embedding", ["N", 1])), DRAFT, card="card")
    assert (bundle.passport.bands, bundle.passport.space.size, len(bundle.passport.self_test)) == (("red",), 1, 1)
    bundle.self_check()


@pytest.mark.parametrize("outputs", [[("logits", ["N", 1])], [("embedding", ["N", "D"])], [("embedding", ["N", 1, 1, 1])]])
def test_a_graph_without_a_sized_embedding_is_refused(outputs) -> None:
    with pytest.raises(TrainingError, match=r"the graph of tiny-net needs an output embedding \(N, D\) with a fixed D"):
        finished(graph(*outputs), DRAFT, card="card")
