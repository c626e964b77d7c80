"""Errors of the command line, and one shape for the errors of every package below it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

EXIT_FAILED = 1
EXIT_USAGE = 2

FIELDS = ("path", "line", "column", "key", "part", "name", "url", "expected", "actual", "hint")
"""What an error may say besides its message; the packages' error roots use the same names."""


_LISTED = 20


class Issue(Protocol):
    """One of several things that are wrong."""

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values; ``message`` is one of them."""
        ...


class CliError(Exception):
    """Say why ``cs`` cannot do what it was asked to.

    :ivar kind: stable identifier, for ``--error-format json``.
    :ivar problems: everything that is wrong, when it is more than one thing.
    :ivar exit_code: 1 when the work failed, 2 when the request was wrong.
    """

    def __init__(
        self,
        kind: str,
        message: str,
        *,
        path: Path | None = None,
        key: str | None = None,
        expected: str | None = None,
        actual: str | None = None,
        hint: str | None = None,
        problems: Iterable[Issue] = (),
        exit_code: int = EXIT_FAILED,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.path = path
        self.key = key
        self.expected = expected
        self.actual = actual
        self.hint = hint
        self.problems = tuple(problems)
        self.exit_code = exit_code


def exit_code_of(error: Exception) -> int:
    """Decide the exit status: a wrong command line, flags of the manifest's keys included, is 2, all else 1."""
    if str(getattr(error, "key", None) or "").startswith("--"):
        return EXIT_USAGE
    return int(getattr(error, "exit_code", EXIT_FAILED))


def describe_error(error: Exception) -> dict[str, Any]:
    """Bring an error of any of our packages into one shape.

    :returns: ``kind``, ``message``, those of :data:`FIELDS` that are known, ``lines`` to add to a file where there are
        some, and ``problems`` where there are several.
        No address in them holds a secret, whoever wrote it.
    """
    described: dict[str, Any] = {
        "kind": str(getattr(error, "kind", "internal")),
        "message": str(getattr(error, "message", error)),
    }
    for field in FIELDS:
        value = getattr(error, field, None)
        if value is not None:
            described[field] = value if isinstance(value, int) else str(value)
    if lines := getattr(error, "lines", ()):
        described["lines"] = list(lines)
    problems = getattr(error, "problems", ())
    if problems:
        described["problems"] = [problem.to_dict() for problem in problems]
    return {name: _redact(value) for name, value in described.items()}


def _redact(value: Any) -> Any:
    """Mask the addresses in every text of a JSON value."""
    from cs_bundle import redact_text

    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, dict):
        return {name: _redact(inner) for name, inner in value.items()}
    return [_redact(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def render_error(error: Exception) -> list[str]:
    """Render an error as the lines that a person reads."""
    described = describe_error(error)
    place = ":".join(str(described[field]) for field in ("path", "line", "column") if field in described)
    key = f"{described['key']}: " if "key" in described else ""
    lines = [f"error: {place + ': ' if place else ''}{key}{described['message']}"]
    values = [(name, str(described[name])) for name in ("expected", "actual") if name in described]
    lines += [f"  {name}: {value}" for name, value in values if value not in described["message"]]
    problems = described.get("problems", [])
    lines += [f"  - {_render_problem(problem)}" for problem in problems[:_LISTED]]
    if len(problems) > _LISTED:
        lines.append(f"  and {len(problems) - _LISTED} more; --error-format json has them all")
    if "hint" in described:
        lines.append(f"  hint: {described['hint']}")
    if "lines" in described:
        lines += ["", *(f"    {line}" for line in described["lines"])]
    return lines


def _render_problem(problem: dict[str, Any]) -> str:
    platforms = problem.get("platforms") or [problem[key] for key in ("platform",) if problem.get(key)]
    place = "".join(f"{name}: " for name in (", ".join(platforms), problem.get("path")) if name)
    hint = f" ({problem['hint']})" if problem.get("hint") else ""
    return f"{place}{problem['message']}{hint}"
