"""What ``cs verify`` finds, as values: one check each, all checks of a path, and all paths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from cs_lock import list_names

from ..errors import CliError, Diagnosed, describe_error
from ..terminal.lines import Line, paint
from ..terminal.paths import shorten_paths

_NAMED = 5

SCHEMA_VERSION = 1
"""Version of ``cs verify --json``; ``schemas/verify.schema.json`` is its schema."""

CheckName = Literal[
    "against-archives",
    "against-condarc",
    "against-header",
    "against-inputs",
    "against-lock",
    "against-plan",
    "against-workspace",
    "archives",
    "bytecode",
    "checksum",
    "checksums",
    "code-signature",
    "info",
    "listed",
    "lock",
    "notices",
    "packages",
    "provenance",
    "rebuild",
    "sbom",
    "signature",
    "spdx",
    "stamp",
    "subject",
    "template",
    "unchanged",
]
"""What can be checked; ``docs/reference/cs.md`` says what each name means; names do not change."""

Kind = Literal["folder", "runtime", "bundle", "companion"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One question about one file, and its answer.

    :ivar file: name of the file.
    :ivar ok: ``None`` if the question has no answer: something that it needs is missing, or was not given.
    :ivar detail: what was found.
    :ivar error: what is wrong, if ``ok`` is false.
    """

    file: str
    check: CheckName
    ok: bool | None
    detail: str
    error: Diagnosed | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the check as JSON values."""
        described = {} if self.error is None else {"error": describe_error(self.error)}
        return {"file": self.file, "check": self.check, "ok": self.ok, "detail": self.detail, **described}


@dataclass(slots=True, kw_only=True)
class Result:
    """The checks of one path.

    :ivar kind: what the path was taken for.
    """

    path: Path
    kind: Kind
    checks: list[Check] = field(default_factory=list)

    @property
    def problems(self) -> tuple[Diagnosed, ...]:
        """What is wrong."""
        return tuple(one.error for one in self.checks if one.error is not None)

    def attempt(self, file: str, check: CheckName, carry_out: Callable[[], str | None]) -> bool:
        """Carry out a check and record the answer.

        :param carry_out: returns what it found to be right, ``None`` if the question does not apply to this file, or
            raises an error of one of our packages.
        :returns: whether nothing is wrong.
        """
        try:
            detail = carry_out()
        except Exception as error:
            if not isinstance(error, Diagnosed):
                raise
            self.fail(file, check, error)
            return False
        if detail is not None:
            self.checks.append(Check(file=file, check=check, ok=True, detail=detail))
        return True

    def fail(self, file: str, check: CheckName, error: Diagnosed) -> None:
        """Record that something is wrong."""
        self.checks.append(Check(file=file, check=check, ok=False, detail=error.message, error=error))

    def leave(self, file: str, check: CheckName, detail: str) -> None:
        """Record a question without an answer.

        :param detail: why it has none.
        """
        self.checks.append(Check(file=file, check=check, ok=None, detail=detail))

    def to_dict(self) -> dict[str, Any]:
        """Return the result as JSON values."""
        return {
            "path": str(self.path),
            "kind": self.kind,
            "ok": not self.problems,
            "checks": [one.to_dict() for one in self.checks],
        }


_STATES = {True: paint("ok:", "green"), None: paint("not checked:", "yellow")}
"""How lines begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """The results of all paths, in the order in which they were given."""

    results: tuple[Result, ...]

    @property
    def problems(self) -> tuple[Diagnosed, ...]:
        """What is wrong with any of them."""
        return tuple(problem for result in self.results for problem in result.problems)

    @property
    def lines(self) -> list[Line]:
        """The lines that a person reads on stdout, the verdict last; problems are an error, on stderr."""
        several = len(self.results) > 1
        lines: list[Line] = [
            (_STATES[one.ok], f" {_place(result, one) if several else one.file}: {shorten_paths(one.detail)}")
            for result in self.results
            for one in result.checks
            if one.error is None
        ]
        return lines if self.problems else [*lines, self._verdict]

    @property
    def _verdict(self) -> Line:
        states = [one.ok for result in self.results for one in result.checks]
        passed, open_count = states.count(True), states.count(None)
        rest = f"; not checked: {open_count}" if open_count else ""
        return (paint(f"all {passed} checks passed" if passed else "nothing was checked", "bold"), rest)

    def error(self) -> Any:
        """Return what is wrong as one error, to be raised."""
        if len(self.problems) == 1:
            return self.problems[0]
        path = self.results[0].path if len(self.results) == 1 else None
        message = f"{len(self.problems)} problems found"
        return CliError(
            message, kind="verification-failed", path=path, problems=[Fault(error=one) for one in self.problems]
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the verification as the document of ``--json``."""
        return {
            "schema_version": SCHEMA_VERSION,
            "ok": not self.problems,
            "results": [result.to_dict() for result in self.results],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One of several problems, as the error that it would be if it were the only one."""

    error: Diagnosed

    def to_dict(self) -> dict[str, Any]:
        """Return the fault as JSON values."""
        return describe_error(self.error)


def _place(result: Result, check: Check) -> str:
    folder = result.path if result.kind == "folder" else result.path.parent
    return str(folder / check.file)


def join_names(names: Sequence[str]) -> str:
    """List names for a message, not more of them than a line has room for."""
    return list_names(names, _NAMED)
