"""Bundles of a few hundred bytes whose embeddings a reader can compute by hand."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper

from terrakin.bundles.bundle import Bundle
from terrakin.bundles.graph import self_test_values
from terrakin.bundles.passport import Passport
from terrakin.spaces.space import Space

WEIGHTS = np.random.default_rng(3).normal(size=(12, 3)).astype(np.float32)
PASSPORT = Passport(
    name="tiny-net",
    version="1.0",
    bands=("red", "green", "blue"),
    input_size=16,
    mean=(0.5, 0.4, 0.3),
    std=(0.2, 0.25, 0.5),
    outputs=("embedding", "features"),
    space=Space("cosine", 12),
    reducer=None,
    training_data="generated",
    licence="Apache-2.0",
    digest="0" * 64,
    self_test=(0.0,) * 8,
)


@pytest.fixture(scope="session")
def weights() -> np.ndarray:
    """(12, 3): the tiny network's embedding is these times the mean of each normalised band."""
    return WEIGHTS


@pytest.fixture(scope="session")
def passport() -> Passport:
    """A passport that fits no model file in particular."""
    return PASSPORT


@pytest.fixture(scope="session")
def tiny_graph() -> Callable[..., ModelProto]:
    """The tiny network, or one with another interface."""

    def make(
        *,
        input_name="pixels",
        input_type=TensorProto.FLOAT,
        input_shape=("N", 3, "H", "W"),
        outputs=(("embedding", ("N", 12)), ("features", ("N", 12, "h", "w"))),
    ) -> ModelProto:
        nodes = [
            helper.make_node("Cast", [input_name], ["floats"], to=TensorProto.FLOAT),
            helper.make_node("Conv", ["floats", "weights"], ["features"]),
            helper.make_node("GlobalAveragePool", ["features"], ["pooled"]),
            helper.make_node("Flatten", ["pooled"], ["embedding"]),
            helper.make_node("Identity", ["embedding"], ["logits"]),
        ]
        graph = helper.make_graph(
            nodes,
            "tiny",
            [helper.make_tensor_value_info(input_name, input_type, input_shape)],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs],
            [numpy_helper.from_array(WEIGHTS[:, :, None, None], "weights")],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
        model.ir_version = 8
        return model

    return make


@pytest.fixture(scope="session")
def tiny(tiny_graph) -> Callable[..., Bundle]:
    """A whole bundle around the tiny network; arguments replace fields of its passport."""

    def make(card="# tiny-net\n\nApache-2.0\n", **fields: Any) -> Bundle:
        model = tiny_graph().SerializeToString()
        passport = replace(PASSPORT, digest=hashlib.sha256(model).hexdigest())
        passport = replace(passport, self_test=self_test_values(model, passport))
        return Bundle(replace(passport, **fields), model=model, card=card)

    return make


@pytest.fixture(scope="session")
def images() -> np.ndarray:
    """(7, 3, 16, 16) float32 in [0, 1]."""
    return np.random.default_rng(5).random((7, 3, 16, 16), dtype=np.float32)
