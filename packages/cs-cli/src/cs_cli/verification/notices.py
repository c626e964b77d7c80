"""``STEM.notices.txt``: whether it is about the runtime and its packages."""

from __future__ import annotations

from ..companions.notices import LARGEST_NOTICES, RULE, compose_title, label_package
from ..errors import CliError
from .checks import join_names
from .files import StagedFiles, reading
from .runtime import CheckedRuntime

_ROOM_BYTES = 64 << 20
"""For what the notices have besides the texts: names of packages and files."""


def check_notices(files: StagedFiles, name: str, runtime: CheckedRuntime) -> str:
    """Check that the notices name the runtime and each of its packages, and no other package.

    The texts are not compared: they are in the archives, which an ``online`` runtime does not have.

    :raises CliError: ``notices-mismatch``.
    """
    header = runtime.report.header
    data = files.read(name, LARGEST_NOTICES + _ROOM_BYTES)
    with reading(files.path(name), "notices-mismatch"):
        title, *lines = data.partition(f"\n{RULE}".encode())[0].decode().split("\n")
    expected = compose_title(header.runtime, header.runtime_version)
    if title != expected:
        raise _mismatch(files, name, expected, title[:200])
    planned = {label_package(one) for one in runtime.report.plan.archives}
    listed = {line.strip().partition(": ")[0] for line in lines if line.startswith("  ")}
    if listed != planned:
        missing, extra = join_names(sorted(planned - listed)), join_names(sorted(listed - planned))
        raise _mismatch(files, name, missing or "no more packages", extra or "no such packages")
    return f"names the runtime and its {len(planned)} packages"


def _mismatch(files: StagedFiles, name: str, expected: str, actual: str) -> CliError:
    message, path, hint = "it does not match the runtime", files.path(name), "build it again"
    return CliError(message, kind="notices-mismatch", path=path, expected=expected, actual=actual, hint=hint)
