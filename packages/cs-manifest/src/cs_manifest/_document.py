"""A manifest file, read and parsed, with its text kept for error positions."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

import tomli

from ._credentials import mask_credentials
from ._errors import ErrorKind, ManifestError
from ._positions import KEY_PART, KeyPath, Position, find_duplicate, format_key, locate, position_at

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MAX_SIZE_BYTES = 1024 * 1024
"""A manifest is written by hand; the largest public ones are a few hundred kilobytes."""

MAX_KEY_PARTS = 32
"""The TOML parser's memory grows with the square of the parts of a dotted key."""

_LONG_KEY = re.compile(
    rf"(?P<before>(?:^|[{{,\[])[ \t]*)(?:(?:{KEY_PART.pattern})[ \t]*\.[ \t]*){{{MAX_KEY_PARTS}}}", re.MULTILINE
)
_ABOUT_VALUES = ("value-type", "value-invalid", "environment-not-found")
_CONFLICT = re.compile("^(?:<{7}|>{7}) ", re.MULTILINE)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A parsed TOML file.

    :ivar path: where it was read from.
    :ivar text: its text, with LF line ends and without a byte order mark.
    :ivar data: its tables.
    """

    path: Path
    text: str = field(repr=False)
    data: Mapping[str, Any] = field(repr=False)

    def error(
        self,
        message: str,
        *,
        kind: ErrorKind,
        key: KeyPath = (),
        expected: str | None = None,
        actual: object = None,
        hint: str | None = None,
    ) -> ManifestError:
        """Make an error that points at a key of this file, or at its value if that is wrong.

        :param key: key path from the top of the document.
        :param actual: the value found; described, not printed in full.
        :returns: the error, to be raised by the caller.
        """
        line, column = self.locate(key, value=kind in _ABOUT_VALUES) or (None, None)
        return ManifestError(
            message,
            kind=kind,
            path=self.path,
            line=line,
            column=column,
            key=format_key(key) or None,
            expected=expected,
            actual=None if actual is None else describe(actual),
            hint=hint,
        )

    def locate(self, key: KeyPath, *, value: bool) -> Position | None:
        """Find a key of this file, or where its value begins; see :func:`cs_manifest._positions.locate`."""
        return locate(self.text, key, value=value)

    def table(self, key: KeyPath) -> Mapping[str, Any]:
        """Return a table, or an empty one when it is missing.

        :raises ManifestError: when the value is not a table.
        """
        value: Any = self.data
        for length, part in enumerate(key, 1):
            value = value.get(part, {})
            if not isinstance(value, dict):
                raise self.error(
                    f"must be a table, not {describe(value)}",
                    kind="table-invalid",
                    key=key[:length],
                    expected="a table",
                    actual=value,
                )
        table: Mapping[str, Any] = value
        return table


def read_document(path: Path) -> Document:
    """Read and parse a manifest.

    :param path: a TOML 1.1 file, UTF-8, at most ``MAX_SIZE_BYTES`` long.
    :raises ManifestError: when it cannot be read, is too large, is not UTF-8 or not TOML.
    """
    content = _read_bytes(path)
    text = _decode(path, content.removeprefix(_BYTE_ORDER_MARK)).replace("\r\n", "\n")
    _check_key_parts(path, text)
    try:
        data = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        _raise_syntax_error(path, text, error)
    except (RecursionError, ValueError) as error:
        raise ManifestError(
            "values are nested too deeply" if isinstance(error, RecursionError) else f"a value cannot be read: {error}",
            kind="manifest-syntax",
            path=path,
            expected="TOML",
            hint="check the path",
        ) from error
    return Document(path=path, text=text, data=data)


def _read_bytes(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ManifestError(
                    "is not a regular file", kind="manifest-unreadable", path=path, expected="a TOML file"
                )
            content = file.read(MAX_SIZE_BYTES + 1)
    except OSError as error:
        raise ManifestError(
            f"cannot be read: {error.strerror}", kind="manifest-unreadable", path=path, expected="a readable TOML file"
        ) from error
    if len(content) > MAX_SIZE_BYTES:
        raise ManifestError(
            f"is larger than {MAX_SIZE_BYTES // 2**20} MiB",
            kind="manifest-too-large",
            path=path,
            expected="a TOML file written by hand",
            hint="check the path",
        )
    return content


def _decode(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        utf16 = content[:2] in (b"\xff\xfe", b"\xfe\xff")
        raise ManifestError(
            "is UTF-16, not UTF-8" if utf16 else f"byte 0x{content[error.start]:02x} is not UTF-8",
            kind="manifest-encoding",
            path=path,
            line=before.count(b"\n") + 1,
            column=len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1,
            expected="UTF-8",
            hint="save the file as UTF-8",
        ) from error


def _check_key_parts(path: Path, text: str) -> None:
    match = _LONG_KEY.search(text)
    if match is None:
        return
    line, column = position_at(text, match.end("before"))
    raise ManifestError(
        f"a key has more than {MAX_KEY_PARTS} parts",
        kind="manifest-syntax",
        path=path,
        line=line,
        column=column,
        expected=f"at most {MAX_KEY_PARTS} parts",
        hint="check the path",
    )


def _raise_syntax_error(path: Path, text: str, error: tomli.TOMLDecodeError) -> NoReturn:
    duplicate = find_duplicate(text) if re.search("overwrite|twice|Duplicate", error.msg) else None
    if duplicate is None:
        line, column, reason, hint = _explain_syntax(text, error)
        raise ManifestError(
            f"is not valid TOML: {reason}",
            kind="manifest-syntax",
            path=path,
            line=line,
            column=column,
            expected="TOML",
            hint=hint,
        ) from error
    key, (line, column), (first_line, _) = duplicate
    raise ManifestError(
        f"is defined twice, first on line {first_line}",
        kind="manifest-syntax",
        path=path,
        line=line,
        column=column,
        key=format_key(key),
        hint="remove or merge one of the two",
    ) from error


def _explain_syntax(text: str, error: tomli.TOMLDecodeError) -> tuple[int, int, str, str | None]:
    """Say where a text is not TOML, why, and what to do about the usual slips."""
    conflict = _CONFLICT.search(text)
    if conflict is not None:
        line, _ = position_at(text, conflict.start())
        return line, 1, "it has the marks of a merge conflict", "resolve the conflict"
    reason, rest = f"{error.msg[:1].lower()}{error.msg[1:]}", text[error.pos :]
    if reason == r"illegal character '\n'":
        return error.lineno, error.colno, "a text is not closed before the line ends", "add the missing quote"
    word = re.match(r"[A-Za-z][\w.-]*", rest) if reason == "invalid value" else None
    return error.lineno, error.colno, reason, f'put text in quotes: "{word.group()}"' if word else None


def describe(value: object) -> str:
    """Name a TOML value for a message: its type, and a short one itself."""
    names = {bool: "a boolean", int: "an integer", float: "a float", list: "an array", dict: "a table"}
    if isinstance(value, str):
        value = mask_credentials(value)  # before it is cut: half a password would not be recognised
        return repr(value if len(value) <= 80 else value[:77] + "...")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        # Python refuses to print integers of more than 4300 digits.
        return str(value) if not isinstance(value, int) or value.bit_length() < 256 else "a very large integer"
    return names.get(type(value), "a date or time")
