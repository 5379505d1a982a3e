"""Work done ahead: order, bounds, errors, the end of the threads."""

import itertools
import threading

import pytest

from terrakin.training.ahead import ahead


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_results_come_in_the_order_of_the_items(workers: int) -> None:
    assert list(ahead(lambda number: number**2, range(50), workers=workers)) == [number**2 for number in range(50)]


def test_no_more_than_twice_the_workers_wait() -> None:
    taken = []

    def items():
        for number in itertools.count():
            taken.append(number)
            yield number

    results = ahead(abs, items(), workers=3)
    for number in range(10):
        assert next(results) == number
        assert len(taken) <= number + 1 + 2 * 3
    results.close()


@pytest.mark.parametrize("workers", [0, 2])
def test_an_error_comes_in_its_turn(workers: int) -> None:
    results = ahead(lambda number: 6 // (3 - number), range(9), workers=workers)
    assert [next(results) for _ in range(3)] == [2, 3, 6]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_closing_ends_the_threads() -> None:
    before = threading.active_count()
    results = ahead(abs, itertools.count(), workers=4)
    next(results)
    assert threading.active_count() > before
    results.close()
    assert threading.active_count() == before


def test_threads_are_not_a_negative_number() -> None:
    with pytest.raises(ValueError, match="0 or more, got -1"):
        list(ahead(abs, [1], workers=-1))
