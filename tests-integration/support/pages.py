"""The pages of the documentation, as a reader follows them: their files, their commands, and what these print.

A block of the language ``console`` holds commands, after ``$``, and what they print. Tests run all of them, in the
order of the page, and write each file that a page shows with a title. An HTML comment above a block, which readers do
not see, may say more:

``<!-- not run: REASON -->``
    Tests leave the block out.
``<!-- status 1 -->``
    The last command of the block ends with this exit status instead of 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(r'^( *)(```+)(\w*)(?: title="([^"]*)")?[^`]*$')
_NOTE = re.compile(r"^ *<!-- (.+) -->$")
_NOT_RUN = "not run: "
_SNIPPET = "--8<--"
_ELLIPSIS = "…"
# What differs from build to build or from machine to machine: digests, sizes, times.
_VARIABLE = re.compile(r"\b[0-9a-f]{12,64}\b|\b[0-9][0-9,.]* ?(?:bytes|[kMG]?B|m?s)\b")
_HEX = re.compile(r"[0-9a-f]{12,64}")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page.

    :ivar line: the number of its first line.
    :ivar title: the name of the file that it shows, if it does.
    :ivar note: what the comment above it says.
    """

    line: int
    language: str
    title: str
    note: str
    text: str

    @property
    def is_run(self) -> bool:
        """Whether tests run its commands."""
        return self.language == "console" and not self.note.startswith(_NOT_RUN)

    @property
    def is_written(self) -> bool:
        """Whether tests write it as a file, as the reader does; what is a file of this repository they do not."""
        return bool(self.title) and _SNIPPET not in self.text and not self.note.startswith(_NOT_RUN)


@dataclass(frozen=True, slots=True)
class Shown:
    """A command of a page.

    :ivar output: what the page shows under it, nothing if it does not matter; ``…`` stands for anything.
    :ivar status: the exit status.
    """

    command: str
    output: str
    status: int = 0

    def matches(self, actual: str) -> bool:
        """Whether a command has printed what the page shows; digests, sizes and times may be others."""
        return (
            not self.output
            or re.fullmatch("".join(map(_translate, self.output.splitlines(keepends=True))), actual) is not None
        )


def _translate(line: str) -> str:
    """Turn a line into a pattern. A line that is ``…`` alone stands for any number of lines."""
    if line.strip() == _ELLIPSIS:
        return r"(?:.*\n)*"
    pattern, end = "", 0
    for match in _VARIABLE.finditer(line):
        kind = f"[0-9a-f]{{{len(match[0])}}}" if _HEX.fullmatch(match[0]) else r"[0-9][0-9,.]* ?(?:bytes|[kMG]?B|m?s)"
        pattern += _escape(line[end : match.start()]) + kind
        end = match.end()
    return pattern + _escape(line[end:])


def _escape(text: str) -> str:
    return ".*".join(map(re.escape, text.split(_ELLIPSIS)))


def list_pages() -> list[str]:
    """Name every page that readers see, by its path in the repository."""
    patterns = ("*.md", "docs/**/*.md", "packages/*/README.md", "templates/*/README.md", "requirements/*.md")
    return sorted({path.relative_to(ROOT).as_posix() for pattern in patterns for path in ROOT.glob(pattern)})


def read_page(name: str) -> str:
    """Read a page.

    :param name: its path in the repository.
    """
    return (ROOT / name).read_text(encoding="utf-8")


def find_blocks(page: str) -> Iterator[Block]:
    """Find the fenced blocks of a page.

    :raises ValueError: for a block without an end.
    """
    lines, number = page.splitlines(keepends=True), 0
    while number < len(lines):
        start = _FENCE.match(lines[number].rstrip("\n"))
        if start is not None:
            end = _find_end(lines, number, start[2])
            text = "".join(line.removeprefix(start[1]) for line in lines[number + 1 : end])
            yield Block(number + 1, start[3], start[4] or "", _find_note(lines[:number]), text)
            number = end
        number += 1


def _find_end(lines: list[str], start: int, fence: str) -> int:
    for number in range(start + 1, len(lines)):
        if lines[number].strip() == fence:
            return number
    raise ValueError(f"the block of line {start + 1} has no end")


def _find_note(before: list[str]) -> str:
    """Return what the comment says that is the last thing before a block."""
    last = next((line for line in reversed(before) if line.strip()), "")
    match = _NOTE.match(last.rstrip("\n"))
    return match[1] if match else ""


def find_commands(block: Block) -> Iterator[Shown]:
    """Find the commands of a block of the language ``console``."""
    lines = block.text.splitlines(keepends=True)
    starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
    status = int(block.note.removeprefix("status ")) if block.note.startswith("status ") else 0
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        first = next(number for number in range(start, end) if not lines[number].endswith("\\\n"))
        command = "".join(lines[start : first + 1]).removeprefix("$ ").rstrip("\n")
        yield Shown(command, "".join(lines[first + 1 : end]), status if end == len(lines) else 0)
