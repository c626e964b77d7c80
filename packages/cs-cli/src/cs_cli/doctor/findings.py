"""What ``cs doctor`` finds, as values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from ..error_text import name_place
from ..errors import Diagnosed, describe_error

State = Literal["ok", "warning", "problem"]

SCHEMA_VERSION = 1
"""Version of ``cs doctor --json``; ``schemas/doctor.schema.json`` is its schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    :ivar topic: what it is about: stable, one word.
    :ivar message: what was found, in one line.
    :ivar hint: what to do about it.
    :ivar details: the same as JSON values.
    """

    topic: str
    state: State
    message: str
    hint: str | None = None
    details: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as JSON values."""
        return {
            "topic": self.topic,
            "state": self.state,
            "message": self.message,
            "hint": self.hint,
            "details": self.details,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """Everything that was found."""

    findings: tuple[Finding, ...]

    @property
    def is_ok(self) -> bool:
        """Whether nothing is broken; warnings are not."""
        return not any(finding.state == "problem" for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Return the document of ``--json``."""
        checks = [finding.to_dict() for finding in self.findings]
        return {"schema_version": SCHEMA_VERSION, "ok": self.is_ok, "checks": checks}


def diagnose(topic: str, error: Diagnosed, state: State = "problem") -> Finding:
    """Turn an error into a finding."""
    described = describe_error(error)
    place = name_place(described)
    return Finding(
        topic=topic,
        state=state,
        message=f"{place}: {described['message']}" if place else described["message"],
        hint=described.get("hint"),
        details={"kind": described["kind"]},
    )


Look = Callable[[], Iterable[Finding]]
"""Looks at one thing."""


def attempt(topic: str, look: Look) -> Iterator[Finding]:
    """Look at something; whatever goes wrong is a finding, too: the others are still looked at."""
    try:
        yield from look()
    except Exception as error:
        if isinstance(error, Diagnosed):
            yield diagnose(topic, error)
        else:
            reason = error.strerror if isinstance(error, OSError) else None
            yield Finding(topic=topic, state="problem", message=f"cannot look: {reason or error!r}")
