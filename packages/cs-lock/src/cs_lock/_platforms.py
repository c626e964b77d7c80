"""Conda subdirs, and the platforms of a lock that build on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_ARCHITECTURES_OF = {
    "linux": "32 64 aarch64 armv6l armv7l loongarch64 ppc ppc64 ppc64le riscv32 riscv64 s390x",
    "freebsd": "32 64 arm64 ppc64 ppc64le",
    "osx": "64 arm64",
    "ios": "arm64",
    "iossimulator": "64 arm64",
    "android": "32 64 aarch64 armv7a",
    "win": "32 64 arm64",
    "emscripten": "wasm32 wasm64",
    "wasi": "wasm32",
    "zos": "z",
}

SUBDIRS = frozenset(f"{system}-{name}" for system, names in _ARCHITECTURES_OF.items() for name in names.split())
"""Every subdir that rattler knows and a platform can have; a package may also be ``noarch``."""

_ARCHITECTURE_NAMES = {"32": "x86", "64": "x86_64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """A platform that an environment was solved for.

    :ivar name: as the lock calls it, such as ``linux-64`` or ``linux-64-cuda``.
    :ivar subdir: the conda subdir it stands for.
    :ivar virtual_packages: those that it promises besides the subdir, such as ``__cuda >=12``.
    """

    name: str
    subdir: str
    virtual_packages: tuple[str, ...] = ()


def match_platforms(name: str, platforms: Iterable[Platform]) -> list[Platform]:
    """Return the platforms that a name means: the one with that name, otherwise those with that subdir."""
    every = list(platforms)
    return [one for one in every if one.name == name] or [one for one in every if one.subdir == name]


def find_subdir(name: str, package_subdirs: Iterable[str]) -> str | None:
    """Find the subdir of a platform if the lock does not state it.

    A name that is a subdir stands for itself. Otherwise the packages decide; if all are noarch, it is the longest
    subdir that the name starts with.

    :param name: the platform's name.
    :param package_subdirs: subdirs of the packages that were solved for it.
    :returns: the subdir, or ``None`` when it cannot be known.
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

    :param subdir: such as ``linux-64``.
    :returns: ``arch`` and ``platform``, such as ``("x86_64", "linux")``; both ``None`` for ``noarch``.
    """
    if subdir not in SUBDIRS:
        return None, None
    system, _, architecture = subdir.partition("-")
    return _ARCHITECTURE_NAMES.get(architecture, architecture), system
