"""A stand-in for Pixi on the ``PATH`` of readers: it solves against the channel and the index of the tests.

No test can reach conda-forge. This knows what pages use: ``pixi init NAME``, ``pixi add PACKAGE…`` and ``pixi lock``.
"""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from .channel.index import PypiEntry, lock_index
from .channel.locks import Entry, write_lock
from .channel.solve import solve
from .tested_platform import PLATFORM

MANIFEST = Path("pixi.toml")
INITIAL = """[workspace]
channels = ["{channel}"]
name = "{name}"
platforms = ["{platform}"]
version = "0.1.0"

[tasks]

[dependencies]
"""


@dataclass(frozen=True, slots=True)
class Pixi:
    """A Pixi that knows one channel, whatever the manifest says.

    :ivar directory: of the channel, which is served at ``url``.
    """

    url: str
    directory: Path

    def init(self, name: str) -> None:
        """Write a manifest into a new directory."""
        Path(name).mkdir()
        text = INITIAL.format(name=name, channel=self.url, platform=PLATFORM)
        (Path(name) / MANIFEST).write_text(text, encoding="utf-8")

    def add(self, *packages: str) -> None:
        """Add packages to the default environment, each with its version as the lower bound, and lock."""
        found = {str(record["name"]): str(record["version"]) for record in solve(self.url, list(packages))}
        with MANIFEST.open("a", encoding="utf-8") as file:
            file.writelines(f'{package} = ">={found[package]}"\n' for package in packages)
        self.lock()

    def lock(self) -> None:
        """Write the lock, of all environments."""
        manifest = tomllib.loads(MANIFEST.read_text(encoding="utf-8"))
        features = {"default": manifest, **manifest.get("feature", {})}
        solved = {
            name: {PLATFORM: [entry for feature in chosen for entry in self._solve(features[feature])]}
            for name, chosen in _list_environments(manifest).items()
        }
        write_lock(MANIFEST.with_suffix(".lock"), solved, channel_url=self.url, version="pixi-7")

    def _solve(self, feature: dict[str, Any]) -> list[Entry]:
        specs = [f"{name} {version}" for name, version in feature.get("dependencies", {}).items()]
        projects = feature.get("pypi-dependencies", {})
        return [
            *(solve(self.url, specs) if specs else []),
            *(entry for name, table in projects.items() for entry in self._lock_project(name, table["path"])),
        ]

    def _lock_project(self, name: str, path: str) -> list[Entry]:
        """Lock a project of the workspace, with its dependencies from the index."""
        project = tomllib.loads((Path(path) / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        needs = [Requirement(text).name for text in project["dependencies"]]
        own = PypiEntry(location=path, name=name, requires_dist=project["dependencies"])
        return [own, *lock_index(self.directory, self.url, needs)]

    def put(self, programs: Path) -> None:
        """Put a program ``pixi`` into a directory."""
        program = programs / "pixi"
        program.write_text(
            f"#!{sys.executable}\nimport sys\nfrom pathlib import Path\n\nsys.path[:0] = {sys.path}\n\n"
            f"from support.pixi import Pixi\n\n"
            f"command, *words = sys.argv[1:]\n"
            f"getattr(Pixi({self.url!r}, Path({str(self.directory)!r})), command)(*words)\n",
            encoding="utf-8",
        )
        program.chmod(0o755)


def _list_environments(manifest: dict[str, Any]) -> dict[str, list[str]]:
    """Return the features of each environment."""
    chosen = {"default": ["default"]}
    for name, environment in manifest.get("environments", {}).items():
        own = [] if environment.get("no-default-feature") else ["default"]
        chosen[name] = [*environment["features"], *own]
    return chosen
