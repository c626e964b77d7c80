"""Platforms of a workspace, and the target selectors that match them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._project import Project

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
"""Subdirs that conda packages are published for, without ``noarch``; ``cs_lock.SUBDIRS`` has more, all that a lock may
name."""

_FAMILIES = {"linux": "linux-", "osx": "osx-", "macos": "osx-", "win": "win-", "windows": "win-"}
_NOT_UNIX = ("win-", "wasi-", "zos-")
_VIRTUAL_PACKAGES = {
    "cuda": "__cuda",
    "archspec": "__archspec",
    "glibc": "__glibc",
    "libc": "__glibc",
    "linux": "__linux",
    "macos": "__osx",
    "osx": "__osx",
    "windows": "__win",
    "win": "__win",
}
# Pixi builds a name from these, in this order, then from all others by their own names.
_FRIENDLY_NAMES = {
    "__cuda": "cuda",
    "__archspec": "archspec",
    "__glibc": "glibc",
    "__linux": "linux",
    "__osx": "macos",
    "__win": "windows",
}
_CUDA_FIELDS = {"driver": "", "version": "", "arch": "_arch"}
# What Pixi assumes on every machine of a family: not part of a platform's name or identity.
_DEFAULTS = {
    "__unix": {"0", "0=0"},
    "__glibc": {"2.28"},
    "__linux": {"4.18"},
    "__osx": {"13"},
    "__win": {"10"},
    "__archspec": {
        f"0={name}" for name in ("x86", "x86_64", "aarch64", "m1", "ppc64", "ppc64le", "s390x", "riscv32", "riscv64")
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """A platform of a workspace.

    :ivar name: its name in the workspace; the subdir, unless the workspace sets another name.
    :ivar subdir: conda subdir, such as ``linux-64``.
    :ivar virtual_packages: its virtual packages, each with a version, or ``VERSION=BUILD``.
    """

    name: str
    subdir: str
    virtual_packages: tuple[tuple[str, str], ...] = ()

    @property
    def customs(self) -> frozenset[tuple[str, str]]:
        """The virtual packages that differ from what every machine of the subdir is taken to have."""
        return frozenset(
            (name, _plain(version)) for name, version in self.virtual_packages if not _is_default(name, version)
        )


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
            "must be a list of platforms", kind="value-type", key=key, expected="a list", actual=entries
        )
    return tuple(_read_platform(project, (*key, index), entry) for index, entry in enumerate(entries))


def _read_platform(project: Project, key: tuple[str | int, ...], entry: Any) -> Platform:
    if isinstance(entry, str):
        return Platform(name=entry, subdir=entry)
    subdir = entry.get("platform", entry.get("name")) if isinstance(entry, dict) else None
    if not isinstance(subdir, str):
        raise project.document.error(
            "must be a subdir such as linux-64, or a table with platform or name",
            kind="value-invalid",
            key=key,
            expected="a subdir, or a table",
            actual=entry,
        )
    virtual = _read_virtual_packages(entry)
    style = "osx" if project.kind.lock_name == "conda.lock" else "macos"
    name = str(entry.get("name", _derive_name(subdir, virtual, macos=style)))
    return Platform(name=name, subdir=subdir, virtual_packages=virtual)


def _derive_name(subdir: str, virtual: tuple[tuple[str, str], ...], *, macos: str) -> str:
    """Name a platform as Pixi does: ``osx-arm64`` with ``macos = "14.5"`` is ``osx-arm64-macos-14-5``.

    :param macos: the word for macOS in the name; conda-workspaces uses ``osx``.
    """
    order = list(_FRIENDLY_NAMES)
    words = [subdir]
    for package, value in sorted(virtual, key=lambda one: (order.index(one[0]) if one[0] in order else 99, one[0])):
        if _is_default(package, value):
            continue
        version, _, build = value.partition("=")
        if package == "__archspec" and version == "0":
            value = build
        name = macos if package == "__osx" else _FRIENDLY_NAMES.get(package, package)
        words += [re.sub(r"[^A-Za-z0-9]+", "-", word).strip("-") for word in (name, value)]
    return "-".join(word for word in words if word)


def _read_virtual_packages(entry: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    found: dict[str, str] = {}
    for key, value in entry.items():
        name = key if key.startswith("__") else _VIRTUAL_PACKAGES.get(key)
        if name == "__cuda" and isinstance(value, dict):
            found |= {f"__cuda{suffix}": str(value[field]) for field, suffix in _CUDA_FIELDS.items() if field in value}
        elif name is not None:
            if isinstance(value, dict) and "family" in value:
                name = f"__{value['family']}"
            version = str(value.get("version", "") if isinstance(value, dict) else value)
            found[name] = f"0={version}" if key == "archspec" else version
    return tuple(found.items())


def _is_default(package: str, version: str) -> bool:
    return _plain(version) in _DEFAULTS.get(package, ())


def _plain(version: str) -> str:
    """Write a version without the zeros at its end, which have no meaning."""
    return re.sub(r"(\.0)+$", "", version)


def align_platforms(declared: Iterable[Platform], locked: Iterable[Platform]) -> dict[str, Platform]:
    """Find which platform of a workspace each platform of its lock is.

    Pixi 0.71 and later may call a platform ``p1`` in the lock, and a workspace may have renamed one since it was
    locked. A platform is matched, in this order: the one of the same name; the only one with the same subdir and the
    same virtual packages; the only one left of the same subdir.

    :param declared: platforms of the workspace.
    :param locked: platforms of the lock.
    :returns: the workspace's platform by the lock's name, without those that the workspace does not have.
    """
    by_name = {platform.name: platform for platform in declared}
    left = {platform.name: platform for platform in locked}
    aligned = {name: by_name.pop(name) for name in list(left) if name in by_name}
    for identity in (lambda one: (one.subdir, one.customs), lambda one: one.subdir):
        groups: dict[object, list[str]] = {}
        for name, platform in left.items():
            if name not in aligned:
                groups.setdefault(identity(platform), []).append(name)
        for key, names in groups.items():
            fitting = [platform for platform in by_name.values() if identity(platform) == key]
            if len(names) == len(fitting) == 1:
                aligned[names[0]] = by_name.pop(fitting[0].name)
    return aligned


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
