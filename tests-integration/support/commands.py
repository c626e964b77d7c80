"""Run commands as a user would, and keep what they write."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .tested_platform import HOST, name_program, options_of_cs

SCRIPTS = Path(sys.executable).parent
"""Where the commands under test are installed."""

Command = subprocess.CompletedProcess[str]


def run_command(arguments: Sequence[str | Path], **options: Any) -> Command:
    """Run a command to its end; one that hangs is killed, and the test fails.

    :param options: what ``subprocess.run`` takes.
    """
    settings: dict[str, Any] = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "check": False}
    settings.update(options)
    completed = subprocess.run([str(argument) for argument in arguments], timeout=300, **settings)
    # How Rust and its HTTP library word errors, which neither `cs` nor a runtime shows to people.
    assert not any(words in str(completed.stderr) for words in ("(os error", "client error (")), completed.stderr
    return completed


def run_cs(*arguments: str | Path, cwd: Path, cache: Path, check: bool = True) -> Command:
    """Run the installed ``cs`` for the tested platform.

    :param cache: its package cache.
    :param check: fail if it fails.
    """
    environment = {**os.environ, "CONDA_SHIP_CACHE_DIR": str(cache)}
    words = (*arguments, *options_of_cs(str(arguments[0])))
    completed = run_command([SCRIPTS / name_program("cs", HOST), *words], cwd=cwd, env=environment)
    assert not check or completed.returncode == 0, completed.stderr
    return completed


@dataclass
class Home:
    """A user's home, with an environment that knows of nothing else."""

    directory: Path
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The variables of this user."""
        return {"HOME": str(self.directory), "PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", **self.extra}

    def run(self, *arguments: str | Path, **options: Any) -> Command:
        """Run a command as this user would."""
        return run_command(arguments, **{"env": self.environment, "cwd": self.directory, **options})

    @property
    def prefix(self) -> Path:
        """Where the runtime ``demo`` installs for this user."""
        return self.directory / ".conda" / "demo"

    def spell(self, path: Path) -> str:
        """Return a path as programs of this user name it."""
        return str(path)

    def show(self, path: Path) -> str:
        """Return a path as programs tell it to this user: from the home directory."""
        return f"~/{path.relative_to(self.directory)}" if path.is_relative_to(self.directory) else str(path)
