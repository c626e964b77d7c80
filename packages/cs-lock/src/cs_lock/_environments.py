"""What a source lock says about an environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from ._blocks import Node
from ._errors import LockError
from ._names import pypi_label
from ._platforms import Platform

PackageKind = Literal["conda", "source", "pypi"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel of an environment.

    :ivar url: as the lock gives it.
    :ivar used_env_vars: environment variables that held its credentials.
    """

    url: str
    used_env_vars: tuple[str, ...] = ()


class Reference(NamedTuple):
    """A line of an environment's package list.

    :ivar kind: ``conda`` for an archive, ``source`` for a package that is built when it is installed, or ``pypi``.
    :ivar location: URL, path, or identifier of a source package.
    :ivar selector: the line itself.
    :ivar list_key: key path of the list.
    :ivar position: of the line in the list, counted from 0.
    """

    kind: PackageKind
    location: str
    selector: Mapping[str, Node]
    list_key: str
    position: int

    @property
    def key(self) -> str:
        """Key path of the line."""
        return f"{self.list_key}[{self.position}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignPackage:
    """A package that the lock has no archive of, or whose entry is damaged.

    :ivar kind: ``source`` for a conda package that is built from source; ``conda`` or ``pypi`` for a damaged entry.
    :ivar name: in its ecosystem's normal form.
    :ivar location: of a source package, its folder or repository, without ``NAME[HASH] @``.
    :ivar key: key path of its entry.
    :ivar depends: names of the packages that it needs: PyPI's for ``pypi``, else conda's.
    :ivar error: what is wrong with the entry.
    """

    kind: PackageKind
    name: str
    version: str | None
    location: str
    key: str
    depends: tuple[str, ...]
    license: str | None = None
    error: LockError | None = None

    @property
    def label(self) -> str:
        """The name, with ``pypi:`` in front of it for a PyPI package."""
        return pypi_label(self.name) if self.kind == "pypi" else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEnvironment:
    """One environment of a source lock.

    :ivar platforms: those that it was solved for, sorted by name.
    :ivar references: for each platform name, the packages.
    """

    name: str
    channels: tuple[Channel, ...]
    platforms: tuple[Platform, ...]
    references: Mapping[str, tuple[Reference, ...]]

    @property
    def is_solved(self) -> bool:
        """Whether it has packages on any platform."""
        return any(self.references.values())

    def rename_platforms(self, names: Mapping[str, str]) -> SourceEnvironment:
        """Return the environment with other names for some of its platforms.

        :param names: new names by the present ones; a new name must not be that of another platform.
        """
        platforms = [replace(one, name=names.get(one.name, one.name)) for one in self.platforms]
        return replace(
            self,
            platforms=tuple(sorted(platforms, key=lambda platform: platform.name)),
            references={names.get(name, name): references for name, references in self.references.items()},
        )
