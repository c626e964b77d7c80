"""Errors of the command line, and one shape for the errors of every package that it uses."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar, runtime_checkable

EXIT_FAILED = 1
EXIT_USAGE = 2

CACHE_VARIABLE = "CONDA_SHIP_CACHE_DIR"
PASSPHRASE_VARIABLE = "CONDA_SHIP_SIGN_PASSPHRASE"

FIELDS = ("path", "line", "column", "part", "key", "name", "url", "expected", "actual", "hint", "lines", "problems")
"""What an error may say besides its kind and its message; :class:`Diagnosed` describes each."""

_USAGE = frozenset({"usage", "not-found", "unconfirmed"})
"""Kinds of a wrong command line; an error that names a ``flag`` is one, whatever its kind."""

_ADVICE = {
    "root-not-found": "give the project's directory with --root",
    "manifest-not-found": "give the project's directory with --root, or its manifest with --manifest",
    "lock-not-found": "give another one with --source-lock",
    "version-missing": "give one with --runtime-version",
    "version-metadata": "give one with --runtime-version",
    "template-not-found": "name one with --template",
    "template-platform": "name a template for the platform with --template",
    "target-conflict": "give one of the two",
    "target-is-platform": "that is a platform: give it with --platform",
    "platform-ambiguous": "name one of them with --platform",
    "platform-missing": "name another one with --platform",
    "names-collide": "build one of the two with --platform and --target-label",
    "locked-archive": "lock another version or build of the package: this is the very archive that the lock names",
    "package-not-found": "cs inspect --list names all packages",
    "no-cache": f"set {CACHE_VARIABLE} or --cache-dir to a directory",
    "delegate-unknown": "name the program that users run with --delegate",
    "new-workspace": "make a workspace with `pixi init`, and add packages with `pixi add`",
    "not-a-cache": f"name another directory with {CACHE_VARIABLE} or --cache-dir",
    "cache-unreadable": f"choose another directory with {CACHE_VARIABLE} or --cache-dir",
    "unconfirmed": "confirm with --yes; --dry-run shows what would be removed",
    "archive-folder": "name another one with --archives",
    "long-list": "-v lists them all",
    "offline": "run once without --offline, or name a cache that has it with --cache-dir",
    "cache": f"choose another directory with {CACHE_VARIABLE} or --cache-dir",
    "output": "choose another directory with --out-dir",
    "temporary": "set TMPDIR to another directory",
    "key-passphrase": f"give the passphrase with --passphrase-file or {PASSPHRASE_VARIABLE}",
    "outdated": "use --no-lock-check to ship what is locked",
    "version-unknown": "give --runtime-version",
    "template-differs": "give that template with --template",
    "statement": "give the statement with --provenance",
    "public-key": "give the publisher's public key with --key",
    "unbuilt": "--rebuild builds them",
    "unread-archives": "cs inspect --check-delegate downloads what the check needs",
}
"""What to do with the flags of ``cs``, by the kind of an error or another topic: the packages do not know these flags.

:func:`describe_error` adds the advice for an error's kind, :func:`advise` that for a topic.
"""

_SYSTEM_ADVICE = (
    ({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}, "free some disk space"),
    ({errno.EMFILE, errno.ENFILE}, "raise the limit on open files, such as with `ulimit -n 4096`"),
    ({errno.EACCES, errno.EPERM}, "check the permissions"),
    ({errno.EROFS}, "the file system is read-only: choose another place"),
    ({errno.ENOMEM}, "close other programs"),
)
"""What to do about errors of the system, by their numbers."""

_EASIER = {"key-missing": "run `cs init`"}
"""What is easier than to add a table to a file, by the kind of an error."""

EXPLAINED = frozenset(
    {
        "build-backend",
        "certificates",
        "credentials",
        "delegate-missing",
        "disk-full",
        "http-status",
        "internal",
        "invalid-yaml",
        "lock-not-found",
        "manifest-not-found",
        "missing-archive",
        "network",
        "platform-missing",
        "pypi-source",
        "rebuild-differs",
        "sha256-mismatch",
        "stale-lock",
        "template-not-found",
        "wheel-not-built",
    }
)
"""Kinds whose section of the page of errors has more to do than fits into a hint."""

GUESS = "did you mean"
"""How a hint begins that names what was probably meant."""


class Issue(Protocol):
    """One of several things that are wrong."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values; ``message`` is one of them."""
        ...


@runtime_checkable
class Diagnosed(Protocol):
    """An error that a package raises on purpose. Each package has one root with this shape.

    It is created with ``(message, *, kind, ...)``. Its text is ``PATH:LINE:COLUMN: KEY: MESSAGE``, as far as known,
    without advice and exit status. Not every error has all of :data:`FIELDS`.

    """

    @property
    def kind(self) -> str:
        """Stable identifier, such as ``sha256-mismatch``."""
        ...

    @property
    def message(self) -> str:
        """What is wrong, in one sentence without a full stop."""
        ...

    @property
    def path(self) -> Path | None:
        """File that it is about."""
        ...

    hint: str | None
    """What to do about it."""

    def to_dict(self) -> dict[str, Any]:
        """Return what is known as JSON values: ``kind``, ``message`` and :data:`FIELDS`.

        ``key`` is a key path in the file, ``part`` a part of a stamp, ``name`` an entry of a bundle, ``url`` where an
        archive comes from, ``expected`` and ``actual`` what should have been there and what was found, ``lines`` what
        to add to the file, and ``problems`` a list if more than one thing is wrong.
        """
        ...


class CliError(Exception):
    """A request that ``cs`` cannot carry out.

    :ivar kind: stable identifier, for ``--error-format json``.
    :ivar path: file that the error is about.
    :ivar line: 1-based line in it.
    :ivar column: 1-based column, in characters.
    :ivar part: part of a stamp that the error is about.
    :ivar key: flag, or key of a file, that the error is about.
    :ivar flag: the flag, if its value is wrong; it is the key then.
    :ivar expected: what would have been valid.
    :ivar actual: what was found.
    :ivar hint: what to do about it.
    :ivar problems: a list of problems, if there are several.
    :ivar platforms: names of all platforms, if the problems are those of a lock: a person reads "all platforms".
    """

    def __init__(
        self,
        message: str,
        *,
        kind: str,
        path: Path | None = None,
        line: int | None = None,
        column: int | None = None,
        part: str | None = None,
        key: str | None = None,
        expected: str | None = None,
        actual: str | None = None,
        hint: str | None = None,
        problems: Iterable[Issue] = (),
        flag: str | None = None,
        platforms: Iterable[str] = (),
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.path = path
        self.line = line
        self.column = column
        self.key = key or flag
        self.expected = expected
        self.actual = actual
        self.hint = hint
        self.problems = tuple(problems)
        self.platforms = tuple(platforms)
        self.flag = flag
        self.part = part

    def __str__(self) -> str:
        """Return ``PATH:LINE:COLUMN: KEY: MESSAGE``, as far as known."""
        place = ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)
        return ": ".join(part for part in (place, self.key, self.message) if part)

    def to_dict(self) -> dict[str, Any]:
        """Return everything that is known, as JSON values by their names."""
        names = ("kind", "message", "line", "column", "part", "key", "expected", "actual", "hint")
        known = {name: getattr(self, name) for name in names}
        known |= {"path": str(self.path or ""), "problems": [problem.to_dict() for problem in self.problems]}
        return {name: value for name, value in known.items() if value}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformFault:
    """Why a build for one of several platforms failed, as the error that it would be alone.

    :ivar platform: the workspace's name of the platform.
    """

    platform: str
    error: Any

    def to_dict(self) -> dict[str, Any]:
        """Return the fault as JSON values."""
        return {"platform": self.platform, **describe_error(self.error)}


def explain_system(error: OSError) -> CliError:
    """Describe what the system has refused, with the file if it has a name: a number of one would help nobody."""
    name, reason = error.filename, error.strerror or str(error)
    hint = next((text for numbers, text in _SYSTEM_ADVICE if error.errno in numbers), None)
    if isinstance(name, (str, bytes)):
        return CliError(reason, kind="io", path=Path(os.fsdecode(name)), hint=hint)
    return CliError(f"the system refused something that cs needs: {reason}", kind="io", hint=hint)


def exit_status_of(error: Diagnosed) -> int:
    """Return :data:`EXIT_USAGE` if the command line was wrong, :data:`EXIT_FAILED` if the work failed."""
    is_usage = isinstance(error, CliError) and (error.flag is not None or error.kind in _USAGE)
    return EXIT_USAGE if is_usage else EXIT_FAILED


def advise(topic: str, hint: str | None = None) -> str:
    """Return the advice for a topic, after a hint if there is one; a likely name needs no other advice."""
    if hint and hint.startswith(GUESS):
        return hint
    return ", or ".join(part for part in (hint, _ADVICE[topic]) if part)


def name_installs(requirement: str, *, again: bool = False) -> str:
    """Name the commands that install ``cs`` with something more, one for each tool that people install it with.

    :param requirement: as pip takes it, such as ``cs-cli[spdx]``.
    :param again: install everything again, even if it is there.
    """
    tools = ("pip install", "uv tool install", "pipx install --force")
    if again:
        tools = ("pip install --force-reinstall", "uv tool install --force", "pipx install --force")
    commands = ", ".join(f'`{tool} "{requirement}"`' for tool in tools)
    return f"{commands} (as cs was installed)"


AnyError = TypeVar("AnyError", bound=Diagnosed)


def add_advice(error: AnyError, topic: str) -> AnyError:
    """Add the advice for a topic to an error of a package, which does not know what the file is for.

    :returns: the error.
    """
    error.hint = advise(topic, error.hint)
    return error


def replace_advice(error: AnyError, topic: str) -> AnyError:
    """Give an error the advice for a topic instead of its own hint.

    :returns: the error.
    """
    error.hint = advise(topic)
    return error


def add_hint(error: AnyError, text: str) -> AnyError:
    """Add what somebody who reads an error should know.

    :returns: the error.
    """
    error.hint = "; ".join(filter(None, (error.hint, text)))
    return error


def describe_error(error: Diagnosed) -> dict[str, Any]:
    """Describe an error of any of our packages, as JSON values.

    :returns: what :meth:`Diagnosed.to_dict` says, with advice. No address in it contains a secret.
    """
    described = error.to_dict()
    if error.kind in _ADVICE:
        described["hint"] = advise(error.kind, error.hint)
    if error.kind in _EASIER and any(line.startswith("[") for line in described.get("lines", ())):
        described["hint"] = f"{_EASIER[error.kind]}, or {error.hint}"
    return {name: _redact(value) for name, value in described.items()}


def _redact(value: Any) -> Any:
    """Mask the addresses in every text of a JSON value."""
    from cs_bundle import redact_text

    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, dict):
        return {name: _redact(inner) for name, inner in value.items()}
    return [_redact(inner) for inner in value] if isinstance(value, (list, tuple)) else value
