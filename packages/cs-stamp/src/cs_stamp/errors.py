"""Everything that this package raises on purpose."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar


class StampError(Exception):
    """Say what is wrong with a stamp, a template or the data to be stamped.

    :ivar kind: stable identifier of the sort of error.
    :ivar path: file that the error is about.
    :ivar part: part of the stamp: ``header``, ``plan``, ``lock``, ``bytecode``, ``bundle``, ``launch``, ``footer``.
    :ivar key: key path inside a JSON part, ``packages[0].sha256``.
    :ivar expected: what should have stood there.
    :ivar actual: what stood there.
    :ivar hint: what to do about it.
    """

    kind: ClassVar[str] = "stamp"

    def __init__(
        self,
        message: str,
        *,
        path: Path | None = None,
        part: str | None = None,
        key: str | None = None,
        expected: str | None = None,
        actual: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.part = part
        self.key = key
        self.expected = expected
        self.actual = actual
        self.hint = hint

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path is not None else ""
        advice = f" ({self.hint})" if self.hint else ""
        return f"{where}{self.message}{advice}"


class FieldError(StampError):
    """Refuse a value of the header or the plan; ``key`` says which."""

    kind = "invalid-field"


class StampTooLargeError(StampError):
    """Refuse to write a part that readers would refuse to read."""

    kind = "too-large"


class StampWriteError(StampError):
    """Report that a stamp could not be written; nothing was left behind."""

    kind = "cannot-write"


class StampReadError(StampError):
    """Report that a file could not be opened or read at all."""

    kind = "cannot-read"


class NotStampedError(StampError):
    """Report that a file bears no stamp."""

    kind = "not-stamped"


class UnsupportedVersionError(StampError):
    """Report a stamp of a format version that this package does not know."""

    kind = "unsupported-version"


class DamagedStampError(StampError):
    """Report a stamp that is not what its writer wrote; ``part`` says where."""

    kind = "damaged"


class TemplateError(StampError):
    """Report that there is no template to stamp, or not a fitting one."""

    kind = "template"


class TemplateNotFoundError(TemplateError):
    """Report that no template was found; the message lists where it was looked for."""

    kind = "template-not-found"


class PlatformUnsupportedError(TemplateError):
    """Report a platform that runtimes cannot be built for."""

    kind = "platform-unsupported"


class NotExecutableError(TemplateError):
    """Report a file that is no ELF, Mach-O or PE program."""

    kind = "template-not-executable"


class NotTemplateError(TemplateError):
    """Report a program that does not bear the mark of a template."""

    kind = "not-a-template"


class TemplateFormatError(TemplateError):
    """Report a template that reads stamps of other format versions than this package writes."""

    kind = "template-format"


class TemplatePlatformError(TemplateError):
    """Report a template made for another operating system or processor."""

    kind = "template-platform"


class TemplateStampedError(TemplateError):
    """Report a template that bears a stamp already."""

    kind = "template-stamped"
