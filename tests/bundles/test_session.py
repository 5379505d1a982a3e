"""ONNX Runtime's edge: its errors are ours, and a graph is held to its passport."""

from dataclasses import replace

import numpy as np
import pytest
from onnx import TensorProto, numpy_helper

from terrakin.bundles.conversions import Conversions, Part
from terrakin.bundles.session import open_session, run_session
from terrakin.errors import BundleError
from terrakin.spaces.space import Space

IMAGE = np.zeros((2, 3, 16, 16), dtype=np.float32)


def test_the_tiny_graph_is_what_its_passport_says(tiny_graph, passport):
    session = open_session(tiny_graph().SerializeToString(), passport)
    assert run_session(session, "embedding", IMAGE).shape == (2, 12)


@pytest.mark.parametrize(
    ("interface", "words"),
    [
        ({"input_name": "x"}, r"reads x tensor\(float\) \(N, 3, H, W\); wanted pixels tensor\(float\) \(N, 3, H, W\)"),
        ({"input_type": TensorProto.UINT8}, r"reads pixels tensor\(uint8\)"),
        ({"input_shape": (1, 3, "H", "W")}, r"reads pixels tensor\(float\) \(1, 3, H, W\).* with N free"),
        ({"input_shape": ("N", "C", "H", "W")}, r"\(N, C, H, W\); wanted"),
        ({"input_shape": ("N", 3, 17, 17)}, r"\(N, 3, 17, 17\); wanted .* H and W free or 16"),
        ({"outputs": (("embedding", ("N", 12)),)}, "has the outputs embedding; its passport promises embedding, features"),
        (
            {"outputs": (("embedding", ("N", 12)), ("features", ("N", 12, "h", "w")), ("logits", ("N", 12)))},
            "has the outputs embedding, features, logits",
        ),
    ],
)
def test_another_interface_is_refused(tiny_graph, passport, interface, words):
    with pytest.raises(BundleError, match=words):
        open_session(tiny_graph(**interface).SerializeToString(), passport)


def test_an_embedding_of_another_width_is_refused(tiny_graph, passport):
    with pytest.raises(BundleError, match=r"output embedding of tiny-net is \(N, 12\); its passport promises \(N, 10\)"):
        open_session(tiny_graph().SerializeToString(), replace(passport, space=Space("cosine", 10)))


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        ((), r"the front-end of tiny-net gives the outputs theta, after_affine; its graph lacks theta"),
        ((("theta", ("N", 6)),), "its graph lacks after_affine"),
        (
            (("theta", ("N", 5)), ("after_affine", ("N", 3, "h", "w"))),
            r"output theta of tiny-net is \(N, 5\); its front-end takes \(N, 6\)",
        ),
        (
            (("theta", ("N", 6)), ("after_affine", ("N", 4, "h", "w"))),
            r"output after_affine of tiny-net is \(N, 4, h, w\); wanted \(N, 3, h, w\)",
        ),
        ((("theta", ("N", 6)), ("after_affine", ("N", 3))), r"output after_affine of tiny-net is \(N, 3\); wanted"),
    ],
)
def test_a_graph_that_is_not_what_its_front_end_is_said_to_be_is_refused(tiny_graph, passport, outputs, words):
    said = Conversions("spatial", (Part("affine", 6),), ("affine",))
    model = tiny_graph(outputs=(("embedding", ("N", 12)), *outputs))
    for name, shape in outputs:
        source = "embedding" if len(shape) == 2 else "features"
        ends = [numpy_helper.from_array(np.array([end]), f"{name} {end}") for end in (0, shape[1], 1)]
        model.graph.initializer.extend(ends)
        model.graph.node.add(op_type="Slice", input=[source, *(end.name for end in ends)], output=[name])
    with pytest.raises(BundleError, match=words):
        open_session(
            model.SerializeToString(), replace(passport, outputs=("embedding", *(name for name, _ in outputs)), frontend=said)
        )


def test_a_fixed_input_size_is_accepted(tiny_graph, passport):
    session = open_session(tiny_graph(input_shape=("N", 3, 16, 16)).SerializeToString(), passport)
    assert run_session(session, "features", IMAGE).shape == (2, 12, 16, 16)
    with pytest.raises(BundleError, match="cannot run the graph on 1 images of 8x8 pixels: "):
        run_session(session, "embedding", np.zeros((1, 3, 8, 8), dtype=np.float32))


@pytest.mark.parametrize("model", [b"", b"not a graph", b"\x08\x08" * 50], ids=["empty", "text", "protobuf"])
def test_a_broken_graph_is_one_line_and_prints_nothing(passport, capfd, model):
    with pytest.raises(BundleError, match=r"^cannot load the graph of tiny-net: [^\n]+$"):
        open_session(model, passport)
    assert capfd.readouterr() == ("", "")


def test_a_failed_run_prints_nothing(tiny_graph, passport, capfd):
    session = open_session(tiny_graph().SerializeToString(), passport)
    with pytest.raises(BundleError, match=r"^cannot run the graph on 1 images of 0x0 pixels: [^\n]+$"):
        run_session(session, "embedding", np.zeros((1, 3, 0, 0), dtype=np.float32))
    assert capfd.readouterr() == ("", "")


def test_a_graph_that_reads_other_files_is_refused(tiny_graph, passport):
    model = tiny_graph()
    weights = model.graph.initializer[0]
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    entry = weights.external_data.add()
    entry.key, entry.value = "location", "../../secret.bin"
    with pytest.raises(BundleError, match="the graph of tiny-net keeps weights in other files; export it as a single file"):
        open_session(model.SerializeToString(), passport)


def test_every_exception_of_the_backend_is_translated(tiny_graph, passport, monkeypatch):
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as backend

    kinds = [kind for kind in vars(backend).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(kinds) > 5
    for kind in kinds:

        def fail(*args, kind=kind):
            raise kind("status 1")

        monkeypatch.setattr(onnxruntime, "InferenceSession", lambda *args, fail=fail, **options: fail())
        with pytest.raises(BundleError, match="cannot load the graph of tiny-net: status 1"):
            open_session(b"", passport)
