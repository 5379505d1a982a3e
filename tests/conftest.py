"""What every folder of tests can use: a bundle small enough to run in microseconds, and a clean environment."""

import dataclasses
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import hypothesis
import numpy as np
import pytest

from terrakin.bundles.bundle import Bundle
from terrakin.bundles.graph import self_test_values
from terrakin.bundles.passport import Passport
from terrakin.spaces.space import Space

# No test asserts a wall-clock time, so none may fail by one. CI tries the same examples every time; developers try new ones.
hypothesis.settings.register_profile("terrakin", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("terrakin")


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle that looks at 4 x 4 block means of a 16 px image: 48 dimensions, cosine. The path of its folder."""
    path = tmp_path_factory.mktemp("bundles") / "tiny"
    make_bundle(name="tiny", side=16, block=4).save(path)
    return path


def make_bundle(*, name: str, side: int, block: int) -> Bundle:
    from onnx import TensorProto, helper

    cells = (side // block) ** 2
    graph = helper.make_graph(
        [
            helper.make_node("AveragePool", ["pixels"], ["features"], kernel_shape=[block, block], strides=[block, block]),
            helper.make_node("Flatten", ["features"], ["embedding"]),
        ],
        "block-means",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["N", 3, side, side])],
        [
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["N", 3 * cells]),
            helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", 3, side // block, side // block]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    passport = Passport(
        name=name,
        version="1",
        bands=("red", "green", "blue"),
        input_size=side,
        mean=(0.5, 0.5, 0.5),
        std=(0.5, 0.5, 0.5),
        outputs=("embedding", "features"),
        space=Space("cosine", 3 * cells),
        reducer=None,
        training_data="none",
        licence="Apache-2.0",
        digest=hashlib.sha256(model).hexdigest(),
        self_test=(0.0,) * 8,
    )
    passport = dataclasses.replace(passport, self_test=self_test_values(model, passport))
    return Bundle(passport, model=model, card="Block means, for tests. Licence: Apache-2.0.")


@pytest.fixture(scope="session")
def write_scene() -> Callable[..., Path]:
    """Write a tiled GeoTIFF of three bands, 256 px a chip: `write_scene(path, side=512, seed=0)`."""

    def write(path: Path, *, side: int, seed: int = 0) -> Path:
        import rasterio
        from rasterio.transform import Affine

        path.parent.mkdir(parents=True, exist_ok=True)
        blocks = np.random.default_rng(seed).integers(1, 256, (3, side // 32, side // 32), np.uint8)
        grid = {"crs": "EPSG:32631", "transform": Affine(10, 0, 5e5, 0, -10, 5e6), "tiled": True}
        with rasterio.open(path, "w", "GTiff", side, side, 3, dtype="uint8", compress="deflate", **grid) as file:
            file.write(blocks.repeat(32, axis=1).repeat(32, axis=2))
        return path

    return write


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four classes of twelve 24 px PNGs that a block-mean model tells apart."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(0)
    for number, name in enumerate(["field", "forest", "harbor", "water"]):
        (folder / name).mkdir()
        look = rng.integers(0, 256, (24, 24, 3))
        for copy in range(12):
            noisy = np.clip(look + rng.normal(0, 40 + 10 * number, look.shape), 0, 255).astype(np.uint8)
            Image.fromarray(noisy).save(folder / name / f"{name}{copy:02}.png")
    return folder


@pytest.fixture(scope="session")
def plugin() -> Path:
    """A folder to put on PYTHONPATH: it then counts as an installed package that adds the backbone `tiny`."""
    return Path(__file__).with_name("plugin")


@pytest.fixture
def tiny_backbone(plugin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plugin, installed in this process and for this test alone."""
    import importlib

    from terrakin.nn.backbones.known import BACKBONES

    monkeypatch.syspath_prepend(str(plugin))
    monkeypatch.setitem(BACKBONES._paths, "tiny", "tinynet:Tiny")
    monkeypatch.setitem(BACKBONES._loaded, "tiny", importlib.import_module("tinynet").Tiny)


@pytest.fixture
def tiny_recipe(tiny_backbone: None, tmp_path: Path) -> Path:
    """The file of a recipe that trains in milliseconds: two convolutions, 8 dimensions, 3 epochs of batches of 6."""
    return shutil.copy(Path(__file__).with_name("recipes") / "tiny.toml", tmp_path / "tiny.toml")
