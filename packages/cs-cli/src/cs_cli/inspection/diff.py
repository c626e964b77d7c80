"""What is different between two lists of packages, as values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .packages import ListedPackage

Kind = Literal["added", "removed", "changed"]
KINDS: tuple[Kind, ...] = ("added", "removed", "changed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A package that only one of two lists has, or that they have in different versions, builds or archives.

    :ivar before: ``None`` for one that was added.
    :ivar after: ``None`` for one that was removed.
    """

    before: ListedPackage | None
    after: ListedPackage | None

    @property
    def kind(self) -> Kind:
        """What happened."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"

    @property
    def package(self) -> ListedPackage:
        """The package as it is, or was before it was removed."""
        found = self.after or self.before
        assert found is not None  # a change has at least one of the two
        return found

    @property
    def growth_bytes(self) -> int | None:
        """By how many bytes the archives of the list grow; ``None`` if a size is not known."""
        sizes = [0 if one is None else one.size_bytes for one in (self.before, self.after)]
        return None if sizes[0] is None or sizes[1] is None else sizes[1] - sizes[0]

    def to_dict(self) -> dict[str, Any]:
        """Return the change as JSON values."""
        return {
            "key": self.package.key,
            "change": self.kind,
            "before": None if self.before is None else _describe(self.before),
            "after": None if self.after is None else _describe(self.after),
        }


def _describe(package: ListedPackage) -> dict[str, Any]:
    return {name: getattr(package, name) for name in ("version", "build", "sha256", "size_bytes")}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformComparison:
    """Two lists of packages of a platform.

    :ivar changes: what was added, then what was removed, then what changed; each sorted by name.
    :ivar before_size_bytes: of all archives of the first list; ``None`` if one of them is not known.
    """

    platform: str
    changes: tuple[Change, ...]
    before_count: int
    after_count: int
    before_size_bytes: int | None
    after_size_bytes: int | None

    def count(self, kind: Kind) -> int:
        """Return the number of changes of a kind."""
        return sum(change.kind == kind for change in self.changes)

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON values."""
        names = ("platform", "before_count", "after_count", "before_size_bytes", "after_size_bytes")
        return {
            **{name: getattr(self, name) for name in names},
            "changes": [change.to_dict() for change in self.changes],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What would ship, compared with something earlier.

    :ivar earlier: path of what the earlier packages are of, as it was given.
    """

    earlier: str
    platforms: tuple[PlatformComparison, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as JSON values."""
        return {"earlier": self.earlier, "platforms": [one.to_dict() for one in self.platforms]}


def compare_packages(
    platform: str, before: Iterable[ListedPackage], after: Iterable[ListedPackage]
) -> PlatformComparison:
    """Compare two lists of packages.

    The same archive has the same size, even if only one of the lists knows it.

    :param platform: name of the platform.
    """
    before, after = tuple(before), tuple(after)
    old, new = ({one.key: one for one in some} for some in (before, after))
    changes = [
        Change(before=old.get(key), after=new.get(key))
        for key in sorted(old.keys() | new.keys())
        if key not in old or key not in new or is_other(old[key], new[key])
    ]
    return PlatformComparison(
        platform=platform,
        changes=tuple(sorted(changes, key=lambda one: (KINDS.index(one.kind), one.package.name, one.package.key))),
        before_count=len(before),
        after_count=len(after),
        before_size_bytes=_add_up(before),
        after_size_bytes=_add_up(after),
    )


def is_other(before: ListedPackage, after: ListedPackage) -> bool:
    """Tell whether two packages of one name are not the same; what one of them does not know does not count."""
    fields = ((before.sha256, after.sha256), (before.version, after.version), (before.build, after.build))
    if before.sha256 and after.sha256:
        return before.sha256 != after.sha256
    return any(one != other for one, other in fields if one is not None and other is not None)


def _add_up(packages: Sequence[ListedPackage]) -> int | None:
    sizes = [one.size_bytes for one in packages]
    return None if None in sizes else sum(size or 0 for size in sizes)
