"""Workspaces with PyPI packages and projects, and what is in the prefixes that their runtimes install."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from python_projects import PythonProject

from ..channel.host_python import SITE_PACKAGES
from ..channel.index import PypiEntry
from ..channel.locks import SourceEntry
from ..commands import Command, Home
from ..inspection import read_records
from ..tested_platform import PLATFORM
from ..workspaces import Workspace

CONDA = ("python", "greeter", "words")
WHEELS = ("click", "cowsay", "jinja2", "markupsafe", "pip")
LISTING = """
from importlib.metadata import distributions
print(*(f"{one.name} {one.version}" for one in distributions()), sep="\\n")
"""
CS = Callable[..., Command]


@dataclass
class Bench:
    """Writes workspaces whose environment ``ship`` holds conda packages, wheels and projects.

    :param pypi: the wheels that the index has for every workspace.
    """

    directory: Path
    channel_url: str
    conda: Sequence[dict[str, Any]]
    pypi: Sequence[PypiEntry]
    cs: CS

    def write(
        self,
        name: str = "workspace",
        *,
        project: PythonProject | None = None,
        more: Sequence[PypiEntry | SourceEntry] = (),
        lock_version: str = "pixi-7",
        **ship: str,
    ) -> Path:
        """Write a workspace.

        :param project: what the workspace itself is.
        :param more: entries of the lock besides.
        """
        settings = {"runtime": '"demo"', "runtime-version": '"1.0"', "delegate": '"python"', "layout": '"embedded"'}
        settings.update({key.replace("_", "-"): value for key, value in ship.items()})
        own = [] if project is None else [PypiEntry(location=".", name=project.name, requires_dist=project.needs)]
        workspace = Workspace(
            directory=self.directory / name,
            specs=("python", "greeter"),
            channel_url=self.channel_url,
            form="conda.toml" if lock_version == "conda-1" else "pixi.toml",
            lock_version=lock_version,
            ship=settings,
            pypi={entry.name: '"*"' for entry in (*self.pypi, *own, *more) if isinstance(entry, PypiEntry)},
        )
        workspace.write({"ship": {PLATFORM: [*self.conda, *self.pypi, *own, *more]}})
        if project is not None:
            project.write(workspace.directory)
        return workspace.directory

    def build(self, name: str = "workspace", **settings: Any) -> Path:
        """Write a workspace, build it, and return the runtime."""
        directory = self.write(name, **settings)
        self.cs("build", "-q", cwd=directory)
        return directory / "dist" / ("demoz" if settings.get("layout", '"embedded"') == '"embedded"' else "demo")


def list_distributions(prefix: Path, home: Home) -> list[str]:
    """Ask the prefix's own Python which distributions it has: name and version."""
    listed = home.run(prefix / "bin" / "python", "-I", "-c", LISTING).stdout.splitlines()
    parts = (line.partition(" ") for line in listed if line)
    return sorted(f"{canonicalize_name(name)} {version}" for name, _, version in parts)


def list_planned(workspace: Path) -> list[tuple[str, str]]:
    """Read name and build of every package that the build says would ship."""
    (path,) = (workspace / "dist").glob("*.packages.txt")
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    return [(f"{row[0]} {row[1]}", row[2]) for row in rows]


def read_record(prefix: Path, info: str) -> dict[str, tuple[str, str]]:
    """Read RECORD: digest and size by path relative to site-packages."""
    with (prefix / SITE_PACKAGES / info / "RECORD").open(newline="") as file:
        return {path: (digest, size) for path, digest, size in csv.reader(file)}


def assert_what_was_planned(workspace: Path, prefix: Path, home: Home) -> None:
    """Fail unless ``importlib.metadata`` and ``conda-meta`` list what the build says would ship, name for name."""
    records = read_records(prefix)
    # conda deletes the record of a package whose metadata is gone.
    assert [
        path for one in records for path in one["files"] if ".dist-info/" in path and not (prefix / path).exists()
    ] == []
    planned = list_planned(workspace)
    conda = {f"{record['name']} {record['version']}" for record in records}
    wheels = list_distributions(prefix, home)
    assert sorted(name for name, build in planned if name in conda) == sorted(conda)
    assert sorted(name for name, build in planned if name not in conda) == wheels
