"""The terms of the losses: at the points where they are known, and against loops."""

import math

import pytest
import torch

from terrakin.nn.losses.hashing import pair_term, quantisation_term
from terrakin.training.hashing.terms import balance_term, push_term, triplet_term

HALVES = torch.full((6, 8), 0.5, dtype=torch.float64)
BINARY = (torch.rand((6, 8), generator=torch.Generator().manual_seed(0)) < 0.5).double()


def drawn(rows=9, bits=5, seed=1):
    return torch.rand((rows, bits), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_push_at_known_points():
    assert push_term(HALVES) == 0
    assert push_term(BINARY) == -0.25
    assert -0.25 < push_term(drawn()) < 0


def test_balance_at_known_points():
    assert balance_term(HALVES) == 0
    assert balance_term(torch.ones(6, 8)) == 0.25
    half = torch.tensor([[1.0, 0, 1, 0], [0, 0, 1, 1]])
    assert balance_term(half) == 0
    assert balance_term(half, of="bit") == (0 + 0.25 + 0.25 + 0) / 4
    assert balance_term(half.T, of="bit") == 0


def loops(f, margin, unit):
    rows = [[float(value) for value in row] for row in f]
    if unit:
        rows = [[value / math.sqrt(sum(one * one for one in row)) for value in row] for row in rows]
    count = len(rows) // 3
    total = 0.0
    for number in range(count):
        anchor, positive, negative = rows[number], rows[count + number], rows[2 * count + number]
        near = sum((one - other) ** 2 for one, other in zip(anchor, positive, strict=True))
        far = sum((one - other) ** 2 for one, other in zip(anchor, negative, strict=True))
        total += max(0.0, near - far + margin)
    return total / count


@pytest.mark.parametrize("unit", [True, False])
def test_triplets_are_those_of_a_loop(unit):
    f = drawn()
    assert float(triplet_term(f, margin=0.2, unit=unit)) == pytest.approx(loops(f, 0.2, unit), abs=1e-12)


def test_triplets_at_unit_length_do_not_see_lengths():
    f = drawn()
    assert float(triplet_term(3 * f, margin=0.2)) == pytest.approx(float(triplet_term(f, margin=0.2)), abs=1e-12)
    assert float(triplet_term(3 * f, margin=0.2, unit=False)) != pytest.approx(float(triplet_term(f, margin=0.2, unit=False)))


def test_push_and_balance_are_those_of_a_loop():
    f = drawn()
    push = -sum((float(value) - 0.5) ** 2 for row in f for value in row) / f.numel()
    balance = sum((sum(map(float, row)) / len(row) - 0.5) ** 2 for row in f) / len(f)
    assert float(push_term(f)) == pytest.approx(push, abs=1e-12)
    assert float(balance_term(f)) == pytest.approx(balance, abs=1e-12)


def test_pairs_are_those_of_a_loop():
    z, classes = 2 * drawn() - 1, torch.tensor([0, 0, 1, 1, 2, 2, 2, 0, 3])
    alike, unlike = [], []
    for i in range(9):
        for j in range(9):
            if i != j:
                half = 0.5 * sum(float(one * other) for one, other in zip(z[i], z[j], strict=True))
                same = bool(classes[i] == classes[j])
                (alike if same else unlike).append(math.log(1 + math.exp(half)) - same * half)
    expected = (sum(alike) / len(alike) + sum(unlike) / len(unlike)) / 2
    assert float(pair_term(z, classes)) == pytest.approx(expected, abs=1e-12)


def test_pairs_of_one_kind_alone_count_alone():
    z = 2 * drawn(2) - 1
    half = float(z[0] @ z[1]) / 2
    assert float(pair_term(z, torch.tensor([0, 1]))) == pytest.approx(math.log(1 + math.exp(half)))
    assert float(pair_term(z, torch.tensor([0, 0]))) == pytest.approx(math.log(1 + math.exp(-half)))


def test_quantisation_is_log_cosh_of_what_is_missing_to_one():
    z = 2 * drawn() - 1
    expected = sum(math.log(math.cosh(abs(float(value)) - 1)) for row in z for value in row) / z.numel()
    assert float(quantisation_term(z)) == pytest.approx(expected, abs=1e-12)
    assert float(quantisation_term(torch.tensor([[1.0, -1.0]], dtype=torch.float64))) == pytest.approx(0, abs=1e-15)
    assert torch.isfinite(quantisation_term(torch.tensor([[1e6]])))
