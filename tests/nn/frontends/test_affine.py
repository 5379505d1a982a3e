"""The affine warp against turns, flips and crops of arrays, and torch's own grid."""

import pytest
import torch
import torch.nn.functional as F

from terrakin.nn.frontends.affine import Affine
from terrakin.nn.frontends.grid import pixel_centres

SHEARED = torch.tensor([[0.9, -0.3, 0.2, 0.5, 1.1, -0.4], [-1.2, 0.1, 0.0, 0.7, 0.6, 0.3]], dtype=torch.float64)
KNOWN = {
    "identity": ([1, 0, 0, 0, 1, 0], lambda x: x),
    "quarter turn": ([0, -1, 0, 1, 0, 0], lambda x: x.rot90(1, (2, 3))),
    "half turn": ([-1, 0, 0, 0, -1, 0], lambda x: x.rot90(2, (2, 3))),
    "three quarters": ([0, 1, 0, -1, 0, 0], lambda x: x.rot90(3, (2, 3))),
    "left and right": ([-1, 0, 0, 0, 1, 0], lambda x: x.flip(3)),
    "up and down": ([1, 0, 0, 0, -1, 0], lambda x: x.flip(2)),
}


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
def test_a_known_matrix_turns_or_flips(name, interpolation, padding, draw, close):
    matrix, turned = KNOWN[name]
    images = draw(2, 3, 7, 7)
    warp = Affine(7, 7, interpolation=interpolation, padding=padding)
    close(warp(images, torch.tensor([matrix, matrix], dtype=torch.float64)), turned(images), 1e-12)


@pytest.mark.parametrize("name", KNOWN)
def test_the_matrices_mean_the_same_where_corners_are_centres(name, draw, close):
    matrix, turned = KNOWN[name]
    images, warp = draw(1, 3, 7, 7), Affine(7, 7)
    warp.basis[:, :2] *= 7 / 6
    points = warp.points(torch.tensor([matrix], dtype=torch.float64))
    close(F.grid_sample(images, points, align_corners=True), turned(images), 1e-12)


@pytest.mark.parametrize(("height", "width"), [(5, 5), (4, 9)])
def test_points_are_those_of_torch(height, width, close):
    wanted = F.affine_grid(SHEARED.reshape(-1, 2, 3), [2, 1, height, width], align_corners=False)
    close(Affine(height, width).points(SHEARED), wanted, 1e-12)


@pytest.mark.parametrize("factor", [2, 3])
def test_a_crop_is_a_slice_enlarged(factor, draw, close):
    images = draw(1, 3, 12, 12)
    side = 12 // factor
    top, left = 12 - side, side // 2
    x, y = ((2 * start + side) / 12 - 1 for start in (left, top))
    found = Affine(12, 12)(images, torch.tensor([[1 / factor, 0, x, 0, 1 / factor, y]]))
    wanted = F.interpolate(images[:, :, top:, left : left + side], scale_factor=factor, mode="bilinear")
    # At its rim a slice does not see its neighbours, and the warp does.
    inner = slice(factor // 2, 12 - factor // 2)
    close(found[:, :, inner, inner], wanted[:, :, inner, inner], 1e-10)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_gradients_are_those_of_differences(interpolation, draw):
    warp = Affine(5, 6, interpolation=interpolation)
    assert torch.autograd.gradcheck(warp, (draw(2, 2, 5, 6).requires_grad_(), SHEARED.clone().requires_grad_()))


def test_pixel_centres_go_row_by_row_from_left_to_right(close):
    wanted = [[-0.5, -2 / 3], [0.5, -2 / 3], [-0.5, 0], [0.5, 0], [-0.5, 2 / 3], [0.5, 2 / 3]]
    close(pixel_centres(3, 2), torch.tensor(wanted), 1e-15)


def test_rounded_to_float32_the_identity_is_within_the_stated_tolerance(draw, close):
    images, warp = draw(1, 3, 224, 224).float(), Affine(224, 224).float()
    close(warp(images, warp.identity.float()[None]), images, 1e-4)
