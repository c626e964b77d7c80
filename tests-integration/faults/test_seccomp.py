"""System calls that an old seccomp profile answers with EPERM, or an old kernel with ENOSYS, are not missed."""

from __future__ import annotations

import pytest

from support.commands import Home
from support.inspection import list_names
from support.workshop import Workshop

pytestmark = pytest.mark.tools("strace")

# Young ones that a runtime, its C library and its delegate try, and a few that are not in use yet.
CALLS = [
    "clone3",
    "close_range",
    "copy_file_range",
    "execveat",
    "faccessat2",
    "getrandom",
    "io_uring_setup",
    "membarrier",
    "memfd_create",
    "openat2",
    "pidfd_open",
    "pidfd_send_signal",
    "preadv2",
    "pwritev2",
    "renameat2",
    "rseq",
    "sched_getattr",
    "statfs",
    "statx",
    "syncfs",
]
LIFE = [
    ("old", "word"),
    ("new", "word"),
    ("new", "bootstrap", "--force"),
    ("new", "rollback"),
    ("old", "status"),
    ("old", "verify"),
]
LIFE += [("new", "word"), ("new", "uninstall", "-y")]


Seen = tuple[list[str], int, str, list[str]]
"""The words of a command, its exit status, its output, and what it has left."""


def live(home: Home, workshop: Workshop, *tracer: str) -> list[Seen]:
    """Go through the life of a prefix; what each command said and left."""
    runtimes = {"old": workshop.build(version="1.0"), "new": workshop.build(version="2.0")}
    seen: list[Seen] = []
    for version, *words in LIFE:
        completed = home.run(*tracer, runtimes[version], *words)
        seen.append((words, completed.returncode, completed.stdout, list_names(home.directory / ".conda")))
    return seen


@pytest.fixture
def expected(home: Home, plain_workshop: Workshop) -> list[Seen]:
    """What the commands say and leave when every call is known."""
    seen = live(home, plain_workshop)
    assert all(status == 0 for _, status, *_ in seen)
    return seen


@pytest.mark.parametrize("error", ["EPERM", "ENOSYS"])
@pytest.mark.parametrize("call", CALLS)
def test_nothing_changes_without_a_system_call(
    call: str, error: str, home: Home, plain_workshop: Workshop, expected: list[Seen]
) -> None:
    tracer = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"inject={call}:error={error}")
    assert live(home, plain_workshop, *tracer) == expected
