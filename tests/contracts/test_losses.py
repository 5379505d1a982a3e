"""What every loss must do."""

from typing import Any

import pytest
import torch
import torch.nn.functional as F

from terrakin.nn.losses.known import LOSSES
from terrakin.nn.output import Output

NAMES = sorted(LOSSES)
SIZE, CLASSES, WIDTH = 6, 4, 10
LABELS = torch.arange(12) % CLASSES
SEEN = slice(2, 2 + SIZE)
"""Of an embedding of `WIDTH`."""
SEES_LOGITS = {"binary-cross-entropy", "cross-entropy"}
"""Losses that see no embedding, and so no columns of one."""
pytestmark = pytest.mark.parametrize("name", NAMES)


def made(name: str, *, seed: int = 7, **options: Any) -> Any:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return LOSSES[name](SIZE, CLASSES, **options)


def drawn(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def batch(width: int = SIZE) -> Output:
    return Output(
        drawn(len(LABELS), width, seed=1).requires_grad_(),
        drawn(len(LABELS), CLASSES, seed=2).requires_grad_(),
    )


TARGETS = F.normalize(drawn(len(LABELS), SIZE, seed=3), dim=1)


def seen_by(name: str, output: Output) -> torch.Tensor:
    return output.logits if name in SEES_LOGITS else output.embedding


def test_it_says_whether_it_needs_a_teacher(name):
    assert isinstance(LOSSES[name].needs_targets, bool)


def test_it_says_whether_it_reads_sets(name):
    loss, sets = made(name), F.one_hot(LABELS, CLASSES).bool()
    if LOSSES[name].reads_sets:
        torch.testing.assert_close(loss(batch(), sets, TARGETS), loss(batch(), LABELS, TARGETS))
    else:
        assert LOSSES[name].reads_sets is False


def test_it_is_a_positive_number(name):
    value = made(name)(batch(), LABELS, TARGETS)
    assert value.shape == ()
    assert value.item() > 0


def test_gradients_reach_what_it_sees_and_every_parameter(name):
    loss, output = made(name), batch()
    loss(output, LABELS, TARGETS).backward()
    assert seen_by(name, output).grad.any(dim=1).all()
    assert [key for key, parameter in loss.named_parameters() if parameter.grad is None or not parameter.grad.any()] == []


def test_it_can_be_made_small(name):
    loss, output = made(name), batch()
    free = [seen_by(name, output), *loss.parameters()]
    optimizer = torch.optim.Adam(free, lr=0.05)
    values = []
    for _ in range(60):
        optimizer.zero_grad()
        value = loss(output, LABELS, TARGETS)
        value.backward()
        optimizer.step()
        values.append(value.item())
    assert values[-1] < 0.7 * values[0]


def test_it_sees_its_columns_and_no_other(name):
    if name in SEES_LOGITS:
        pytest.skip("it sees logits")
    wide = batch(WIDTH)
    value = made(name, columns=SEEN)(wide, LABELS, TARGETS)
    value.backward()
    narrow = Output(wide.embedding[:, SEEN], None)
    torch.testing.assert_close(value, made(name)(narrow, LABELS, TARGETS))
    outside = [column for column in range(WIDTH) if column not in range(SEEN.start, SEEN.stop)]
    assert not wide.embedding.grad[:, outside].any()
    assert wide.embedding.grad[:, SEEN].any()


def test_targets_matter_to_those_that_need_them(name):
    loss, output = made(name), batch()
    value, other = loss(output, LABELS, TARGETS), loss(output, LABELS, TARGETS.roll(1, dims=0))
    assert torch.equal(value, other) == (not loss.needs_targets)
    if not loss.needs_targets:
        assert torch.equal(value, loss(output, LABELS))


def test_the_order_of_a_batch_does_not_matter(name):
    loss, output = made(name), batch()
    order = torch.randperm(len(LABELS), generator=torch.Generator().manual_seed(4))
    shuffled = Output(output.embedding[order], output.logits[order])
    torch.testing.assert_close(loss(shuffled, LABELS[order], TARGETS[order]), loss(output, LABELS, TARGETS))


def test_a_seed_decides_everything(name):
    values = [made(name, seed=1)(batch(), LABELS, TARGETS) for _ in range(2)]
    assert torch.equal(*values)
