"""Platforms of a workspace, and the target selectors that match them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .project import Project

KNOWN_SUBDIRS = (
    "emscripten-wasm32",
    "freebsd-64",
    "linux-32",
    "linux-64",
    "linux-aarch64",
    "linux-armv6l",
    "linux-armv7l",
    "linux-loongarch64",
    "linux-ppc64",
    "linux-ppc64le",
    "linux-riscv32",
    "linux-riscv64",
    "linux-s390x",
    "osx-64",
    "osx-arm64",
    "wasi-wasm32",
    "win-32",
    "win-64",
    "win-arm64",
    "zos-z",
)
"""Subdirs that conda packages are published for, without ``noarch``."""

_FAMILIES = {"linux": "linux-", "osx": "osx-", "macos": "osx-", "win": "win-", "windows": "win-"}
_NOT_UNIX = ("win-", "wasi-", "zos-")
_VIRTUAL_PACKAGES = {
    "archspec": "__archspec",
    "cuda": "__cuda",
    "glibc": "__glibc",
    "libc": "__glibc",
    "linux": "__linux",
    "macos": "__osx",
    "osx": "__osx",
    "win": "__win",
    "windows": "__win",
}
_FRIENDLY_NAMES = {"__osx": "macos", "__win": "windows"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """A platform of a workspace.

    :param name: what the workspace calls it; a subdir unless the workspace gives it a name of its own.
    :param subdir: conda subdir, such as ``linux-64``.
    :param virtual_packages: virtual packages that it promises, with their versions.
    """

    name: str
    subdir: str
    virtual_packages: tuple[tuple[str, str], ...] = ()


def read_platforms(project: Project) -> tuple[Platform, ...]:
    """Return the platforms that the workspace declares, in its order.

    :raises ManifestError: when an entry is neither a string nor a table that names a platform.
    """
    for table in ("workspace", "project"):
        entries = project.table(table).get("platforms")
        if entries is not None:
            key = project.key(table, "platforms")
            break
    else:
        return ()
    if not isinstance(entries, list):
        raise project.document.error(
            "has to be a list of platforms", kind="value-type", key=key, expected="a list", actual=entries
        )
    return tuple(_read_platform(project, (*key, index), entry) for index, entry in enumerate(entries))


def _read_platform(project: Project, key: tuple[str | int, ...], entry: Any) -> Platform:
    if isinstance(entry, str):
        return Platform(name=entry, subdir=entry)
    subdir = entry.get("platform", entry.get("name")) if isinstance(entry, dict) else None
    if not isinstance(subdir, str):
        raise project.document.error(
            "has to be a subdir such as linux-64, or a table with platform or name",
            kind="value-invalid",
            key=key,
            expected="a subdir, or a table",
            actual=entry,
        )
    virtual = _read_virtual_packages(entry)
    name = str(entry.get("name", _derive_name(subdir, virtual)))
    return Platform(name=name, subdir=subdir, virtual_packages=virtual)


def _derive_name(subdir: str, virtual: tuple[tuple[str, str], ...]) -> str:
    """Name a platform as Pixi does: ``osx-arm64`` with ``macos = "14.5"`` is ``osx-arm64-macos-14-5``."""
    words = [subdir]
    for package, version in virtual:
        words += [_FRIENDLY_NAMES.get(package, package.lstrip("_")), re.sub(r"[^A-Za-z0-9]+", "-", version)]
    return "-".join(word for word in words if word)


def _read_virtual_packages(entry: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    found = []
    for key, value in entry.items():
        name = key if key.startswith("__") else _VIRTUAL_PACKAGES.get(key)
        if name is not None:
            version = value.get("version", "") if isinstance(value, dict) else value
            found.append((name, str(version)))
    return tuple(found)


def match_selector(selector: str, platform: Platform) -> int:
    """Tell whether ``target.SELECTOR`` applies to a platform, and how closely.

    :returns: 0 when it does not; else a number that is larger the more specific the selector is.
    """
    if selector == platform.name:
        return 5
    if selector == platform.subdir:
        return 4
    if selector in _FAMILIES:
        return 3 if platform.subdir.startswith(_FAMILIES[selector]) else 0
    if selector == "unix":
        return 0 if platform.subdir.startswith(_NOT_UNIX) else 2
    if re.search(r"[*?\[]", selector):
        return int(fnmatchcase(platform.name, selector) or fnmatchcase(platform.subdir, selector))
    return 0
