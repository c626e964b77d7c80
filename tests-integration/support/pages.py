"""The pages of the documentation, as a reader follows them: their files, their commands, and what these print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"

_FILE = re.compile(r'^```\w+ title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
_CONSOLE = re.compile(r"^( *)```console\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_ELLIPSIS = "…"
# What differs from build to build or from machine to machine: digests, sizes, times.
_VARIABLE = re.compile(r"\b[0-9a-f]{12,64}\b|\b[0-9][0-9,.]* ?(?:bytes|[kMG]?B|m?s)\b")
_HEX = re.compile(r"[0-9a-f]{12,64}")


@dataclass(frozen=True, slots=True)
class Shown:
    """A command of a page.

    :ivar output: what the page shows under it; ``…`` stands for anything.
    """

    command: str
    output: str

    def matches(self, actual: str) -> bool:
        """Whether a command has printed what the page shows; digests, sizes and times may be others."""
        return re.fullmatch("".join(map(_translate, self.output.splitlines(keepends=True))), actual) is not None


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


def read_page(name: str) -> str:
    """Read a page.

    :param name: its path in ``docs``.
    """
    return (DOCS / name).read_text(encoding="utf-8")


def find_files(page: str) -> list[tuple[str, str]]:
    """Find the files that a page shows with their names."""
    return _FILE.findall(page)


def find_commands(page: str) -> Iterator[Shown]:
    """Find the commands in blocks of the language ``console``: those that tests run."""
    for indent, block in _CONSOLE.findall(page):
        lines = [line.removeprefix(indent) for line in block.splitlines(keepends=True)]
        starts = [number for number, line in enumerate(lines) if line.startswith("$ ")]
        for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
            first = next(number for number in range(start, end) if not lines[number].endswith("\\\n"))
            command = "".join(lines[start : first + 1]).removeprefix("$ ").rstrip("\n")
            yield Shown(command=command, output="".join(lines[first + 1 : end]))
