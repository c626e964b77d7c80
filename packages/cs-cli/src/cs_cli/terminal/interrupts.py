"""Signals that ask ``cs`` to stop."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

ASKING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))
"""Signals that ask a program to stop, as far as this system has them."""


class Interruption(KeyboardInterrupt):
    """A signal that unwinds as Ctrl-C does.

    :ivar signal_number: the signal's number.
    """

    def __init__(self, signal_number: int) -> None:
        super().__init__()
        self.signal_number = signal_number


def interrupt_on_signals() -> None:
    """Make every asking signal unwind the program, so that it cleans up; one that is ignored stays ignored.

    Call it in the main thread.
    """
    for number in ASKING:
        if signal.getsignal(number) not in (signal.SIG_IGN, None):
            signal.signal(number, _interrupt)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    for asking in ASKING:
        if signal.getsignal(asking) is _interrupt:
            signal.signal(asking, _be_patient)
    raise Interruption(number)


def _be_patient(number: int, _frame: FrameType | None) -> None:
    """Let the clean-up continue; a third signal stops it at once."""
    signal.signal(number, signal.SIG_DFL)


@contextlib.contextmanager
def postponed_interrupts() -> Iterator[None]:
    """Finish a block that is short and must not be left half-way.

    A signal that came in the meantime has come too late: what it would have stopped is done. If the block itself fails,
    nothing is lost either.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.signal(number, signal.SIG_IGN) for number in ASKING}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
