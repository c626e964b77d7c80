"""A place to install hostile archives in, and the watch over what is around it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .channel.archive import Entry
from .channel.crafted import Archive, write_channel
from .channel.pieces import delegate, package
from .commands import Command
from .installs import Runtime, make_runtime

MISSING_OR_DAMAGED = 66
GIB = 1 << 30
PROCESSOR_SECONDS = 10
"""What an installation may have of a processor before it is killed: what is refused early takes a hundredth of that."""
# macOS does not limit addresses.
_OF_MEMORY = ("prlimit", f"--as={4 * GIB}") if sys.platform == "linux" else ()
CHEAP = ("sh", "-c", f'ulimit -t {PROCESSOR_SECONDS} && exec "$@"', "sh")
CONFINED = (*CHEAP, "sh", "-c", f'ulimit -f {(256 << 20) // 512} && exec "$@"', "sh", *_OF_MEMORY)
"""Whatever goes wrong, no test fills the disk or the memory of the machine."""


@dataclass
class Trap:
    """A place for a prefix, things around it that must not change, and the archives to install."""

    directory: Path

    @property
    def outside(self) -> Path:
        return self.directory / "outside"

    @property
    def prefix(self) -> Path:
        return self.directory / "parent" / "prefix"

    def set_up(self) -> None:
        self.outside.mkdir()
        (self.outside / "file").write_text("untouched")
        self.prefix.parent.mkdir()

    def runtime(self, archives: Sequence[Archive]) -> Runtime:
        records = write_channel([delegate(), *archives], self.directory / "channel")
        return make_runtime(records, self.directory / "channel", self.directory / "runtime")

    def spring(self, *archives: Archive) -> Command:
        """Try to install, and see to it that nothing but the prefix is there afterwards."""
        runtime = self.runtime(archives)
        words = ["--path", str(self.prefix), "bootstrap", "--offline", "--bundle", str(runtime.bundle)]
        completed = runtime.run(*words, prefix=CONFINED)
        assert [path.name for path in self.outside.iterdir()] == ["file"]
        assert (self.outside / "file").read_text() == "untouched"
        assert list(runtime.home.iterdir()) == []
        assert "panicked" not in completed.stderr
        if completed.returncode:
            assert list(self.prefix.parent.iterdir()) == []
        return completed

    def refuse(self, *archives: Archive) -> str:
        """Try to install, and return the message of the refusal."""
        completed = self.spring(*archives)
        assert completed.returncode == MISSING_OR_DAMAGED, completed.stderr
        assert "demo: error: " in completed.stderr
        return completed.stderr.partition("demo: error: ")[2]


def evil(*entries: Entry, **more: Any) -> Archive:
    """The package ``evil``."""
    return Archive(package=package("evil", entries), **more)
