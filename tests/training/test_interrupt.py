"""Ctrl-C waits for the end of a block."""

import signal
import threading

import pytest

from terrakin.training.interrupt import interrupt_waits


def interrupt(reached: list[str], *, times: int, ends_with: BaseException | None = None) -> None:
    with interrupt_waits() as interrupted:
        assert not interrupted()
        for _ in range(times):
            signal.raise_signal(signal.SIGINT)
        assert interrupted()
        reached.append("the end")
        if ends_with is not None:
            raise ends_with


def test_it_waits_and_is_raised_at_the_end() -> None:
    reached: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        interrupt(reached, times=1)
    assert reached == ["the end"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_one_does_not_wait() -> None:
    reached: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        interrupt(reached, times=2)
    assert reached == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_error_of_the_block_goes_before_it() -> None:
    with pytest.raises(ValueError, match="mine"):
        interrupt([], times=1, ends_with=ValueError("mine"))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_who_handles_interrupts_goes_on_to() -> None:
    seen = []
    before = signal.signal(signal.SIGINT, lambda number, frame: seen.append(number))
    try:
        with interrupt_waits() as interrupted:
            signal.raise_signal(signal.SIGINT)
            assert not interrupted()
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == [signal.SIGINT]


def test_in_another_thread_there_are_no_interrupts() -> None:
    said = []

    def work() -> None:
        with interrupt_waits() as interrupted:
            said.append(interrupted())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert said == [False]
