"""Conda platforms, target triples, and this machine."""

from __future__ import annotations

import platform as host
import sys

from .errors import CliError

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
    "aarch64-pc-windows-msvc": "win-arm64",
}
"""Target triples of templates, with the conda subdir that each serves."""


def host_platform() -> str:
    """Name this machine's conda subdir."""
    system = _SYSTEMS.get(sys.platform, sys.platform)
    machine = host.machine().lower()
    if system == "linux" and machine == "arm64":
        machine = "aarch64"
    return f"{system}-{_ARCHITECTURES.get(machine, machine)}"


def select_platform(platform: str | None, target: str | None) -> str:
    """Decide which platform to build for.

    :param platform: value of ``--platform``.
    :param target: value of ``--target``.
    :raises CliError: ``target-unknown`` or ``target-conflict``.
    """
    if target is None:
        return platform or host_platform()
    if target not in TRIPLES:
        triples = ", ".join(TRIPLES)
        message = f"there is no template for the target {target!r}"
        raise CliError("target-unknown", message, key="--target", expected=triples, exit_code=2)
    subdir = TRIPLES[target]
    if platform is not None and platform != subdir:
        message = f"--target {target} is for {subdir}, but --platform says {platform}"
        raise CliError("target-conflict", message, key="--target", hint="give one of the two", exit_code=2)
    return subdir
