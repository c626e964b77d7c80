"""Which tests run for other platforms, and which of them see the emulation instead of the runtime."""

from __future__ import annotations

import os

from skipped import IS_ROOT, PLACES

from . import kits
from .targets import find_target

WITH_FOREIGN = "WITH_FOREIGN"
"""A variable with which ``nox -s tests`` runs them too."""

FOREIGN_SUITES = {
    "linux-aarch64": (
        *(f"tests-integration/test_{name}.py" for name in ("road", "hand_over", "lifecycle", "linker", "awkward")),
        *(f"tests-integration/test_{name}.py" for name in ("hostile", "conda_delegate", "local_archives", "boot")),
        *(f"tests-integration/faults/test_{name}.py" for name in ("kills", "signals", "together")),
        *("--kills", "4"),
    ),
    "win-64": ("tests-integration/windows", "tests-integration/test_boot.py"),
}
"""What pytest runs for platforms other than this machine's."""

BEYOND_EMULATION = {
    # A user namespace may not mount overlays. strace sees qemu's calls (tests-integration reads qemu's own trace). qemu
    # does not pass an ignored SIGHUP on, and refuses PR_SET_CHILD_SUBREAPER, by which a runtime finds children in other
    # sessions.
    "linux-aarch64": (
        *("overlay::", "a_later_run_writes_nothing", "broken_pipes_and_ignored_signals_are_inherited"),
        "a_cancelled_script_is_killed_with_its_children",
    ),
    # cmd of wine replaces names of variables in the values of variables. wine reports a name that is too long as a
    # missing file.
    "win-64": (
        "a_variable_name_in_a_prefix_is_not_replaced",
        "names_that_no_system_takes_are_refused_in_few_words",
    ),
}
"""Parts of the names of tests of the crates that see the emulation instead of the runtime."""

CAN_RUN_FOREIGN = PLACES["on Linux on x86-64"] and IS_ROOT
"""The tools are for Linux on x86-64; only root can map all users into a namespace."""


def find_obstacle() -> str:
    """Say why ``nox -s tests`` leaves these tests out; empty if it runs them."""
    if not os.environ.get(WITH_FOREIGN):
        return f"foreign not run: {WITH_FOREIGN} is not set"
    if not CAN_RUN_FOREIGN:
        return "foreign not run: only as root on Linux on x86-64"
    missing = {kit: None for subdir in FOREIGN_SUITES for kit in kits.list_missing(find_target(subdir))}
    return f"foreign not run: {', '.join(missing)} not in the cache, nox -s foreign fetches them" if missing else ""
