"""Make a bundle whose embedding is the mean over eight orientations of the image: four quarter turns, each also mirrored.

    python tools/turned_model.py imagenet-mobilenetv2 imagenet-turned

Images taken from above have no upper side, so that the mean tells more of a place than one orientation does. It takes eight
times as long. Embeddings are brought to unit length before they are averaged.
"""

import argparse
import hashlib
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, helper, numpy_helper

from terrakin.bundles.bundle import Bundle, open_bundle
from terrakin.bundles.graph import self_test_values

_TURNED, _EACH = "turned/images", "turned/embeddings"
# What the network reads and gives: eight times as many images as came in.


def turned(bundle: Bundle, name: str) -> Bundle:
    """The bundle over eight orientations of square images. It has one output, the embedding, and no reducer."""
    model = turned_graph(onnx.load_from_string(bundle.model)).SerializeToString()
    digest = hashlib.sha256(model).hexdigest()
    passport = replace(bundle.passport, name=name, outputs=("embedding",), reducer=None, digest=digest)
    return Bundle(replace(passport, self_test=self_test_values(model, passport)), model=model, card=bundle.card)


def turned_graph(model: ModelProto) -> ModelProto:
    """The same weights, between what turns images and what averages embeddings."""
    graph = model.graph
    pixels, embedding = graph.input[0].name, graph.output[0]
    nodes = [_renamed(node, {pixels: _TURNED, embedding.name: _EACH}) for node in graph.node]
    del graph.node[:], graph.output[1:]
    graph.node.extend([*_before(pixels), *nodes, *_after(embedding.name)])
    size = embedding.type.tensor_type.shape.dim[1].dim_value
    whole = {"rows": [2], "columns": [3], "last": [-1], "first": [np.iinfo(np.int64).min], "shape": [8, -1, size]}
    graph.initializer.extend(numpy_helper.from_array(np.array(values), f"turned/{name}") for name, values in whole.items())
    onnx.checker.check_model(model)
    return model


def _before(pixels: str) -> list[NodeProto]:
    """Nodes from images (N, C, S, S) to all orientations of them (8 N, C, S, S), one orientation after the other."""
    nodes, kept = [], []
    for transposed, rows, columns in product((False, True), repeat=3):
        name = pixels
        for wanted, axis in ((rows, "rows"), (columns, "columns")):
            if wanted:
                reverse = [name, "turned/last", "turned/first", f"turned/{axis}", "turned/last"]
                nodes.append(helper.make_node("Slice", reverse, [f"{name}/{axis}-{len(nodes)}"]))
                name = nodes[-1].output[0]
        if transposed:
            nodes.append(helper.make_node("Transpose", [name], [f"{name}/transposed-{len(nodes)}"], perm=[0, 1, 3, 2]))
            name = nodes[-1].output[0]
        kept.append(name)
    return [*nodes, helper.make_node("Concat", kept, [_TURNED], axis=0)]


def _after(embedding: str) -> list[NodeProto]:
    """Nodes from embeddings (8 N, D) to the mean over orientations (N, D)."""
    return [
        helper.make_node("LpNormalization", [_EACH], ["turned/unit"], axis=1, p=2),
        helper.make_node("Reshape", ["turned/unit", "turned/shape"], ["turned/grouped"]),
        helper.make_node("ReduceMean", ["turned/grouped"], [embedding], axes=[0], keepdims=0),
    ]


def _renamed(node: NodeProto, names: dict[str, str]) -> NodeProto:
    for values in (node.input, node.output):
        values[:] = [names.get(value, value) for value in values]
    return node


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Make a bundle that embeds the mean over eight orientations.")
    parser.add_argument("model", help="name or path of a bundle")
    parser.add_argument("out", type=Path, help="folder of the new one")
    given = parser.parse_args()
    turned(open_bundle(given.model), given.out.name).save(given.out)
