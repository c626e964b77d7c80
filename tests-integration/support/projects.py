"""Python projects with one command each, for every build backend and shape that workspaces have."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

BACKENDS = {
    "hatchling": ("hatchling", "hatchling.build"),
    "setuptools": ("setuptools", "setuptools.build_meta"),
    "flit": ("flit_core >=3.11,<5", "flit_core.buildapi"),
}
SHAPES = ("src", "flat")

MODULE = '''"""Says who it is."""

import sys
from importlib.metadata import version

__version__ = "{version}"


def main():
    print("{name}", version("{name}"), *sys.argv[1:])
'''


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonProject:
    """A project whose command has its name.

    :param dynamic: whether the backend takes the version from the module.
    :param needs: ``dependencies``.
    """

    name: str = "mytool"
    version: str = "2.5"
    backend: str = "hatchling"
    shape: str = "src"
    dynamic: bool = False
    needs: Sequence[str] = ()

    @property
    def module(self) -> str:
        """Path of its module's directory, relative to the project."""
        return f"src/{self.name}" if self.shape == "src" else self.name

    def files(self) -> Mapping[str, str]:
        """Return every file of the project."""
        module = MODULE.format(name=self.name, version=self.version)
        return {"pyproject.toml": self.pyproject(), f"{self.module}/__init__.py": module}

    def pyproject(self) -> str:
        """Return the text of ``pyproject.toml``."""
        requires, backend = BACKENDS[self.backend]
        version = 'dynamic = ["version"]' if self.dynamic else f'version = "{self.version}"'
        return (
            f'[build-system]\nrequires = ["{requires}"]\nbuild-backend = "{backend}"\n\n'
            f'[project]\nname = "{self.name}"\n{version}\ndescription = "Says who it is."\n'
            f'requires-python = ">=3.11"\nlicense = "MIT"\ndependencies = {_toml_list(self.needs)}\n\n'
            f'[project.scripts]\n{self.name} = "{self.name}:main"\n\n{self._settings()}'
        )

    def _settings(self) -> str:
        """Return the backend's own tables."""
        if self.backend == "hatchling":
            dynamic = f'[tool.hatch.version]\npath = "{self.module}/__init__.py"\n' if self.dynamic else ""
            return f'{dynamic}[tool.hatch.build.targets.wheel]\npackages = ["{self.module}"]\n'
        if self.backend == "setuptools":
            dynamic = f'[tool.setuptools.dynamic]\nversion = {{ attr = "{self.name}.__version__" }}\n'
            where = "src" if self.shape == "src" else "."
            find = f'[tool.setuptools.packages.find]\nwhere = ["{where}"]\ninclude = ["{self.name}"]\n'
            return (dynamic if self.dynamic else "") + find
        return ""

    def write(self, directory: Path) -> Path:
        """Write the project into a directory, next to what is there, and return it."""
        for name, text in self.files().items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return directory

    def write_sdist(self, directory: Path) -> Path:
        """Write a source distribution as backends do."""
        directory.mkdir(parents=True, exist_ok=True)
        stem = f"{self.name}-{self.version}"
        info = f"Metadata-Version: 2.1\nName: {self.name}\nVersion: {self.version}\n"
        path = directory / f"{stem}.tar.gz"
        with tarfile.open(path, "w:gz") as tar:
            for name, text in {**self.files(), "PKG-INFO": info}.items():
                member = tarfile.TarInfo(f"{stem}/{name}")
                member.size = len(text.encode())
                tar.addfile(member, io.BytesIO(text.encode()))
        return path


def _toml_list(items: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{item}"' for item in items) + "]"


def commit_all(directory: Path) -> str:
    """Make a directory a repository with one commit, that can be cloned over plain HTTP, and return the commit."""
    who = {f"GIT_{role}_{part}": "tests@example" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    dates = {"GIT_AUTHOR_DATE": "1700000000 +0000", "GIT_COMMITTER_DATE": "1700000000 +0000"}
    environment = {**os.environ, **who, **dates, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}

    def git(*words: str) -> str:
        command = ("git", "-C", str(directory), *words)
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q", "-b", "main")
    git("add", "--all")
    git("commit", "-q", "-m", "All of it")
    git("update-server-info")
    return git("rev-parse", "HEAD")
