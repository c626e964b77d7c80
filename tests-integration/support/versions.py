"""Runtimes of one name whose delegates say which version they are of."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from .channel.archive import Entry, Package, write_package
from .channel.build import index_channel
from .workshop import open_workshop

ELF = Path(shutil.which("tail") or "/usr/bin/tail").resolve()


@dataclass(frozen=True, slots=True)
class Kind:
    """A delegate, and the arguments that make it say its version."""

    delegate: str
    arguments: tuple[str, ...]


KINDS = {
    "script": Kind("tool", ("say",)),
    # A program whose last bytes are what it prints of itself.
    "elf": Kind("native", ("-c", "7", "/proc/self/exe")),
}


def said_by(number: int) -> str:
    """Return what the delegates of a version print."""
    return f"tool {number}\n"


def build_versions(directory: Path, cache: Path, numbers: tuple[int, ...]) -> dict[tuple[str, int], Path]:
    """Build a runtime ``demo`` of each version and each kind of delegate."""
    return {
        (name, number): runtime
        for number in numbers
        for name, runtime in _build_kinds(directory / f"version-{number}", cache, number).items()
    }


def _build_kinds(directory: Path, cache: Path, number: int) -> dict[str, Path]:
    said = said_by(number).encode()
    tool = Package(
        name="tool",
        version=f"{number}.0",
        entries=[
            Entry(path="bin/tool", content=b"#!/bin/sh\necho '" + said.strip() + b"'\n", executable=True),
            Entry(path="bin/native", content=ELF.read_bytes() + said, executable=True),
        ],
    )
    channel = directory / "channel"
    write_package(tool, channel)
    (channel / "noarch").mkdir(exist_ok=True)
    index_channel(channel)
    with open_workshop(channel, "tool", directory=directory, cache=cache) as workshop:
        return {
            name: workshop.build(version=f"{number}.0", delegate=f'"{kind.delegate}"') for name, kind in KINDS.items()
        }
