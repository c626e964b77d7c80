"""The mark of a template: what it is and which stamps it reads, found without running it."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ._errors import NotTemplateError, TemplateError, TemplateFormatError, TemplatePlatformError
from ._layout import (
    COPY_CHUNK_BYTES,
    FORMAT_VERSION,
    MARK_CANDIDATES_LIMIT,
    MARK_MAGIC,
    MARK_SEARCH_LIMIT_BYTES,
    MARK_SIZE_BYTES,
)
from ._paths import StrPath

_MARK = struct.Struct("<16s8I24s32s24s")
_TEXT = re.compile(rb"([!-~]+)\0+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The description that a template contains.

    :ivar name: its name, ``cs-template``.
    :ivar version: its release.
    :ivar target: conda subdir of the system and processor that it was compiled for.
    :ivar stamp_formats: format versions of the stamps that it reads, ascending.
    """

    name: str
    version: str
    target: str
    stamp_formats: tuple[int, ...]

    def to_bytes(self) -> bytes:
        """Render the mark, as a template holds it."""
        formats = (*self.stamp_formats, *(0,) * (8 - len(self.stamp_formats)))
        texts = (text.encode() for text in (self.name, self.version, self.target))
        return _MARK.pack(MARK_MAGIC, *formats, *texts)


def read_mark(path: StrPath, *, size_bytes: int | None = None) -> Mark:
    """Find the mark of a template, or of the template in a runtime.

    :param size_bytes: how much of the file is the template; default: all of it.
    :raises NotTemplateError: if there is none, or there are several that differ.
    :raises TemplateError: if the file cannot be read.
    """
    path = Path(path)
    try:
        marks = _search(path, MARK_SEARCH_LIMIT_BYTES if size_bytes is None else size_bytes)
    except OSError as error:
        raise TemplateError(f"cannot read the template: {error.strerror or error}", path=path) from error
    if len(marks) != 1:
        raise NotTemplateError(
            "this is not a conda-ship template" + (": it contains several different marks" if marks else ""),
            path=path,
            expected="an executable with the mark of a template",
            hint="use a `cs-template` executable of this release",
        )
    return marks.pop()


def require_format(mark: Mark, path: StrPath) -> None:
    """Refuse a template that does not read the stamps that this package writes.

    :raises TemplateFormatError: if it does not.
    """
    path = Path(path)
    if FORMAT_VERSION not in mark.stamp_formats:
        formats = ", ".join(map(str, mark.stamp_formats))
        newer = mark.stamp_formats[0] > FORMAT_VERSION
        raise TemplateFormatError(
            f"{mark.name} {mark.version} reads stamps of format {formats}; this release writes format {FORMAT_VERSION}",
            path=path,
            expected=f"a template that reads format {FORMAT_VERSION}",
            actual=f"format {formats}",
            hint=f"use a {'newer cs or an older' if newer else 'newer'} template",
        )


def require_target(mark: Mark, platforms: Sequence[str], path: StrPath) -> None:
    """Refuse a template whose mark does not name the platform of the executable that it is in.

    :param platforms: conda subdirs that the executable runs on.
    :raises TemplatePlatformError: if the mark names another.
    """
    path = Path(path)
    if mark.target not in platforms:
        runs_on = ", ".join(platforms)
        raise TemplatePlatformError(
            f"the mark of this template says {mark.target}, but the executable runs on {runs_on}",
            path=path,
            expected=runs_on,
            actual=mark.target,
            hint="use a `cs-template` executable of this release",
        )


def _search(path: Path, limit_bytes: int) -> set[Mark]:
    """Return every mark in the beginning of a file that differs from the others.

    None if too much of it looks like one: a template has few.
    """
    marks: set[Mark] = set()
    window, done, candidates = b"", 0, 0
    with path.open("rb") as file:
        while done < limit_bytes and (data := file.read(min(COPY_CHUNK_BYTES, limit_bytes - done))):
            done += len(data)
            window = window[1 - MARK_SIZE_BYTES :] + data
            position = window.find(MARK_MAGIC)
            while position >= 0:
                candidates += 1
                if candidates > MARK_CANDIDATES_LIMIT:
                    return set()
                mark = _parse_mark(window[position : position + MARK_SIZE_BYTES])
                marks |= set() if mark is None else {mark}
                position = window.find(MARK_MAGIC, position + 1)
    return marks


def _parse_mark(data: bytes) -> Mark | None:
    """Parse a mark; ``None`` if this is something else that starts with the same bytes."""
    if len(data) != MARK_SIZE_BYTES:
        return None
    _, *formats, name, version, target = _MARK.unpack(data)
    texts = [found[1].decode() for text in (name, version, target) if (found := _TEXT.fullmatch(text))]
    known = tuple(filter(None, formats))
    is_ordered = list(known) == sorted(set(known)) and formats == [*known, *(0,) * (8 - len(known))]
    if not known or not is_ordered or len(texts) != 3:
        return None
    return Mark(name=texts[0], version=texts[1], target=texts[2], stamp_formats=known)
