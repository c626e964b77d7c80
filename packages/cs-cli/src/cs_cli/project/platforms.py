"""Conda platforms, target triples, and this machine."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import CliError, advise

if TYPE_CHECKING:
    from typing import Literal

    from cs_lock import Platform, Problem

    Severity = Literal["error", "warning"]

_ARCHITECTURES = {
    "x86_64": "64",
    "amd64": "64",
    "aarch64": "aarch64",
    "arm64": "arm64",
    "ppc64le": "ppc64le",
    "s390x": "s390x",
}
_SYSTEMS = {"linux": "linux", "darwin": "osx", "win32": "win"}

TRIPLES = {
    "x86_64-unknown-linux-gnu": "linux-64",
    "x86_64-unknown-linux-musl": "linux-64",
    "aarch64-unknown-linux-gnu": "linux-aarch64",
    "aarch64-unknown-linux-musl": "linux-aarch64",
    "x86_64-apple-darwin": "osx-64",
    "aarch64-apple-darwin": "osx-arm64",
    "x86_64-pc-windows-msvc": "win-64",
    "x86_64-pc-windows-gnu": "win-64",
    "aarch64-pc-windows-msvc": "win-arm64",
    "aarch64-pc-windows-gnullvm": "win-arm64",
}
"""Target triples of templates, with the conda subdir that each serves."""


ALL_PLATFORMS = "all"
"""What ``--platform`` says for every platform that the environment is solved for."""


def host_platform() -> str:
    """Name this machine's conda subdir."""
    import platform as host

    system = _SYSTEMS.get(sys.platform, sys.platform)
    machine = host.machine().lower()
    if system == "linux" and machine == "arm64":
        machine = "aarch64"
    return f"{system}-{_ARCHITECTURES.get(machine, machine)}"


def subdir_of_target(target: str) -> str:
    """Name the conda subdir of a target triple.

    :param target: value of ``--target``.
    :raises CliError: ``target-unknown``.
    """
    if target not in TRIPLES:
        from cs_lock import SUBDIRS, did_you_mean

        hint = advise("target-is-platform") if target in SUBDIRS else did_you_mean(target, TRIPLES)
        message = f"no template for the target {target!r}"
        raise CliError(
            message,
            kind="target-unknown",
            flag="--target",
            expected="one of " + ", ".join(TRIPLES),
            hint=hint,
        )
    return TRIPLES[target]


def choose_platform(platforms: Sequence[Platform], wanted: str | None, target: str | None) -> Platform:
    """Decide which of a lock's platforms to build for.

    :param platforms: those that the environment was solved for.
    :param wanted: value of ``--platform``: a platform's name, or a subdir that one platform has.
    :param target: value of ``--target``: a triple; it must agree with ``wanted`` if both are given.
    :raises CliError: ``platform-missing``, ``platform-ambiguous``, ``target-unknown`` or ``target-conflict``.
    """
    subdir = None if target is None else subdir_of_target(target)
    if wanted is not None:
        chosen = pick_platform(platforms, wanted, flag="--platform")
        if subdir not in (None, chosen.subdir):
            message = f"the target {target} is for {subdir}, not for {wanted}"
            raise CliError(message, kind="target-conflict", flag="--target")
        return chosen
    return pick_platform(platforms, subdir or host_platform(), flag=None if target is None else "--target")


def pick_platform(platforms: Sequence[Platform], wanted: str, *, flag: str | None) -> Platform:
    """Find a platform by its name, or by a subdir that only one has.

    :param flag: the flag that asked for it, if one did.
    :raises CliError: ``platform-missing`` or ``platform-ambiguous``.
    """
    from cs_lock import SUBDIRS, did_you_mean, match_platforms

    fitting = match_platforms(wanted, platforms)
    if len(fitting) == 1:
        return fitting[0]
    expected = "one of " + ", ".join(one.name for one in fitting or platforms)
    if fitting:
        message = f"the environment has several platforms for {wanted}"
        raise CliError(message, kind="platform-ambiguous", expected=expected, flag=flag)
    whose = "" if flag else ", this machine's platform"
    message = f"the environment is not solved for {wanted}{whose}"
    hint: str | None = "add this platform to the workspace and lock it again"
    if flag and wanted not in SUBDIRS:
        message = f"the environment has no platform {wanted!r}"
        hint = did_you_mean(wanted, [name for one in platforms for name in (one.name, one.subdir)])
    raise CliError(message, kind="platform-missing", expected=expected, hint=hint, flag=flag)


def check_platforms(platforms: Sequence[Platform]) -> list[Problem]:
    """Report the platforms for which no runtime can be built; an error if there are no others."""
    from cs_lock import Problem
    from cs_stamp import TEMPLATE_PLATFORMS

    without = [one for one in platforms if one.subdir not in TEMPLATE_PLATFORMS]
    severity: Severity = "error" if len(without) == len(platforms) else "warning"
    return [
        Problem(
            kind="platform-unsupported",
            severity=severity,
            message=f"runtimes cannot be built for {one.subdir}",
            platform=one.name,
            hint="templates exist for " + ", ".join(TEMPLATE_PLATFORMS),
        )
        for one in without
    ]
