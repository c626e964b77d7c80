"""Conda subdirs, and the platforms of a lock that build on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SUBDIRS = frozenset(
    {
        "linux-32",
        "linux-64",
        "linux-aarch64",
        "linux-armv6l",
        "linux-armv7l",
        "linux-loongarch64",
        "linux-ppc",
        "linux-ppc64",
        "linux-ppc64le",
        "linux-riscv32",
        "linux-riscv64",
        "linux-s390x",
        "freebsd-64",
        "osx-64",
        "osx-arm64",
        "win-32",
        "win-64",
        "win-arm64",
        "emscripten-wasm32",
        "wasi-wasm32",
        "zos-z",
    }
)
"""Every subdir that a platform can have; a package may also be ``noarch``."""

_ARCHITECTURES = {"32": "x86", "64": "x86_64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """A platform that an environment was solved for.

    :param name: as the lock calls it, such as ``linux-64`` or ``linux-64-cuda``
    :param subdir: the conda subdir it stands for
    :param virtual_packages: what it promises beyond the subdir, such as ``__cuda >=12``
    """

    name: str
    subdir: str
    virtual_packages: tuple[str, ...] = ()


def find_subdir(name: str, package_subdirs: Iterable[str]) -> str | None:
    """Find the subdir of a platform that the lock does not map to one.

    A known name is its own subdir. Else the packages decide; if all are noarch, the longest subdir that the name
    starts with.

    :param name: the platform's name
    :param package_subdirs: subdirs of the packages that were solved for it
    :returns: the subdir, or ``None`` when it cannot be known
    """
    if name in SUBDIRS:
        return name
    native = set(package_subdirs) - {"noarch"}
    if len(native) == 1:
        return native.pop()
    prefixes = [subdir for subdir in SUBDIRS if name.startswith(f"{subdir}-")]
    return max(prefixes, key=len, default=None) if not native else None


def split_subdir(subdir: str) -> tuple[str | None, str | None]:
    """Split a subdir as repodata records do.

    :param subdir: such as ``linux-64``
    :returns: ``arch`` and ``platform``, such as ``("x86_64", "linux")``; both ``None`` for ``noarch``
    """
    if subdir not in SUBDIRS:
        return None, None
    system, _, architecture = subdir.partition("-")
    return _ARCHITECTURES.get(architecture, architecture), system
