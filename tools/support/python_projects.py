"""Python projects with one command each, for every build backend and shape that workspaces have."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

BUILD_SYSTEMS = {
    "hatchling": ("hatchling", "hatchling.build"),
    "setuptools": ("setuptools", "setuptools.build_meta"),
    "flit": ("flit_core", "flit_core.buildapi"),
}
_DYNAMIC = {
    "hatchling": '[tool.hatch.version]\npath = "{module}"\n',
    "setuptools": '[tool.setuptools.dynamic]\nversion = {{ attr = "{name}.__version__" }}\n',
    "flit": "",
}
_MODULE = '''"""Says who it is."""

import sys
from importlib.metadata import version

__version__ = "{version}"


def main():
    print("{name}", version("{name}"), *sys.argv[1:])
'''


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonProject:
    """A project of one package, ``NAME/__init__.py``, whose command has its name.

    :ivar backend: one of :data:`BUILD_SYSTEMS`; flit needs nothing else and is the fastest.
    :ivar is_dynamic: whether the version is in the module alone.
    :ivar is_flat: whether the package is beside ``pyproject.toml``, not in ``src``.
    :ivar needs: ``dependencies``.
    :ivar lines: more lines of ``[project]``.
    :ivar files: more files, or others in place of its own.
    """

    name: str = "tool"
    version: str = "1.5"
    backend: str = "flit"
    is_dynamic: bool = False
    is_flat: bool = False
    requires_python: str = ">=3.8"
    needs: Sequence[str] = ()
    lines: str = ""
    files: Mapping[str, str] = field(default_factory=dict)

    def write(self, directory: Path) -> Path:
        """Write the project into a directory, next to what is there, and return it."""
        for name, content in self._list_files().items():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_text(content, encoding="utf-8")
        return directory

    def write_sdist(self, directory: Path) -> Path:
        """Write a source distribution as backends do."""
        directory.mkdir(parents=True, exist_ok=True)
        stem = f"{self.name}-{self.version}"
        info = f"Metadata-Version: 2.1\nName: {self.name}\nVersion: {self.version}\n"
        path = directory / f"{stem}.tar.gz"
        with tarfile.open(path, "w:gz") as tar:
            for name, text in {**self._list_files(), "PKG-INFO": info}.items():
                member = tarfile.TarInfo(f"{stem}/{name}")
                member.size = len(text.encode())
                tar.addfile(member, io.BytesIO(text.encode()))
        return path

    @property
    def _module(self) -> str:
        return f"{'' if self.is_flat else 'src/'}{self.name}/__init__.py"

    def _list_files(self) -> Mapping[str, str]:
        module = _MODULE.format(name=self.name, version=self.version)
        return {"pyproject.toml": self._render(), self._module: module, **self.files}

    def _render(self) -> str:
        """Return the text of ``pyproject.toml``."""
        requirement, build_backend = BUILD_SYSTEMS[self.backend]
        version = 'dynamic = ["version"]' if self.is_dynamic else f'version = "{self.version}"'
        needs = f"dependencies = {list(self.needs)}\n" if self.needs else ""
        dynamic = _DYNAMIC[self.backend].format(module=self._module, name=self.name) if self.is_dynamic else ""
        return (
            f'[build-system]\nrequires = ["{requirement}"]\nbuild-backend = "{build_backend}"\n\n'
            f'[project]\nname = "{self.name}"\n{version}\ndescription = "Says who it is."\n'
            f'requires-python = "{self.requires_python}"\n{needs}{self.lines}\n'
            f'[project.scripts]\n{self.name} = "{self.name}:main"\n\n{dynamic}'
        )
