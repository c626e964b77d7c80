"""Keep tests the same on every machine, for every user and under any load.

The conftest of the packages and that of ``tests-integration`` call :func:`settle` when they are loaded, and import the
hooks of pytest from here. What a test wants to be different, it changes itself.

No test looks at a clock: one that hangs is ended by :data:`LIMIT_S`, one that waits for something calls
:func:`wait_until`, and what must not cost too much is counted by :func:`count_calls`.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import sys
import time
from collections.abc import Callable, Collection, Generator, Iterator
from types import FrameType

import pytest
from skipped import IS_ROOT, PLACES, is_allowed, note

NOTHING_SKIPPED = bool(os.environ.get("NOTHING_SKIPPED"))
"""Where every tool is there, as in CI, a test that lacks something has failed."""

LIMIT_S = 600
"""A test that takes longer hangs. Nothing follows from a test that takes less."""

_FOREIGN = re.compile(
    r"(CLICOLOR|_?CONDA|_CE|CURL_CA|GITHUB|LC|MAMBA|PIXI|RATTLER|REQUESTS_CA|SSL_CERT)_.*"
    r"|PYTHON(?!PATH$|HOME$).*|XDG_(?!CACHE_HOME$).*|.*_(proxy|PROXY)"
    r"|BASH_ENV|CDPATH|CI|CLICOLOR|COLUMNS|ENV|FORCE_COLOR|LANG|LANGUAGE|LINES|NETRC|NO_COLOR|SOURCE_DATE_EPOCH|TERM|TZ"
)
"""Variables that programs under test, or those that they start, would read."""


def settle(*, keep: Collection[str] = ()) -> None:
    """Give this process, and those that it starts, signals, a umask and variables that do not depend on the machine.

    Laws get the same examples at every run, and as much time as they need.

    :param keep: names of variables that are settings of the tests themselves.
    """
    _settle_signals()
    os.umask(0o022)
    for name in [name for name in os.environ if name not in keep and _FOREIGN.fullmatch(name)]:
        del os.environ[name]
    os.environ["LC_ALL"] = "C.UTF-8"
    _settle_laws()


def _settle_laws() -> None:
    """Set how Hypothesis looks for examples, in environments that have it.

    The same examples are tried at every run, so that a change fails for its own faults; ``nox -s latest`` looks for
    new ones, with the profile ``random``.
    """
    try:
        from hypothesis import settings
    except ImportError:  # not all tests have laws
        return
    # How long an example takes says how busy the machine is, and not everybody may write to this directory.
    settings.register_profile("random", deadline=None, database=None, derandomize=False)
    settings.register_profile("steady", settings.get_profile("random"), derandomize=True)
    settings.load_profile("steady")


def _settle_signals() -> None:
    """Undo what a background job, ``nohup`` or a service manager hands down: ignored signals, and blocked ones."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGCHLD", "SIGALRM", "SIGUSR1", "SIGUSR2", "SIGTSTP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_SETMASK, ())


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip tests whose marks say what is missing here: ``root``, ``tools`` by their names, ``only`` a place."""
    for mark in item.iter_markers("only"):
        skip_elsewhere(*mark.args, **mark.kwargs)
    if item.get_closest_marker("root") and not IS_ROOT:
        pytest.skip("needs root")
    for mark in item.iter_markers("tools"):
        for tool in mark.args:
            if shutil.which(tool) is None:
                pytest.skip(f"needs {tool}")


def skip_elsewhere(place: str, why: str = "") -> None:
    """Skip a test that cannot run here.

    :param place: one of ``skipped.PLACES``.
    :param why: what is there.
    """
    if not PLACES[place]:
        pytest.skip(f"only {place}: {why}" if why else f"only {place}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let a test fail that is skipped for a reason that ``skipped`` does not allow, and note the others."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        _judge(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Do the same with a whole module that is skipped."""
    report = yield
    if report.skipped:
        _judge(report)
    return report


def _judge(report: pytest.TestReport | pytest.CollectReport) -> None:
    assert isinstance(report.longrepr, tuple)
    path, line, text = report.longrepr
    reason = text.removeprefix("Skipped: ")
    if is_allowed(reason, nothing_missing=NOTHING_SKIPPED):
        note(reason, report.nodeid)
    else:
        report.outcome = "failed"
        report.longrepr = f"{path}:{line}: skipped for a reason that tools/skipped.py does not allow here: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """End a test that hangs."""
    with ends_within(LIMIT_S, item.name):
        return (yield)


@contextlib.contextmanager
def ends_within(seconds: int, name: str) -> Iterator[None]:
    """Interrupt what hangs, where the system has alarms.

    :param name: what hangs.
    """

    def give_up(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"{name} hangs: it has not ended after {seconds} seconds")

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    previous = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


def wait_until(condition: Callable[[], object], *, seconds: float = 120) -> None:
    """Wait until a condition holds that no event reports.

    :param seconds: so long that it does not come any more.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "what was waited for does not happen"
        time.sleep(0.002)


def count_calls(work: Callable[[], object], *, most: int = sys.maxsize) -> int:
    """Count the functions that are called, Python's own and those written in C.

    The count is the same on every machine, and grows as the time does: what is quadratic in time calls four times as
    much for twice the work.

    :param most: fail as soon as there are more: then even what would take for ever ends.
    """
    count = 0

    def see(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        if event in ("call", "c_call"):
            count += 1
            assert count <= most, f"it calls more than {most} functions"

    previous = sys.getprofile()
    sys.setprofile(see)
    try:
        work()
    finally:
        sys.setprofile(previous)
    assert count <= most, f"it calls more than {most} functions"
    return count
