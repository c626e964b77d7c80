"""The versions of ``cs`` and of what belongs to it."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from cs_stamp import StampError, installed_directories

from . import __version__
from .building.preparation import find_template
from .project.platforms import host_platform

LIBRARIES = ("cs-manifest", "cs-lock", "cs-bundle", "cs-stamp")
"""The packages of the same release that ``cs`` is made of."""

SCHEMA_VERSION = 1
"""Version of ``cs version --json``; ``schemas/version.schema.json`` is its schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """What is in use.

    :ivar python: version and path.
    :ivar template: name, version and path of the template for this machine; ``None`` if there is none.
    :ivar problem: why there is no template.
    :ivar packages: version of each package that ``cs`` is made of or needs, by name.
    """

    platform: str
    python: tuple[str, str]
    template: tuple[str, str, Path] | None
    problem: str | None
    packages: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Return them as JSON values."""
        template = None
        if self.template is not None:
            template = dict(zip(("name", "version", "path"), (*self.template[:2], str(self.template[2])), strict=True))
        return {
            "schema_version": SCHEMA_VERSION,
            "cs": __version__,
            "platform": self.platform,
            "python": dict(zip(("version", "path"), self.python, strict=True)),
            "template": template,
            "packages": self.packages,
        }


def collect_versions() -> Versions:
    """Look at what is installed."""
    host, template, problem = host_platform(), None, None
    try:
        found = find_template(None, host, installed_directories())
        template = (found.mark.name, found.mark.version, found.path)
    except StampError as error:
        problem = error.message
    return Versions(
        platform=host,
        python=(platform.python_version(), sys.executable),
        template=template,
        problem=problem,
        packages=_list_packages(),
    )


def _list_packages() -> dict[str, str]:
    """Return the versions of the packages that ``cs-cli`` needs; run from its sources, it knows only its own ones."""
    try:
        needed = [Requirement(one) for one in requires("cs-cli") or []]
    except PackageNotFoundError:
        needed = []
    wanted = {one.name for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})}
    found = {name: find_version(name) for name in wanted.union(LIBRARIES)}
    return {name: known for name, known in sorted(found.items()) if known is not None}


def find_version(name: str) -> str | None:
    """Return the version of a package: a library of ``cs`` says it itself, whatever its metadata say."""
    if name in LIBRARIES:
        return str(import_module(name.replace("-", "_")).__version__)
    try:
        return version(name)
    except PackageNotFoundError:
        return None
