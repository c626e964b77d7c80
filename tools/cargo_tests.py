"""The command of cargo that runs the crates' tests."""

from __future__ import annotations

import shutil
from collections.abc import Sequence


def make_command(
    *selection: str, profile: str = "dev", without: Sequence[str] = (), as_root: bool = False
) -> list[str]:
    """Return the words after ``cargo``: those of nextest where it is installed.

    :param selection: what cargo selects, such as ``--workspace``.
    :param without: parts of the names of tests to leave out.
    :param as_root: also run the tests that need root.
    """
    if shutil.which("cargo-nextest"):
        filters = [f"--filterset={' and '.join(f'not test({name})' for name in without)}"] if without else []
        ignored = ["--run-ignored", "all"] if as_root else []
        return ["nextest", "run", f"--cargo-profile={profile}", "--locked", *selection, *ignored, *filters]
    skips = [word for name in without for word in ("--skip", name)]
    ignored = ["--include-ignored"] if as_root else []
    return ["test", f"--profile={profile}", "--locked", *selection, "--", *ignored, *skips]
