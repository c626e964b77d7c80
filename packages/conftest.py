"""Where the tests of all packages start from."""

from __future__ import annotations

import contextlib

from steady import (
    pytest_make_collect_report,
    pytest_runtest_call,
    pytest_runtest_makereport,
    pytest_runtest_setup,
    settle,
)

__all__ = [
    "pytest_make_collect_report",
    "pytest_runtest_call",
    "pytest_runtest_makereport",
    "pytest_runtest_setup",
]

settle()

with contextlib.suppress(ImportError):  # not every package tests laws
    from hypothesis import settings

    # How long an example takes says how busy the machine is, and not everybody may write to this directory.
    settings.register_profile("random", deadline=None, database=None, derandomize=False)
    # The same examples at every run: a change fails for its own faults. `nox -s latest` looks for new ones.
    settings.register_profile("steady", settings.get_profile("random"), derandomize=True)
    settings.load_profile("steady")
