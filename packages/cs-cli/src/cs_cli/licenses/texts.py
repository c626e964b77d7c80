"""The texts of licences in package archives, which are not trusted."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ..terminal.escaping import escape_line

LARGEST_TEXT = 8 << 20
"""Bytes of one file: the largest known ones list the licences of a browser engine, and take 12 MB as HTML."""

LARGEST_TEXTS = 16 << 20
"""Bytes of all texts of one archive."""

MOST_FILES = 2000
"""Files of one archive."""

_LONGEST_NAME = 200
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CONDA = re.compile(r"info/(?:licenses/.+|(?:LICEN[CS]E|COPYING|NOTICE)[^/]*)", re.IGNORECASE | re.DOTALL)
_WHEEL = re.compile(r"licen[cs]es/.+|(?:LICEN[CS]E|COPYING|NOTICE|AUTHORS)[^/]*", re.IGNORECASE | re.DOTALL)
_ENDS_OF_LINES = dict.fromkeys(map(ord, "\n\t\f\r"))


@dataclass(frozen=True, slots=True)
class LicenseFile:
    """A file of an archive that has the text of a licence.

    :ivar name: its path in the archive, safe to show.
    :ivar text: UTF-8 with ends of lines as ``\\n`` and no other control characters; empty if it was not read.
    :ivar fault: why it was not read.
    """

    name: str
    text: bytes = b""
    fault: str | None = None


class LicenseCollector:
    """Collects the texts of one archive, within limits: what exceeds them is named and left out."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._files: list[LicenseFile] = []
        self._left = LARGEST_TEXTS

    @property
    def files(self) -> tuple[LicenseFile, ...]:
        """What was collected, by name."""
        return tuple(sorted(self._files, key=lambda file: (file.name, file.text)))

    def add_conda(self, name: str, file: IO[bytes]) -> None:
        """Add a file of ``info/`` if it has the text of a licence; otherwise nothing is read."""
        if _CONDA.fullmatch(name) and self._has_room():
            self._add(name.removeprefix("info/"), file.read(min(LARGEST_TEXT, self._left) + 1))

    def add_wheel(self, wheel: Path, stated: Iterable[str], most: int) -> None:
        """Add the texts of a wheel.

        :param stated: paths in ``dist-info``, as ``License-File`` has them.
        :param most: how many members the wheel may have.
        :raises ValueError: if it is not a wheel; zlib raises other errors, too.
        """
        # Imported on use: most commands read no archive.
        from ..archives.zips import iterate_zip, read_member

        names = {place + name for name in stated for place in ("", "licenses/")}
        with wheel.open("rb") as file:
            for member in iterate_zip(file, most):
                top, _, name = member.name.partition("/")
                is_text = name in names or _WHEEL.fullmatch(name)
                if not top.endswith(".dist-info") or not is_text or name.endswith("/"):
                    continue
                if self._has_room():
                    limit = min(LARGEST_TEXT, self._left)
                    data = read_member(file, member, limit) if member.size_bytes <= limit else bytes(limit + 1)
                    self._add(name, data)

    def _has_room(self) -> bool:
        """Tell whether another file may be added; the first time that none may, say so in the list."""
        if len(self._files) == MOST_FILES:
            self._files.append(LicenseFile("other texts", fault=f"more than {MOST_FILES} files"))
        return len(self._files) < MOST_FILES

    def _add(self, name: str, data: bytes) -> None:
        shown = escape_line(name)
        shown = shown if len(shown) <= _LONGEST_NAME else f"{shown[:_LONGEST_NAME]}..."
        if len(data) > min(LARGEST_TEXT, self._left):
            self._files.append(LicenseFile(shown, fault="too large"))
            return
        text = clean_text(data)
        self._left -= len(data)
        self._files.append(LicenseFile(shown, text or b"", None if text is not None else "not a text"))


def clean_text(data: bytes) -> bytes | None:
    """Return a text as UTF-8 that no terminal obeys; ``None`` if it is not a text.

    Texts in UTF-8 or UTF-16 are read as such, others as Windows-1252. Spaces at the ends of lines and empty lines
    around the text are removed, so that copies of a text are the same.
    """
    text = _decode(data)
    controls = sum(text.count(chr(code)) for code in range(32) if code not in _ENDS_OF_LINES)
    if "\0" in text or controls * 8 > len(text):
        return None
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n")
    lines = (escape_line(line.expandtabs(8)).rstrip() for line in text.split("\n"))
    return "\n".join(lines).strip("\n").encode()


def _decode(data: bytes) -> str:
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
