"""ONNX Runtime at the edge: sessions on one thread, its errors as ours, graphs held to their passport."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrakin.bundles.conversions import Conversions
from terrakin.bundles.passport import Passport
from terrakin.errors import BundleError

__all__ = ["INPUT", "open_session", "run_session"]

INPUT = "pixels"
"""Name of the graph's input, (N, C, H, W) float32, normalised."""

_EXTERNAL_DATA = b"\n\x08location"
# The key of a tensor that lies in another file, as protobuf writes it. ONNX Runtime would open that file wherever it is.

_FATAL = 4
# Log level: what goes wrong arrives as an exception; ONNX Runtime would print it on standard error as well.


def open_session(model: bytes, passport: Passport) -> Any:
    """A session that takes one thread a run, checked against the passport. Any number of threads may run it at once.

    Raises:
        BundleError: if the graph cannot be loaded, refers to other files, or has other inputs or outputs than promised.
    """
    import onnxruntime

    if _EXTERNAL_DATA in model:
        raise BundleError(f"the graph of {passport.name} keeps weights in other files; export it as a single file")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL
    # Waiting threads would burn the cores that reading and decoding need.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    with _translated(f"cannot load the graph of {passport.name}"):
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    _check_input(session, passport)
    _check_outputs(session, passport)
    return session


def run_session(session: Any, output: str, pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """One output for normalised pixels (N, C, H, W).

    Raises:
        BundleError: if the run fails, or gives another number of rows than it was given.
    """
    import onnxruntime

    options = onnxruntime.RunOptions()
    options.log_severity_level = _FATAL
    with _translated(f"cannot run the graph on {pixels.shape[0]} images of {pixels.shape[2]}x{pixels.shape[3]} pixels"):
        result: NDArray[np.float32] = session.run([output], {INPUT: pixels}, options)[0]
    if len(result) != len(pixels):
        raise BundleError(f"the graph gives {len(result)} rows of {output} for {len(pixels)} images")
    return result


def _check_input(session: Any, passport: Passport) -> None:
    inputs = session.get_inputs()
    found = ", ".join(f"{i.name} {i.type} {_words(i.shape)}" for i in inputs)
    bands, size = len(passport.bands), passport.input_size
    wanted = f"{INPUT} tensor(float) (N, {bands}, H, W)"
    shape = inputs[0].shape if len(inputs) == 1 else []
    if (
        len(shape) != 4
        or (inputs[0].name, inputs[0].type) != (INPUT, "tensor(float)")
        or isinstance(shape[0], int)
        or shape[1] != bands
        or any(isinstance(side, int) and side != size for side in shape[2:])
    ):
        raise BundleError(f"the graph of {passport.name} reads {found}; wanted {wanted} with N free, H and W free or {size}")


def _check_outputs(session: Any, passport: Passport) -> None:
    outputs = {o.name: o for o in session.get_outputs()}
    if set(outputs) != set(passport.outputs):
        found, wanted = ", ".join(sorted(outputs)), ", ".join(sorted(passport.outputs))
        raise BundleError(f"the graph of {passport.name} has the outputs {found}; its passport promises {wanted}")
    for name, output in outputs.items():
        if output.type != "tensor(float)" or not output.shape or isinstance(output.shape[0], int):
            raise BundleError(f"output {name} of {passport.name} must be float32 with N free, got {output.type} {output.shape}")
    embedding = outputs["embedding"].shape
    if len(embedding) != 2 or embedding[1] != passport.embedding_size:
        wanted = f"(N, {passport.embedding_size})"
        raise BundleError(f"output embedding of {passport.name} is {_words(embedding)}; its passport promises {wanted}")
    features = outputs["features"].shape if "features" in outputs else [None] * 4
    if len(features) != 4:
        raise BundleError(f"output features of {passport.name} is {_words(features)}; wanted (N, C, h, w)")
    if passport.frontend is not None:
        _check_conversions({name: output.shape for name, output in outputs.items()}, passport.frontend, passport)


def _check_conversions(shapes: dict[str, list[Any]], said: Conversions, passport: Passport) -> None:
    if missing := [name for name in said.outputs if name not in shapes]:
        raise BundleError(
            f"the front-end of {passport.name} gives the outputs {', '.join(said.outputs)}; its graph lacks {missing[0]}"
        )
    if shapes["theta"][1:] != [said.length]:
        raise BundleError(
            f"output theta of {passport.name} is {_words(shapes['theta'])}; its front-end takes (N, {said.length})"
        )
    for name in said.outputs[1:]:
        if len(shapes[name]) != 4 or shapes[name][1] != len(passport.bands):
            raise BundleError(
                f"output {name} of {passport.name} is {_words(shapes[name])}; wanted (N, {len(passport.bands)}, h, w)"
            )


def _words(shape: list[Any]) -> str:
    return f"({', '.join(map(str, shape))})"


@contextmanager
def _translated(failure: str) -> Iterator[None]:
    from onnxruntime.capi import onnxruntime_pybind11_state as runtime

    # Its exceptions are a dozen classes without a common root, one for each of its status codes.
    theirs = (kind for kind in vars(runtime).values() if isinstance(kind, type) and issubclass(kind, Exception))
    caught: tuple[type[Exception], ...] = (*theirs, RuntimeError, MemoryError)
    try:
        yield
    except caught as exc:
        first = str(exc).strip().partition("\n")[0]
        raise BundleError(f"{failure}: {first}") from exc
