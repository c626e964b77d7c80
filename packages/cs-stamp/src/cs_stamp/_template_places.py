"""Where templates are, without a look into them: this imports next to nothing."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal

from ._paths import StrPath

TEMPLATE_NAME = "cs-template"
TEMPLATE_VARIABLE = "CONDA_SHIP_TEMPLATE"
TEMPLATES_VARIABLE = "CONDA_SHIP_TEMPLATES"
TEMPLATES_NAMESPACE = "cs_templates"
"""The package without code in which wheels such as ``cs-template-win-64`` put their templates."""

Origin = Literal["option", "installed", "environment"]


def locate_template(
    *,
    scripts_directories: Iterable[StrPath] = (),
    directories: Iterable[StrPath] = (),
    environ: Mapping[str, str],
    platform: str,
    host_platform: str,
) -> Path | None:
    """Return the file that ``select_template`` would choose, unchecked; ``None`` if there is none.

    :param scripts_directories: where programs are, such as ``installed_scripts`` yields.
    :param directories: directories of templates, such as ``installed_directories`` returns.
    :param platform: conda subdir to build for.
    :param host_platform: conda subdir of this machine.
    """
    is_own = platform == host_platform
    if is_own and (named := environ.get(TEMPLATE_VARIABLE)):
        places = [Path(named)]
    else:
        places = [path for path, _ in list_places(scripts_directories, directories, environ, platform, is_own=is_own)]
    return next((path for path in places if path.is_file()), None)


def name_in_directory(platform: str) -> Path:
    """Return where the template for a platform is in a directory of templates: ``win-64/cs-template.exe``."""
    return Path(platform, _name_file(platform))


def installed_directories() -> tuple[Path, ...]:
    """Return the directories of templates that wheels such as ``cs-template-win-64`` installed; imports nothing."""
    from importlib.util import find_spec

    spec = find_spec(TEMPLATES_NAMESPACE)
    return tuple(map(Path, (spec and spec.submodule_search_locations) or ()))


def installed_scripts() -> Iterator[Path]:
    """Yield where the ``cs-template`` of this program may be installed, the most likely place first.

    uv and pipx put a link or a copy of the program on the ``PATH``, so its own directory says little.
    """
    yield Path(os.path.realpath(sys.argv[0])).parent
    import sysconfig

    yield Path(sysconfig.get_path("scripts"))


def _name_file(platform: str) -> str:
    return f"{TEMPLATE_NAME}.exe" if platform.startswith("win-") else TEMPLATE_NAME


def list_places(
    scripts_directories: Iterable[StrPath],
    directories: Iterable[StrPath],
    environ: Mapping[str, str],
    platform: str,
    *,
    is_own: bool,
) -> Iterator[tuple[Path, Origin]]:
    """Yield where a template for a platform may be, unless ``CONDA_SHIP_TEMPLATE`` names one: the first file counts.

    :param is_own: whether the platform is this machine's.
    """
    if named := environ.get(TEMPLATES_VARIABLE):
        yield Path(named) / name_in_directory(platform), "environment"
    if is_own:
        for directory in scripts_directories:
            yield Path(directory) / _name_file(platform), "installed"
    for directory in directories:
        yield Path(directory) / name_in_directory(platform), "installed"
