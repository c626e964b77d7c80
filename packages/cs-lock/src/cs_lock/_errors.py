"""Problems of a lock, as data and as one exception."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

_MESSAGE_LENGTH = 2000
_TOGETHER = ("is_requested", "plural", "plural_hint")
_TEXTS = ("kind", "message", "line", "column", "key", "expected", "actual", "hint")

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One reason why an environment cannot ship, or a warning about it.

    :ivar kind: stable identifier, such as ``missing-dependency``.
    :ivar platforms: names of the platforms that have it.
    :ivar platform: the platform, if it is just one.
    :ivar key: key path in the source lock, such as ``packages[3].sha256``, or in the file at ``path``.
    :ivar path: file that it is about, unless that is the source lock.
    :ivar is_requested: whether the workspace itself asks for the package.
    :ivar plural: what it says of several packages that all have it, after their number: ``need an archive``.
    :ivar plural_hint: what to do about several of them; ``hint`` if it is the same.
    """

    kind: str
    message: str
    severity: Severity = "error"
    platform: str | None = None
    platforms: tuple[str, ...] = ()
    package: str | None = None
    feature: str | None = None
    key: str | None = None
    line: int | None = None
    column: int | None = None
    path: Path | None = None
    hint: str | None = None
    is_requested: bool = False
    plural: str | None = None
    plural_hint: str | None = None

    def __post_init__(self) -> None:
        if self.platform is not None and not self.platforms:
            object.__setattr__(self, "platforms", (self.platform,))
        object.__setattr__(self, "platform", self.platforms[0] if len(self.platforms) == 1 else None)

    def to_dict(self) -> dict[str, Any]:
        """Return the problem as a JSON-ready mapping.

        :returns: every field by its name, except those that only serve to show several problems together.
        """
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in _TOGETHER}
        path = None if self.path is None else str(self.path)
        return {**fields, "platforms": [*self.platforms], "path": path}


def merge_platforms(problems: Iterable[Problem], *, key: Callable[[Problem], Hashable] | None = None) -> list[Problem]:
    """Merge problems that differ only in their platform.

    :param key: what merged problems have in common; default: everything else.
    :returns: the first of those that were merged, with the platforms of all, in the order of their appearance.
    """
    merged: dict[Hashable, list[Problem]] = {}
    for one in problems:
        merged.setdefault(key(one) if key else replace(one, platform=None, platforms=()), []).append(one)
    return [
        replace(some[0], platform=None, platforms=tuple(dict.fromkeys(name for one in some for name in one.platforms)))
        for some in merged.values()
    ]


class LockError(Exception):
    """A lock that cannot be read, or an environment of it that cannot ship.

    :ivar kind: stable identifier of what went wrong.
    :ivar path: the lock file.
    :ivar line: line in it, counted from 1.
    :ivar column: column in it, counted from 1.
    :ivar key: key path, such as ``packages[3].sha256``.
    :ivar expected: what should have been there.
    :ivar actual: what was there.
    :ivar hint: what to do.
    :ivar problems: all problems, when a check can find several.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: str,
        path: Path | None = None,
        line: int | None = None,
        column: int | None = None,
        key: str | None = None,
        expected: str | None = None,
        actual: str | None = None,
        hint: str | None = None,
        problems: Iterable[Problem] = (),
    ) -> None:
        if len(message) > _MESSAGE_LENGTH:
            # A damaged lock can have names of any length.
            message = message[:_MESSAGE_LENGTH] + "..."
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.path = path
        self.line = line
        self.column = column
        self.key = key
        self.expected = expected
        self.actual = actual
        self.hint = hint
        self.problems: tuple[Problem, ...] = tuple(problems)

    def __str__(self) -> str:
        """Return ``PATH:LINE:COLUMN: KEY: MESSAGE``, as far as known."""
        place = ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)
        return ": ".join(part for part in (place, self.key, self.message) if part)

    def to_dict(self) -> dict[str, Any]:
        """Return everything that is known, as JSON values by their names."""
        known = {name: getattr(self, name) for name in _TEXTS}
        known |= {"path": str(self.path or ""), "problems": [problem.to_dict() for problem in self.problems]}
        return {name: value for name, value in known.items() if value}
