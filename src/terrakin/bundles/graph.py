"""A model's graph: images in, one of its outputs out, after it has passed its self-test."""

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray

from terrakin.bundles.passport import SELF_TEST_PARTS, Passport
from terrakin.bundles.session import open_session, run_session
from terrakin.errors import BundleError

__all__ = ["Graph", "self_test_image", "self_test_values"]

_BLOCK = 2
# Images a run. Batching gains nothing on a CPU, and MobileNetV2 at 224 px loses 8 % at 32 images, whose maps no cache holds;
# two halve the calls' own cost where inputs are small. Memory stays flat however many images a caller brings.

_TOLERANCE = 1e-3
# Of the self-test, relative to its largest value (at least 1). Releases and instruction sets differ by about 1e-5.


class Graph:
    """One session, made when it is first needed and shared by every thread that runs it.

    Each run takes one thread, the caller's own, so the number of threads is the number of callers: on two cores two callers
    give twice the images of one, and two threads inside ONNX Runtime give less.
    """

    def __init__(self, model: bytes, passport: Passport) -> None:
        self._model = model
        self._passport = passport
        self._lock = threading.Lock()
        self._session: Any = None

    def run(self, output: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """One output of the graph. The first run makes the session and runs the self-test.

        Args:
            output: its name, one of the passport's outputs.
            values: (N, C, H, W) float32 in [0, 1], not normalised. Not modified.

        Returns:
            (N, ...) float32.

        Raises:
            ValueError: for values of another shape or type, or an unknown output.
            BundleError: if the graph cannot be loaded or run, is not what the passport says, or fails its self-test.
        """
        name, bands = self._passport.name, len(self._passport.bands)
        if output not in self._passport.outputs:
            raise ValueError(f"{name} has no output {output!r}; it has {', '.join(self._passport.outputs)}")
        if values.ndim != 4 or values.shape[1] != bands or values.dtype != np.float32:
            raise ValueError(f"{name} reads float32 (N, {bands}, H, W), got {values.dtype} {values.shape}")
        session = self._tested_session()
        if len(values) == 0:
            # No image has the output's shape but an image; nobody sees this one.
            return _run(session, self._passport, output, self_test_image(self._passport))[:0]
        blocks = (values[start : start + _BLOCK] for start in range(0, len(values), _BLOCK))
        return np.concatenate([_run(session, self._passport, output, block) for block in blocks])

    def self_check(self) -> None:
        """Run the self-test again.

        Raises:
            BundleError: as `run`.
        """
        _self_test(self._tested_session(), self._passport)

    def _tested_session(self) -> Any:
        with self._lock:
            if self._session is None:
                session = open_session(self._model, self._passport)
                _self_test(session, self._passport)
                self._session = session
            return self._session


def self_test_image(passport: Passport) -> NDArray[np.float32]:
    """The image of the self-test, (1, C, input_size, input_size) float32 in [0, 1].

    Squares within squares, shifted from band to band: the same integers on every machine, with structure of every size.
    """
    rows, columns = np.indices((passport.input_size, passport.input_size))
    pattern = [((rows + 37 * band) ^ columns) % 256 for band in range(len(passport.bands))]
    return (np.stack(pattern)[np.newaxis] / 255).astype(np.float32)


def self_test_values(model: bytes, passport: Passport) -> tuple[float, ...]:
    """What a graph gives for the self-test image: for the passport of a bundle in the making.

    Args:
        model: the ONNX file.
        passport: of the bundle; its own `self_test` is not looked at.

    Raises:
        BundleError: if the graph cannot be loaded or run, or is not what the passport says.
    """
    return _part_means(open_session(model, passport), passport)


def _self_test(session: Any, passport: Passport) -> None:
    limit = _TOLERANCE * max(1.0, *map(abs, passport.self_test))
    off = np.max(np.abs(np.subtract(_part_means(session, passport), passport.self_test)))
    if not off <= limit:
        raise BundleError(
            f"{passport.name} fails its self-test: a mean is off by {off:.2g}, allowed are {limit:.2g}. Its model file and "
            "passport are not of one bundle, or this onnxruntime computes wrongly; install the bundle or onnxruntime again"
        )


def _part_means(session: Any, passport: Passport) -> tuple[float, ...]:
    embedding = _run(session, passport, "embedding", self_test_image(passport))
    # Means of parts, so that every dimension counts; many a dimension of a network that ends in a ReLU is 0 for one image.
    parts = np.array_split(embedding[0], min(SELF_TEST_PARTS, embedding.shape[1]))
    return tuple(float(part.mean()) for part in parts)


def _run(session: Any, passport: Passport, output: str, values: NDArray[np.float32]) -> NDArray[np.float32]:
    # One band's number for each band, over rows and columns; a few kilobytes of loss next to the network's milliseconds.
    mean = np.array(passport.mean, dtype=np.float32)[:, np.newaxis, np.newaxis]
    std = np.array(passport.std, dtype=np.float32)[:, np.newaxis, np.newaxis]
    pixels = values - mean
    pixels /= std
    return run_session(session, output, pixels)
