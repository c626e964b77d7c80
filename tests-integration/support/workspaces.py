"""Write a workspace: a manifest in any of its four forms, and its lock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .channel.locks import Environments, write_lock
from .tested_platform import PLATFORM

SPECS = ("python", "click", "cowsay", "jinja2", "placeholders", "old-style", "greeter", "conda")
"""What most workspaces ask of the tiny channel."""

FORMS = ("conda.toml", "pixi.toml", "pyproject-conda", "pyproject-pixi")


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A workspace with the environments ``default`` and ``ship``, of which ``ship`` is the one to ship.

    :param ship: lines of ``[tool.conda-ship]`` besides ``source-environment``, as TOML values.
    :param pypi: lines of the feature's ``pypi-dependencies``, as TOML values.
    """

    directory: Path
    specs: tuple[str, ...]
    channel_url: str
    form: str = "conda.toml"
    lock_version: str = "conda-1"
    ship: Mapping[str, str] = field(default_factory=dict)
    platforms: tuple[str, ...] = (PLATFORM,)
    pypi: Mapping[str, str] = field(default_factory=dict)

    @property
    def manifest(self) -> Path:
        return self.directory / ("pyproject.toml" if self.form.startswith("pyproject") else self.form)

    @property
    def lock(self) -> Path:
        return self.directory / ("conda.lock" if "conda" in self.form else "pixi.lock")

    def write(self, environments: Environments) -> Path:
        """Write both files and return the folder."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self.manifest.write_text(self._manifest_text(), encoding="utf-8")
        write_lock(self.lock, environments, channel_url=self.channel_url, version=self.lock_version)
        return self.directory

    def _manifest_text(self) -> str:
        root = {"pyproject-conda": "tool.conda.", "pyproject-pixi": "tool.pixi."}.get(self.form, "")
        project = '[project]\nname = "demo"\nversion = "4.2.0"\n\n' if self.form.startswith("pyproject") else ""
        specs = "".join(f'{name} = "{rest or "*"}"\n' for name, _, rest in (spec.partition(" ") for spec in self.specs))
        pypi = "".join(f"{name} = {value}\n" for name, value in self.pypi.items())
        if pypi:
            pypi = f"[{root}feature.ship.pypi-dependencies]\n{pypi}\n"
        platforms = ", ".join(f'"{platform}"' for platform in self.platforms)
        ship = "".join(f"{key} = {value}\n" for key, value in {"source-environment": '"ship"', **self.ship}.items())
        return (
            f'{project}[{root}workspace]\nname = "demo"\n'
            f'channels = ["{self.channel_url}"]\nplatforms = [{platforms}]\n\n'
            f"[{root}feature.ship.dependencies]\n{specs}\n{pypi}"
            f'[{root}environments]\nship = {{ features = ["ship"], no-default-feature = true }}\n\n'
            f"[tool.conda-ship]\n{ship}"
        )
