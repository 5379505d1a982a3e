"""Storage: weights as 8-bit integers, and back."""

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from terrakin.training.storage import packed, unpacked

RNG = np.random.default_rng(0)
KERNELS = RNG.normal(size=(8, 3, 3, 3)).astype(np.float32) * np.logspace(-3, 1, 8, dtype=np.float32)[:, None, None, None]
DENSE = RNG.normal(size=(8, 5)).astype(np.float32)


@pytest.fixture
def model() -> ModelProto:
    nodes = [
        helper.make_node("Conv", ["pixels", "kernels", "bias"], ["maps"]),
        helper.make_node("ReduceMean", ["maps"], ["pooled"], axes=[2, 3], keepdims=0),
        helper.make_node("Gemm", ["pooled", "dense"], ["one"], transB=0),
        helper.make_node("Gemm", ["one", "square"], ["two"], transB=1),
        helper.make_node("MatMul", ["two", "square"], ["embedding"]),
    ]
    weights = {"kernels": KERNELS, "bias": np.ones(8, np.float32), "dense": DENSE, "square": np.eye(5, dtype=np.float32)}
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["N", 3, "H", "W"])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", 5])],
        [numpy_helper.from_array(values, name) for name, values in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def arrays(model: ModelProto) -> dict[str, np.ndarray]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def test_each_output_has_its_own_scale(model) -> None:
    found = arrays(unpacked(packed(model)))
    for name, weights, axes in (("kernels", KERNELS, (1, 2, 3)), ("dense", DENSE, (0,))):
        step = np.abs(weights).max(axis=axes, keepdims=True) / 127
        assert (np.abs(found[name] - weights) <= step / 2 * 1.001).all()
        assert not np.array_equal(found[name], weights)
    np.testing.assert_array_equal(found["bias"], np.ones(8))


def test_integers_lie_in_the_file_and_the_original_stays(model) -> None:
    before = model.SerializeToString()
    result = packed(model)
    assert model.SerializeToString() == before
    assert arrays(result)["kernels.integers"].dtype == np.int8
    assert arrays(result)["kernels.scale"].shape == (8, 1, 1, 1)
    assert len(result.SerializeToString()) < len(before)


def test_what_is_packed_twice_stays_the_same(model) -> None:
    once = unpacked(packed(model))
    for name, values in arrays(unpacked(packed(once))).items():
        np.testing.assert_allclose(values, arrays(once)[name], rtol=1e-6)


def test_a_weight_of_zeros_is_no_division_by_zero(model) -> None:
    zeros = numpy_helper.from_array(np.zeros_like(DENSE), "dense")
    next(one for one in model.graph.initializer if one.name == "dense").CopyFrom(zeros)
    np.testing.assert_array_equal(arrays(unpacked(packed(model)))["dense"], 0)
