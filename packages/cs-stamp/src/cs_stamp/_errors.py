"""Everything that this package raises on purpose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_TEXTS = ("kind", "message", "part", "key", "expected", "actual", "hint")


class StampError(Exception):
    """An error in a stamp, a template or the data to be stamped.

    :ivar kind: stable identifier of the sort of error.
    :ivar path: file that the error is about.
    :ivar part: part of the stamp: ``header``, ``plan``, ``lock``, ``bytecode``, ``bundle``, ``launch``, ``footer``.
    :ivar key: key path inside a JSON part, ``packages[0].sha256``.
    :ivar expected: what was expected.
    :ivar actual: what was found.
    :ivar hint: what to do about it.
    """

    kind: str = "stamp"

    def __init__(
        self,
        message: str,
        *,
        kind: str | None = None,
        path: Path | None = None,
        part: str | None = None,
        key: str | None = None,
        expected: str | None = None,
        actual: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind or type(self).kind
        self.message = message
        self.path = path
        self.part = part
        self.key = key
        self.expected = expected
        self.actual = actual
        self.hint = hint

    def __str__(self) -> str:
        """Return ``PATH: KEY: MESSAGE``, as far as known."""
        place = "" if self.path is None else str(self.path)
        return ": ".join(part for part in (place, self.key, self.message) if part)

    def to_dict(self) -> dict[str, Any]:
        """Return everything that is known, as JSON values by their names."""
        known = {name: getattr(self, name) for name in _TEXTS} | {"path": str(self.path or "")}
        return {name: value for name, value in known.items() if value}


class FieldError(StampError):
    """A wrong value of the header or the plan; ``key`` says which."""

    kind = "invalid-field"


class StampTooLargeError(StampError):
    """A part that is too large: readers would refuse to read it."""

    kind = "too-large"


class StampWriteError(StampError):
    """A stamp that could not be written; nothing was left behind."""

    kind = "cannot-write"


class StampReadError(StampError):
    """A file that could not be opened or read at all."""

    kind = "cannot-read"


class NotStampedError(StampError):
    """A file without a stamp."""

    kind = "not-stamped"


class MisplacedStampError(StampError):
    """A stamp where the platform's signature does not cover it: anybody can have put it there."""

    kind = "misplaced"


class SignatureError(StampError):
    """A signature of the platform that does not fit the file that it is in."""

    kind = "signature"


class UnsupportedVersionError(StampError):
    """A stamp of a format version that this package does not know."""

    kind = "unsupported-version"


class DamagedStampError(StampError):
    """A stamp that is not what its writer wrote; ``part`` says where."""

    kind = "damaged"


class TemplateError(StampError):
    """No template to stamp, or not a fitting one."""

    kind = "template"


class TemplateNotFoundError(TemplateError):
    """No template in any of the places that the message lists."""

    kind = "template-not-found"


class PlatformUnsupportedError(TemplateError):
    """A platform that runtimes cannot be built for."""

    kind = "platform-unsupported"


class NotExecutableError(TemplateError):
    """A file that is not an ELF, Mach-O or PE program."""

    kind = "template-not-executable"


class NotTemplateError(TemplateError):
    """A program that does not have the mark of a template."""

    kind = "not-a-template"


class TemplateFormatError(TemplateError):
    """A template that reads stamps of other format versions than this package writes."""

    kind = "template-format"


class TemplatePlatformError(TemplateError):
    """A template made for another operating system or processor."""

    kind = "template-platform"


class TemplateStampedError(TemplateError):
    """A template that already has a stamp."""

    kind = "template-stamped"


class ExecutableLayoutError(TemplateError):
    """An executable that has no place for a stamp."""

    kind = "executable-layout"
