"""A virtual environment for one build, with what that build needs and nothing else."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection
from functools import cached_property
from importlib import metadata
from pathlib import Path
from subprocess import CalledProcessError

from ._processes import run_command
from ._specs import normalize_pypi_name

_SCRIPTS = "Scripts" if os.name == "nt" else "bin"
_EXECUTABLE = "python.exe" if os.name == "nt" else "python"


class IsolatedEnvironment:
    """A virtual environment, of this Python or another one; ``build`` knows it as an ``IsolatedEnv``.

    ``build`` has one, too, but only for the Python that runs it, and with the variables of this process.

    :ivar path: its directory.
    """

    def __init__(
        self,
        path: Path,
        *,
        python: Path | None = None,
        environ: dict[str, str],
        constraints: Path | None = None,
        offline: bool = False,
        log: Path,
    ) -> None:
        """Describe an environment; ``create`` makes it.

        :param path: directory that does not exist yet.
        :param python: interpreter that it is for; by default this one.
        :param environ: all variables of the programs that it starts.
        :param constraints: constraints file for pip.
        :param offline: whether pip looks only into the directories that ``PIP_FIND_LINKS`` names.
        :param log: file that the output of these programs is appended to.
        """
        self.path = path
        self._base = python
        self._environ = environ
        self._constraints = constraints
        self._offline = offline
        self._log = log

    @property
    def python_executable(self) -> str:
        """Path of its Python."""
        return str(self.path / _SCRIPTS / _EXECUTABLE)

    def make_extra_environ(self) -> dict[str, str]:
        """Return the variables that programs in it need."""
        inherited = self._environ.get("PATH")
        return {"PATH": os.pathsep.join(filter(None, (str(self.path / _SCRIPTS), inherited)))}

    def create(self) -> None:
        """Create it.

        :raises subprocess.CalledProcessError: if that fails.
        """
        self._run([str(self._base or sys.executable), "-I", "-m", "venv", "--without-pip", str(self.path)])
        if self._outer_pip:
            return
        self._run([self.python_executable, "-Im", "ensurepip"])
        if any(True for _ in metadata.distributions(name="setuptools", path=self._libraries)):
            # Before 3.12 it comes with pip: a build that does not ask for it must not find it.
            self._run([*self._pip, "uninstall", "-q", "-y", "setuptools"])

    def install(self, requirements: Collection[str]) -> None:
        """Install what a build needs.

        :raises subprocess.CalledProcessError: if it is not available.
        """
        if not requirements:
            return
        # In a file: only there pip reads markers.
        listing = self.path / "requirements.txt"
        listing.write_text("".join(f"{one}\n" for one in sorted(requirements)), encoding="utf-8")
        command = [*self._pip, "install", "--no-input", "--no-warn-script-location", "--no-compile", "-r", str(listing)]
        command += ["-c", str(self._constraints)] if self._constraints else []
        self._run(command)

    def list_installed(self) -> tuple[str, ...]:
        """List what was installed, as ``NAME==VERSION``, sorted."""
        found = metadata.distributions(path=self._libraries)
        installed = {normalize_pypi_name(one.name): one.version for one in found}
        return tuple(f"{name}=={version}" for name, version in sorted(installed.items()) if name != "pip")

    @cached_property
    def _libraries(self) -> list[str]:
        pattern = "Lib/site-packages" if os.name == "nt" else "lib/python*/site-packages"
        return [str(path) for path in self.path.glob(pattern)]

    @cached_property
    def _outer_pip(self) -> bool:
        """Whether the pip of this Python can do it: it saves the time to install another one.

        That of a Linux distribution may lack what it vendors, and one may be too new for another Python.
        """
        try:
            files = metadata.files("pip") or ()
        except metadata.PackageNotFoundError:
            return False
        if not any(str(file).startswith("pip/_vendor/") for file in files):
            return False
        try:
            self._run([*self._pip_of_this_python, "--version"])
        except CalledProcessError:
            return False
        return True

    @property
    def _pip(self) -> list[str]:
        return self._pip_of_this_python if self._outer_pip else [self.python_executable, "-Im", "pip"]

    @property
    def _pip_of_this_python(self) -> list[str]:
        return [sys.executable, "-P", "-m", "pip", "--python", self.python_executable]

    def _run(self, command: list[str]) -> None:
        run_command(command, environ=self._environ | (self._offline_variables if self._offline else {}), log=self._log)

    @property
    def _offline_variables(self) -> dict[str, str]:
        """Let pip look into directories alone; its configuration files may name servers."""
        places = self._environ.get("PIP_FIND_LINKS", "").split()
        local = [place for place in places if place.startswith("file:") or "://" not in place]
        return {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": " ".join(local)}


def are_installed(requirements: Collection[str]) -> bool:
    """Tell whether this Python has everything that a build needs."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        for one in map(Requirement, requirements):
            if one.marker is not None and not one.marker.evaluate():
                continue
            if one.url or not one.specifier.contains(metadata.version(one.name), prereleases=True):
                return False
    except (InvalidRequirement, metadata.PackageNotFoundError):
        return False
    return True
