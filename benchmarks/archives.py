"""Archives of drawn vectors: what searching is measured on, without the hours that indexing a million chips would take."""

import dataclasses
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image

from terrakin import Archive, Bundle
from terrakin.archive.schema import VECTOR, chips_schema, property_column
from terrakin.bundles.graph import self_test_values
from terrakin.bundles.passport import Passport
from terrakin.spaces.kinds import pack
from terrakin.spaces.space import Space

SHARE = "u"
"""Property of every chip, uniform in [0, 1): `u < 0.1` leaves a tenth."""

_SIDE = 16
_CLUSTERS = 256
_SPREAD = 0.6
_COMMIT = 100_000


def make_archive(path: Path, space: Space, count: int, *, rng: np.random.Generator, thumbnails: bool = False) -> Archive:
    """An archive of `count` chips whose vectors fall into clusters, as those of imagery do.

    Args:
        path: a folder that does not exist.
        space: how the vectors compare.
        count: chips; their ids are those of `chip_id`.
        rng: draws vectors and the property `u`.
        thumbnails: give every chip a picture of 2 KB; without, searching a million chips needs 3 GB of disk less.
    """
    bundle = path.with_name(f"{path.name}.bundle")
    _bundle(space).save(bundle)
    archive = Archive.create(path, model=bundle)
    picture = _thumbnail(rng) if thumbnails else None
    for table in _tables(space, count, picture, rng):
        archive.store.append(table)
    archive.store.compact()
    return archive


def chip_id(number: int) -> str:
    """The id of a chip of `make_archive`, by its number from 0; ids are in the order of numbers."""
    return f"scene-{number // 1000:04}.tif#{number % 1000 * 256:06},0,256,256"


def _tables(space: Space, count: int, picture: bytes | None, rng: np.random.Generator) -> Iterator[pa.Table]:
    wide = space.size * space.codes
    centres = rng.standard_normal((_CLUSTERS, wide))
    for start in range(0, count, _COMMIT):
        rows = min(_COMMIT, count - start)
        drawn = centres[rng.integers(0, _CLUSTERS, rows)] + _SPREAD * rng.standard_normal((rows, wide))
        yield _table(space, start, pack(space, drawn), picture, rng.random(rows))


def _table(
    space: Space, start: int, vectors: NDArray[np.generic], picture: bytes | None, shares: NDArray[np.float64]
) -> pa.Table:
    rows = len(vectors)
    numbers = range(start, start + rows)
    schema = chips_schema(space)
    values = {
        "id": [chip_id(number) for number in numbers],
        "scene": [f"/imagery/scene-{number // 1000:04}.tif" for number in numbers],
        "fingerprint": ["0" * 32] * rows,
        "col": [number % 1000 * 256 for number in numbers],
        "row": [0] * rows,
        "width": [256] * rows,
        "height": [256] * rows,
        "labels": [[]] * rows,
        "valid_share": [1.0] * rows,
        # What follows a JPEG's end is not read; it keeps the pictures from being stored as one.
        "thumbnail": [None if picture is None else picture + number.to_bytes(8) * 64 for number in numbers],
    }
    columns = {
        field.name: pa.array(values.get(field.name, [None] * rows), field.type) for field in schema if field.name != VECTOR
    }
    kind = schema.field(VECTOR).type
    columns[VECTOR] = pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), type=kind)
    return pa.table({**columns, property_column(SHARE): pa.array(shares)})


def _bundle(space: Space) -> Bundle:
    """A model that maps the mean colour to as many numbers as the space wants; nothing is embedded by it."""
    from onnx import TensorProto, helper, numpy_helper

    wide = space.size * space.codes
    weights = np.random.default_rng(0).standard_normal((3, wide)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("ReduceMean", ["pixels"], ["colour"], axes=[2, 3], keepdims=0),
            helper.make_node("MatMul", ["colour", "weights"], ["embedding"]),
        ],
        "mean-colour",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["N", 3, _SIDE, _SIDE])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", wide])],
        [numpy_helper.from_array(weights, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    passport = Passport(
        name="mean-colour",
        version="1",
        bands=("red", "green", "blue"),
        input_size=_SIDE,
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        outputs=("embedding",),
        space=space,
        reducer=None,
        training_data="none",
        licence="Apache-2.0",
        digest=hashlib.sha256(model).hexdigest(),
        self_test=(0.0,) * 8,
    )
    passport = dataclasses.replace(passport, self_test=self_test_values(model, passport))
    return Bundle(passport, model=model, card="A mean colour, for benchmarks. Licence: Apache-2.0.")


def _thumbnail(rng: np.random.Generator) -> bytes:
    coarse = Image.fromarray(rng.integers(0, 256, (12, 12, 3), dtype=np.uint8))
    file = io.BytesIO()
    coarse.resize((128, 128), Image.Resampling.BICUBIC).save(file, "JPEG", quality=80)
    return file.getvalue()
