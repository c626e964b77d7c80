"""Put the same wheels into the same prefix: with a runtime, with uv, with pip."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..commands import Command, run_command
from ..installs import Record, Runtime, make_runtime
from ..prefixes import UMASK, describe_prefix
from .index import split_name

OWN = frozenset({".demo.json"})
"""What a runtime writes into a prefix besides packages; ``conda-meta`` does not count anyway."""
Tree = dict[str, tuple[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One prefix with a plain Python, again and again.

    :ivar records: the Python, as a channel has it.
    :ivar channel: where its archive is.
    :ivar directory: for everything, the prefix included.
    """

    records: Sequence[Record]
    channel: Path
    directory: Path

    @property
    def prefix(self) -> Path:
        """Where the prefix is."""
        return self.directory / "prefix"

    @property
    def python(self) -> Path:
        """The prefix's Python, by the name that first lines of scripts have."""
        return next(self.prefix.glob("bin/python3.[0-9]*"))

    def make_runtime(
        self, wheels: Sequence[Path], bytecode: Literal["on-import", "bootstrap"] = "on-import"
    ) -> Runtime:
        """Stamp a runtime of the Python and wheels."""
        directory = self.directory / f"runtime-{len(list(self.directory.glob('runtime-*')))}"
        return make_runtime(self.records, self.channel, directory, wheels=wheels, bytecode=bytecode, delegate="python")

    def empty(self) -> None:
        """Have the Python alone."""
        shutil.rmtree(self.prefix, ignore_errors=True)
        plain = self.directory / "plain"
        if not plain.is_dir():
            completed = self.make_runtime(()).bootstrap(self.prefix)
            assert completed.returncode == 0, completed.stderr
            self.prefix.rename(plain)
        shutil.copytree(plain, self.prefix, symlinks=True)

    def bootstrap(self, wheels: Sequence[Path], bytecode: Literal["on-import", "bootstrap"] = "on-import") -> Command:
        """Install with a runtime."""
        shutil.rmtree(self.prefix, ignore_errors=True)
        return self.make_runtime(wheels, bytecode).bootstrap(self.prefix)

    def describe_bootstrapped(self, wheels: Sequence[Path]) -> Tree:
        """What a runtime makes of wheels."""
        self.empty()
        completed = self.bootstrap(wheels)
        assert completed.returncode == 0, completed.stderr
        return self.describe_new()

    def uv(self, *words: str | Path) -> Command:
        """Run ``uv pip`` for the prefix."""
        command, environment = self._uv(*words)
        return run_command(command, env=environment, cwd=self.directory, umask=UMASK)

    def _uv(self, *words: str | Path) -> tuple[list[str | Path], dict[str, str]]:
        uv = Path(sys.executable).with_name("uv")
        variables = {"UV_CACHE_DIR": str(self.directory / "uv-cache"), "UV_NO_CONFIG": "1", "HOME": str(self.directory)}
        command = [uv, "pip", *words, "--python", self.python]
        return command, {**variables, "PATH": os.environ["PATH"]}

    def uv_install(self, wheels: Sequence[Path]) -> tuple[list[str | Path], dict[str, str]]:
        """Return the command that installs with uv what a folder has, as if it were an index, and its variables."""
        requirements = ["{}=={}".format(*split_name(wheel.name)) for wheel in wheels]
        options = ("--no-index", "--find-links", wheels[0].parent, "--no-deps", "--link-mode", "copy")
        return self._uv("install", *options, *requirements)

    def pip(self, *words: str | Path) -> Command:
        """Run ``pip`` for the prefix."""
        options = ["--disable-pip-version-check", "--no-input", "--isolated"]
        command = [sys.executable, "-m", "pip", "--python", self.python, *options, *words]
        variables = {"HOME": str(self.directory), "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
        return run_command(command, env=variables, cwd=self.directory, umask=UMASK)

    def install_with_uv(self, wheels: Sequence[Path]) -> Command:
        """Install with uv into the Python alone."""
        self.empty()
        command, environment = self.uv_install(wheels)
        return run_command(command, env=environment, cwd=self.directory, umask=UMASK)

    def install_with_pip(self, wheels: Sequence[Path]) -> Command:
        """Install with pip, without compiling."""
        self.empty()
        return self.pip("install", "--no-index", "--no-deps", "--no-compile", "--root-user-action=ignore", *wheels)

    def describe_new(self) -> Tree:
        """What there is besides the Python."""
        entries = describe_prefix(self.prefix, ignore=OWN)
        plain = describe_prefix(self.directory / "plain", ignore=OWN)
        return {path: entry for path, entry in entries.items() if plain.get(path) != entry}
