"""Which packages of a lock cannot ship, described so that its owner knows where to start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from .dependencies import list_names
from .environments import ForeignPackage
from .errors import LockError, Problem
from .foreign import normalize_pypi_name
from .selection import Selection

_FOLDED_NAMES = 5
_REASON = "only conda packages can"


@dataclass(slots=True)
class _Refused:
    """A package that cannot ship, on all of its platforms.

    :ivar roots: the requested packages that need it, itself included.
    """

    package: ForeignPackage
    platforms: list[str] = field(default_factory=list)
    roots: set[str] = field(default_factory=set)

    def add(self, package: ForeignPackage, platform: str, roots: frozenset[str]) -> None:
        """Add the same package on another platform."""
        if package.version != self.package.version:
            self.package = replace(self.package, version=None)
        self.platforms.append(platform)
        self.roots |= roots


def refuse_foreign(selections: Sequence[Selection], features: Mapping[str, str]) -> list[Problem]:
    """Describe the packages that cannot ship: requested ones first, the others with the packages that need them.

    :param selections: what would ship on each platform.
    :param features: for package names, the workspace's feature that asks for it.
    """
    refused: dict[str, _Refused] = {}
    for selection in selections:
        for label, package in selection.foreign_by_label.items():
            one = refused.setdefault(label, _Refused(package))
            one.add(package, selection.platform.name, selection.roots.get(label, frozenset()))
    normal = {normalize_pypi_name(name): feature for name, feature in features.items()}
    pypi = {label: one for label, one in refused.items() if one.package.kind == "pypi"}
    problems = _refuse_pypi(pypi, normal)
    for label, one in refused.items():
        if label not in pypi:
            feature = normal.get(normalize_pypi_name(one.package.name))
            problems.append(_refuse_archive(one.package, one.package.error, one.platforms, feature))
    return problems


def _refuse_pypi(refused: Mapping[str, _Refused], features: Mapping[str, str]) -> list[Problem]:
    """Describe PyPI packages: one problem for each requested one, and one for those that several of them need."""
    asked = {label: one for label, one in refused.items() if label in one.roots}
    others = [one for label, one in refused.items() if label not in asked and len(one.roots) != 1]
    problems = []
    for label, one in asked.items():
        count = sum(other.roots == {label} for other in refused.values()) - 1
        feature = features.get(one.package.name)
        message = f"the PyPI package {_name_version(one.package)}{_origin(feature)} cannot ship"
        message += f", nor can {count} that only it needs" if count else ""
        problems.append(_describe(one.package, one.platforms, f"{message}: {_REASON}", feature))
    if others:
        names = [one.package.name for one in others]
        message = f"{'other ' if asked else ''}PyPI packages cannot ship: {list_names(names, _FOLDED_NAMES)}"
        platforms = dict.fromkeys(name for one in others for name in one.platforms)
        problems.append(_describe(others[0].package, [*platforms], message, None))
    if problems:
        # Excluding these also excludes what only they need.
        unneeded = [*asked.values(), *(one for one in others if not one.roots)]
        names = [f'"{one.package.name}"' for one in unneeded]
        hint = f"{problems[0].hint}; to ship without any from PyPI, set exclude = [{', '.join(names)}]"
        problems[0] = replace(problems[0], hint=hint)
    return problems


def _describe(package: ForeignPackage, platforms: Sequence[str], message: str, feature: str | None) -> Problem:
    return Problem(
        kind="pypi-package",
        message=message,
        platforms=tuple(platforms),
        package=package.name,
        feature=feature,
        key=package.key,
        hint="depend on conda packages instead",
    )


def _refuse_archive(
    package: ForeignPackage, error: LockError | None, platforms: Sequence[str], feature: str | None
) -> Problem:
    """Describe a source package, or an archive whose entry is damaged."""
    if error is None:
        kind, key = "source-package", package.key
        message = f"the source package {_name_version(package)}{_origin(feature)} cannot ship: {_REASON}"
        hint: str | None = f"depend on its conda package instead, or put {package.name!r} into 'exclude'"
    else:
        kind, key, feature = error.kind, error.key or package.key, None
        message = error.message if package.name in error.message else f"{package.name}: {error.message}"
        if error.expected is not None:
            message += f"; expected {error.expected}, found {error.actual}"
        hint = error.hint or "lock the workspace again"
    return Problem(
        kind=kind,
        message=message,
        platforms=tuple(platforms),
        package=package.name,
        feature=feature,
        key=key,
        hint=hint,
    )


def _name_version(package: ForeignPackage) -> str:
    return f"{package.name} {package.version}" if package.version else package.name


def _origin(feature: str | None) -> str:
    return f", which the feature {feature!r} asks for," if feature else ""
