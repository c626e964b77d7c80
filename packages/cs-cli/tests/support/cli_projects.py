"""Python projects that tests build into wheels, and the backends that build them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cli_samples import Record, Workspace

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


@dataclass
class PythonProject:
    """A project of one package, ``NAME/__init__.py``.

    :ivar backend: one of :data:`BUILD_SYSTEMS`; flit needs nothing else and is the fastest.
    :ivar is_dynamic: whether the version is in the module alone.
    :ivar is_flat: whether the package is beside ``pyproject.toml``, not in ``src``.
    :ivar lines: more lines of ``[project]``.
    :ivar files: more files.
    """

    name: str = "tool"
    version: str = "1.5"
    backend: str = "flit"
    is_dynamic: bool = False
    is_flat: bool = False
    requires_python: str = ">=3.8"
    lines: str = ""
    files: Mapping[str, str] = field(default_factory=dict)

    def write(self, directory: Path) -> Path:
        """Write the project and return its directory."""
        module = f"{'' if self.is_flat else 'src/'}{self.name}/__init__.py"
        requirement, build_backend = BUILD_SYSTEMS[self.backend]
        text = f'[build-system]\nrequires = ["{requirement}"]\nbuild-backend = "{build_backend}"\n'
        text += f'[project]\nname = "{self.name}"\n'
        text += 'dynamic = ["version"]\n' if self.is_dynamic else f'version = "{self.version}"\n'
        text += f'description = "a tool"\nrequires-python = "{self.requires_python}"\n{self.lines}'
        text += f'[project.scripts]\n{self.name} = "{self.name}:main"\n'
        text += _DYNAMIC[self.backend].format(module=module, name=self.name) if self.is_dynamic else ""
        files = {
            "pyproject.toml": text,
            module: f'"""a tool"""\n\n__version__ = "{self.version}"\n\n\ndef main(): pass\n',
        }
        for name, content in {**files, **self.files}.items():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_text(content, encoding="utf-8")
        return directory


def add_pypi(
    workspace: Workspace, location: str, name: str, *, platforms: tuple[str, ...] = (), **fields: object
) -> None:
    """Add a PyPI package to the lock of a workspace."""
    record: Record = {"pypi": location, "name": name, **fields}
    for platform, records in workspace.environments["ship"].items():
        if not platforms or platform in platforms:
            records.append(record)


def use_own_python(workspace: Workspace) -> None:
    """Let the environment have a Python of the version that runs the tests, and nothing else."""
    version = ".".join(map(str, sys.version_info[:3]))
    workspace.channel.records.clear()
    record = workspace.channel.add("python", {"bin/python": b"#!"}, version=version)
    workspace.specs = ("python",)
    workspace.environments = {"ship": {"linux-64": [record]}}
