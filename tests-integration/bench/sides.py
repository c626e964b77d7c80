"""The two sides of the comparison: how each builds and runs the same environment."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.workspaces import Workspace

from .disk import drop_caches
from .measure import Usage, run

OURS = {"runtime": '"demo"', "runtime-version": '"1.0"', "delegate": '"python"'}
THEIRS = {"runtime-name": '"demo"', "runtime-version": '"1.0"', "delegate-executable": '"python"'}
PROGRAM = ("-c", "print('ready')")


@dataclass(frozen=True, slots=True)
class Side:
    """One builder on one disk.

    :ivar cs: its command.
    :ivar directory: folder that everything of this side goes to.
    """

    name: str
    cs: Path
    directory: Path
    ship: dict[str, str]

    def environment(self, home: Path) -> dict[str, str]:
        """Everything that either side may write to lies below ``home``, on the measured disk."""
        temporary = home / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        paths = {
            "HOME": home,
            "TMPDIR": temporary,
            "XDG_CACHE_HOME": home / ".cache",
            "CONDA_SHIP_CACHE_DIR": home / ".packages",
        }
        return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **{name: str(path) for name, path in paths.items()}}

    def write_workspace(self, name: str, channel_url: str, records: list[dict[str, Any]], **ship: str) -> Path:
        """Write the workspace of one configuration."""
        specs = tuple(str(record["name"]) for record in records)
        settings = {**self.ship, **{key.replace("_", "-"): value for key, value in ship.items()}}
        workspace = Workspace(directory=self.directory / name, specs=specs, channel_url=channel_url, ship=settings)
        return workspace.write({"ship": {"linux-64": records}})

    def build(self, workspace: Path, *, cold: bool) -> Usage:
        """Build a workspace.

        :param cold: forget downloaded packages first.
        """
        home = self.directory / "builder-home"
        if cold:
            shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(workspace / "dist", ignore_errors=True)
        return run([str(self.cs), "build"], self.environment(home), workspace)

    def first_run(self, runtime: Path) -> Usage:
        """Run a runtime in a home that it has never seen, caches cold."""
        home = self.directory / "home"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        environment = self.environment(home)
        drop_caches()
        return run([str(runtime), *PROGRAM], environment, home, expected="ready\n")

    def disk_after(self) -> tuple[int, int]:
        """Say how many bytes the last first run left in the prefix, and how many elsewhere."""
        home = self.directory / "home"
        prefix = allocated(home / ".conda" / "demo")
        return prefix, allocated(home) - prefix


def allocated(directory: Path) -> int:
    """Sum what the files below a folder occupy, hard links once, in bytes."""
    seen: dict[tuple[int, int], int] = {}
    for path in directory.rglob("*"):
        status = path.lstat()
        seen[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(seen.values())


def runtime_of(workspace: Path) -> Path:
    """Find the staged runtime: conda-ship 0.11.1 calls an embedded one ``demo``, this one ``demoz``."""
    embedded = workspace / "dist" / "demoz"
    return embedded if embedded.exists() else workspace / "dist" / "demo"


def sides(directory: Path, peer_cs: Path) -> tuple[Side, Side]:
    """Describe both sides, each with a directory on the measured disk."""
    own = Side("cs", Path(sys.executable).with_name("cs"), directory / "cs", OURS)
    return own, Side("0.11.1", peer_cs, directory / "0.11.1", THEIRS)


def spawn_seconds(command: list[str], environment: dict[str, str]) -> Callable[[], float]:
    """Return a function that starts a command, waits for it, and says how long that took."""
    import time

    def once() -> float:
        started = time.perf_counter()
        process = os.posix_spawn(command[0], command, environment)
        os.waitpid(process, 0)
        return time.perf_counter() - started

    return once
