"""Signals that ask to stop."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from cs_cli.terminal.interrupts import ASKING, Interruption, interrupt_on_signals, postponed_interrupts


@pytest.fixture(autouse=True)
def _same_handlers_afterwards() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in ASKING}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", ASKING)
def test_every_asking_signal_unwinds_with_its_number(number: int) -> None:
    interrupt_on_signals()
    with pytest.raises(Interruption) as caught:
        os.kill(os.getpid(), number)
    assert caught.value.signal_number == number


def test_a_second_signal_does_not_disturb_the_cleaning_up() -> None:
    interrupt_on_signals()
    with pytest.raises(Interruption):
        os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert signal.getsignal(signal.SIGINT) is not signal.SIG_DFL


def test_what_was_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    interrupt_on_signals()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_signals_in_a_postponed_block_come_too_late() -> None:
    interrupt_on_signals()
    before = signal.getsignal(signal.SIGTERM)
    with postponed_interrupts():
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


def test_handlers_come_back_when_the_block_fails() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(ValueError, match="broken"), postponed_interrupts():
        raise ValueError("broken")
    assert signal.getsignal(signal.SIGTERM) is before


def test_other_threads_leave_signals_alone() -> None:
    done = []

    def work() -> None:
        with postponed_interrupts():
            done.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done == [signal.getsignal(signal.SIGTERM)]
