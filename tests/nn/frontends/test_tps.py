"""The thin-plate spline against its equations, solved anew for each image."""

import math

import numpy as np
import pytest
import torch

from terrakin.nn.frontends.affine import Affine
from terrakin.nn.frontends.grid import pixel_centres
from terrakin.nn.frontends.tps import ThinPlateSpline, control_points, weights

SHEARED = torch.tensor([[0.9, -0.3, 0.2], [0.5, 1.1, -0.4]], dtype=torch.float64)


def places(matrix):
    """The control points as a matrix moves them: theta (1, 72)."""
    control = control_points()
    return (torch.cat([control, torch.ones(36, 1)], dim=1) @ matrix.T).reshape(1, 72)


def bending(one, other):
    distance = math.dist(one, other)
    return distance**2 * math.log(distance**2) if distance else 0.0


def solved(sources, points):
    """Where the spline through 36 sources reads each point: its system is filled by loops and solved for these sources."""
    control = [(-1 + 2 * column / 5, -1 + 2 * row / 5) for row in range(6) for column in range(6)]
    system, right = np.zeros((39, 39)), np.zeros((39, 2))
    for i, one in enumerate(control):
        right[i] = sources[i]
        system[i, 36:] = system[36:, i] = 1, *one
        for j, other in enumerate(control):
            system[i, j] = bending(one, other)
    solution = np.linalg.solve(system, right)
    return [
        sum(solution[i] * bending((x, y), one) for i, one in enumerate(control)) + np.array([1, x, y]) @ solution[36:]
        for x, y in points
    ]


def test_points_are_those_of_the_equations(draw, close):
    sources = control_points() + (draw(36, 2) - 0.5) / 3
    found = ThinPlateSpline(4, 5).points(sources.reshape(1, 72))
    wanted = torch.tensor(np.array(solved(sources.tolist(), pixel_centres(4, 5).tolist())))
    close(found.reshape(20, 2), wanted, 1e-10)


def test_weights_of_a_point_sum_to_one_and_keep_points_where_they_are(close):
    points = pixel_centres(11, 7)
    close(weights(points).sum(dim=1), torch.ones(77), 1e-10)
    close(weights(points) @ control_points(), points, 1e-10)


def test_an_affine_image_of_the_control_points_is_the_affine_warp(draw, close):
    images, theta = draw(1, 3, 9, 14), places(SHEARED)
    spline, affine = ThinPlateSpline(9, 14), Affine(9, 14)
    close(spline.points(theta), affine.points(SHEARED.reshape(1, 6)), 1e-10)
    close(spline(images, theta), affine(images, SHEARED.reshape(1, 6)), 1e-10)


def test_it_does_not_bend_then_however_far_away(close):
    far = torch.tensor([[5.0, -7.0], [-3.0, 11.0]])
    close(weights(far) @ places(SHEARED).reshape(36, 2), far @ SHEARED[:, :2].T + SHEARED[:, 2], 1e-9)


def test_control_points_are_read_where_they_are_put(draw, close):
    sources = draw(36, 2)
    close(weights(control_points()) @ sources, sources, 1e-10)


def test_control_points_go_row_by_row_from_border_to_border():
    points = control_points()
    assert points.shape == (36, 2)
    assert points[[0, 5, 6, 35]].tolist() == [[-1, -1], [1, -1], [-1, pytest.approx(-0.6)], [1, 1]]


def test_gradients_are_those_of_differences(draw):
    theta = (places(SHEARED) + draw(1, 72, seed=1) / 10).requires_grad_()
    assert torch.autograd.gradcheck(ThinPlateSpline(5, 6), (draw(1, 2, 5, 6).requires_grad_(), theta))


def test_each_image_has_its_own(draw, close):
    theta, images, spline = control_points().flatten() + draw(3, 72) / 5, draw(3, 2, 6, 8), ThinPlateSpline(6, 8)
    alone = torch.cat([spline(images[[row]], theta[[row]]) for row in range(3)])
    close(spline(images, theta), alone, 1e-12)


def test_rounded_to_float32_the_identity_is_within_the_stated_tolerance(draw, close):
    images, spline = draw(1, 3, 224, 224).float(), ThinPlateSpline(224, 224).float()
    close(spline(images, spline.identity.float()[None]), images, 1e-4)
