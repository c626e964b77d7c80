"""Stubs of Apple's frameworks for the linker: text files that name what each one exports.

``zig`` comes with those of the C library, not with those of frameworks. The names are the ones that our objects ask for
(the crates took them from Apple's headers), so nothing here shows that macOS has them: a link on a Mac does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

FRAMEWORKS = {
    "CoreFoundation": ("_CF", "_kCF", "___CF"),
    "Security": ("_Sec", "_kSec"),
    "SystemConfiguration": ("_SC", "_kSC"),
}
"""What the names of each framework's symbols begin with."""

_SYMBOL = re.compile(rb"(?<=\0)_{1,3}(?:k?CF|k?Sec|k?SC)[A-Za-z0-9_]{2,80}(?=\0)")


def find_symbols(objects: Iterable[Path]) -> set[str]:
    """Return what objects and archives of objects name and a framework may have: too many do no harm."""
    return {match.decode() for path in objects for match in _SYMBOL.findall(path.read_bytes())}


def write_stubs(symbols: Iterable[str], directory: Path) -> None:
    """Write a folder of frameworks for ``-F``."""
    found = sorted(symbols)
    for name, starts in FRAMEWORKS.items():
        folder = directory / f"{name}.framework"
        folder.mkdir(parents=True, exist_ok=True)
        exported = [symbol for symbol in found if symbol.startswith(starts)]
        (folder / f"{name}.tbd").write_text(_describe(name, exported), encoding="utf-8")


def _describe(name: str, symbols: Iterable[str]) -> str:
    """Write one stub, in version 4 of the format."""
    targets = "[ x86_64-macos, arm64-macos ]"
    return (
        f"--- !tapi-tbd\ntbd-version: 4\ntargets: {targets}\n"
        f"install-name: '/System/Library/Frameworks/{name}.framework/Versions/A/{name}'\n"
        f"exports:\n  - targets: {targets}\n    symbols: [ {', '.join(symbols)} ]\n...\n"
    )
