"""Foreign: ONNX files of others, cut down to embedders."""

from collections.abc import Sequence

import numpy as np
import onnxruntime
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from terrakin.errors import TrainingError
from terrakin.training.foreign import embedder

RNG = np.random.default_rng(0)
KERNELS = RNG.normal(size=(6, 3, 3, 3)).astype(np.float32)
IMAGES = RNG.normal(size=(2, 3, 8, 8)).astype(np.float32)
node = helper.make_node

TRUNK = (node("Conv", ["image", "kernels"], ["maps"]), node("GlobalAveragePool", ["maps"], ["pooled"]))
FLAT = (*TRUNK, node("Flatten", ["pooled"], ["flat"]))


def file(
    nodes: Sequence[NodeProto],
    outputs: Sequence[str],
    *,
    shape: Sequence[str | int] = ("N", 3, 8, 8),
    kind: int = TensorProto.FLOAT,
    **constants: np.ndarray,
) -> ModelProto:
    values = {"kernels": KERNELS, "dense": np.ones((6, 4), np.float32), "bias": np.ones(4, np.float32)} | constants
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("image", kind, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
        [numpy_helper.from_array(array, name) for name, array in values.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def embeddings(model: ModelProto) -> np.ndarray:
    return onnxruntime.InferenceSession(model.SerializeToString()).run(["embedding"], {"pixels": IMAGES})[0]


@pytest.fixture
def wanted() -> np.ndarray:
    """(2, 6): the mean of the feature map, by a plain loop."""
    maps = np.zeros((2, 6, 6, 6))
    for row in range(6):
        for col in range(6):
            maps[:, :, row, col] = np.einsum("nchw,ochw->no", IMAGES[:, :, row : row + 3, col : col + 3], KERNELS)
    return maps.mean(axis=(2, 3))


GEMM = (*FLAT, node("Gemm", ["flat", "dense", "bias"], ["logits"]))
MATMUL = (
    *FLAT,
    node("Dropout", ["flat"], ["dropped"]),
    node("MatMul", ["dropped", "dense"], ["product"]),
    node("Add", ["product", "bias"], ["logits"]),
    node("Softmax", ["logits"], ["shares"]),
)


@pytest.mark.parametrize(
    ("nodes", "output", "chosen", "taken"),
    [
        (GEMM, "logits", None, "flat"),
        (MATMUL, "shares", None, "flat"),
        (FLAT, "flat", None, "flat"),
        (TRUNK, "maps", None, "maps"),
        (GEMM, "logits", "maps", "maps"),
        (GEMM, "logits", "pooled", "pooled"),
        ((*TRUNK, node("Flatten", ["pooled"], ["embedding"])), "embedding", None, "embedding"),
    ],
)
def test_the_embedding_is_what_the_classifier_reads(wanted, nodes, output, chosen, taken) -> None:
    found = embedder(file(nodes, [output]).SerializeToString(), output=chosen)
    np.testing.assert_allclose(embeddings(found.model), wanted, atol=1e-5)
    assert (found.taken, found.pooled, found.bands, found.input_size) == (taken, taken in ("maps", "pooled"), 3, 8)
    assert "dense" not in {tensor.name for tensor in found.model.graph.initializer}
    assert [one.name for one in found.model.graph.output] == ["embedding"]


def test_a_chosen_output_may_be_the_logits() -> None:
    found = embedder(file(GEMM, ["logits"]).SerializeToString(), output="logits")
    assert embeddings(found.model).shape == (2, 4)


def test_an_embedding_among_several_outputs_is_taken(wanted) -> None:
    nodes = (*GEMM, node("Identity", ["flat"], ["embedding"]))
    found = embedder(file(nodes, ["logits", "embedding"]).SerializeToString())
    np.testing.assert_allclose(embeddings(found.model), wanted, atol=1e-5)


@pytest.mark.parametrize("first", [1, "batch"])
def test_a_batch_of_one_is_opened(wanted, first) -> None:
    nodes = (*TRUNK, node("Reshape", ["pooled", "rows"], ["flat"]))
    model = file(nodes, ["flat"], shape=(first, 3, 8, 8), rows=np.array([1, 6]))
    np.testing.assert_allclose(embeddings(embedder(model.SerializeToString()).model), wanted, atol=1e-5)


def test_sizes_that_are_free_stay_so() -> None:
    found = embedder(file(GEMM, ["logits"], shape=("N", 3, "H", "W")).SerializeToString(), input_size=64)
    assert found.input_size == 64
    assert [side.dim_param for side in found.model.graph.input[0].type.tensor_type.shape.dim] == ["N", "", "H", "W"]
    assert embedder(file(GEMM, ["logits"], shape=("N", 3, "H", "W")).SerializeToString()).input_size == 224


def test_branches_keep_what_they_use(wanted) -> None:
    def branch(name: str) -> object:
        return helper.make_graph([node("Identity", [name], ["b"])], "b", [], [helper.make_empty_tensor_value_info("b")])

    nodes = (*FLAT, node("If", ["yes"], ["chosen"], then_branch=branch("flat"), else_branch=branch("flat")))
    found = embedder(file(nodes, ["chosen"], yes=np.array(True)).SerializeToString(), output="chosen")
    np.testing.assert_allclose(embeddings(found.model), wanted, atol=1e-5)


REFUSED = {
    "reads .*wanted one float32 input": file(GEMM, ["logits"], kind=TensorProto.UINT8),
    r"reads image \(\?, 3, 8\); wanted": file(GEMM, ["logits"], shape=("N", 3, 8)),
    r"reads \(\?, 8, 8, 3\); wanted square images": file(GEMM, ["logits"], shape=("N", 8, 8, 3)),
    r"reads \(\?, 3, 8, 9\); wanted square images": file(GEMM, ["logits"], shape=("N", 3, 8, 9)),
    "is .* and an embedding is made of": file((*FLAT, node("Reshape", ["flat", "r"], ["x"])), ["x"], r=np.array([-1, 2, 3])),
    "there is no graph in it": ModelProto(),
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_is_no_embedder_is_refused(words) -> None:
    with pytest.raises(TrainingError, match=words):
        embedder(REFUSED[words].SerializeToString())


def test_other_refusals() -> None:
    with pytest.raises(TrainingError, match="this is not an ONNX file"):
        embedder(b"not one")
    model = file(GEMM, ["logits"])
    with pytest.raises(TrainingError, match=r"has no tensor 'flatt'; did you mean 'flat'\? Its outputs are logits"):
        embedder(model.SerializeToString(), output="flatt")
    with pytest.raises(TrainingError, match="reads images of 8 px alone, so it cannot read them at 16"):
        embedder(model.SerializeToString(), input_size=16)
    model.graph.initializer[0].data_location = TensorProto.EXTERNAL
    model.graph.initializer[0].external_data.add(key="location", value="/etc/passwd")
    with pytest.raises(TrainingError, match=r"keeps weights in other files \(kernels\); export it as a single file"):
        embedder(model.SerializeToString())
