"""Sampling against a double loop, and what counts as inside."""

import io
import math
import warnings

import hypothesis.strategies as st
import numpy as np
import onnxruntime
import pytest
import torch
from hypothesis import given
from torch import nn

from terrakin.nn.frontends.affine import Affine
from terrakin.nn.frontends.sampling import inside, sample

PLACES = st.floats(-1.5, 1.5, allow_subnormal=False)


def read(image, x, y, *, padding):
    """One band (H, W) at (x, y) by bilinear interpolation."""
    height, width = len(image), len(image[0])
    column, row = ((x + 1) * width - 1) / 2, ((y + 1) * height - 1) / 2
    if padding == "border":
        column, row = min(max(column, 0), width - 1), min(max(row, 0), height - 1)
    left, top = math.floor(column), math.floor(row)
    total = 0.0
    for i in (top, top + 1):
        for j in (left, left + 1):
            if 0 <= i < height and 0 <= j < width:
                total += image[i][j] * (1 - abs(row - i)) * (1 - abs(column - j))
    return total


@given(x=PLACES, y=PLACES, padding=st.sampled_from(["zeros", "border"]))
def test_bilinear_is_the_weighted_sum_of_four_pixels(x, y, padding):
    image = torch.arange(20, dtype=torch.float64).reshape(4, 5).sin()
    points = torch.tensor([[[[x, y]]]], dtype=torch.float64)
    found = sample(image[None, None], points, interpolation="bilinear", padding=padding)
    assert found.item() == pytest.approx(read(image.tolist(), x, y, padding=padding), abs=1e-12)


@given(x=PLACES, y=PLACES, interpolation=st.sampled_from(["bilinear", "bicubic"]))
def test_inside_the_weights_sum_to_one(x, y, interpolation):
    points = torch.tensor([[[[x, y]]]], dtype=torch.float64)
    weight = sample(torch.ones(1, 1, 6, 5, dtype=torch.float64), points, interpolation=interpolation, padding="zeros").item()
    if inside(points, 6, 5, interpolation=interpolation).item():
        assert weight == pytest.approx(1, abs=1e-12)
    elif interpolation == "bilinear":
        assert weight < 1


def test_all_of_an_image_is_inside_itself_and_all_but_its_rim_for_bicubic():
    for side in (5, 24, 224):
        for warp, rim in ((Affine(side, side), 0), (Affine(side, side, interpolation="bicubic"), 1)):
            for exact in (warp, warp.float()):
                mask = exact.inside(exact.identity.to(exact.basis.dtype)[None])[0]
                wanted = torch.zeros(side, side, dtype=torch.bool)
                wanted[rim : side - rim, rim : side - rim] = True
                assert torch.equal(mask, wanted)


def test_bicubic_leaves_the_range_of_its_pixels():
    step = torch.tensor([0.0, 0, 0, 1, 1, 1]).expand(1, 1, 6, 6)
    points = torch.stack([torch.linspace(-0.8, 0.8, 50), torch.zeros(50)], dim=1)[None, None]
    values = sample(step, points, interpolation="bicubic", padding="border")
    assert values.max() > 1.01
    assert values.min() < -0.01


def test_what_lies_outside_is_as_said():
    row = torch.tensor([[[[1.0, 2.0, 3.0, 4.0]]]]).expand(1, 1, 4, 4)
    outside = torch.tensor([[[[1.25, 0.25], [1.75, 0.25]]]])
    found = {name: sample(row, outside, interpolation="bilinear", padding=name) for name in ("zeros", "border", "reflection")}
    assert {name: values.flatten().tolist() for name, values in found.items()} == {
        "zeros": [0, 0],
        "border": [4, 4],
        "reflection": [4, 3],
    }


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
def test_a_graph_reads_as_torch_does(interpolation, padding, draw):
    torch.set_default_dtype(torch.float32)
    images, points = draw(2, 3, 9, 7), 3 * draw(2, 5, 6, 2, seed=1) - 1.5

    class Sampled(nn.Module):
        def forward(self, images, points):
            return sample(images, points, interpolation=interpolation, padding=padding)

    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns of its own age
        torch.onnx.export(Sampled(), (images, points), file, dynamo=False, opset_version=17, input_names=["images", "points"])
    session = onnxruntime.InferenceSession(file.getvalue(), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"images": images.numpy(), "points": points.numpy()})
    np.testing.assert_allclose(found, sample(images, points, interpolation=interpolation, padding=padding), rtol=0, atol=1e-5)
