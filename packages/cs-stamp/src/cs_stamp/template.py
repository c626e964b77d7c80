"""Choose the template that a build stamps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .errors import TemplateError, TemplateNotFoundError, TemplatePlatformError
from .executable import executable_platform
from .writer import refuse_stamped

TEMPLATE_NAME = "cs-template"
TEMPLATE_VARIABLE = "CONDA_SHIP_TEMPLATE"

Origin = Literal["option", "installed", "environment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """Hold a template that has been checked.

    :ivar origin: what named it: the ``--template`` option, the installation, or ``CONDA_SHIP_TEMPLATE``.
    :ivar platforms: conda subdirs that it runs on.
    """

    path: Path
    origin: Origin
    platforms: tuple[str, ...]
    size_bytes: int


def select_template(
    *,
    explicit: Path | None = None,
    scripts_directory: Path | None = None,
    environ: Mapping[str, str],
    platform: str,
    host_platform: str,
) -> Template:
    """Choose the template for a platform, and check that it fits.

    ``explicit`` always wins; else the ``cs-template`` in ``scripts_directory``, else ``CONDA_SHIP_TEMPLATE``. The
    last two are for this machine's platform only: a build for another one names its template.

    :param explicit: value of ``--template``.
    :param scripts_directory: directory that holds the running ``cs``.
    :param platform: conda subdir to build for.
    :param host_platform: conda subdir of this machine.
    :raises TemplateNotFoundError: if none is named or installed.
    :raises NotExecutableError: if it is no program.
    :raises TemplatePlatformError: if it is one for another platform.
    :raises TemplateStampedError: if it is stamped already.
    """
    path, origin = _locate(explicit, scripts_directory, environ, platform, host_platform)
    if not path.is_file():
        problem = "this is not a file" if path.exists() else "there is no such template"
        raise TemplateNotFoundError(f"{problem}, named by {_SOURCES[origin]}", path=path, hint=_HINT)
    platforms = executable_platform(path)
    if platform not in platforms:
        raise TemplatePlatformError(
            f"this template runs on {', '.join(platforms)}, the build is for {platform}",
            path=path,
            expected=platform,
            actual=", ".join(platforms),
            hint=f"name a template for {platform} with --template",
        )
    try:
        refuse_stamped(path)
        size = path.stat().st_size
    except OSError as error:
        raise TemplateError(f"cannot read the template: {error.strerror or error}", path=path) from error
    return Template(path=path, origin=origin, platforms=platforms, size_bytes=size)


_SOURCES: dict[Origin, str] = {
    "option": "--template",
    "installed": "the installation",
    "environment": TEMPLATE_VARIABLE,
}
_HINT = f"install the cs-template package, set {TEMPLATE_VARIABLE}, or pass --template"


def _locate(
    explicit: Path | None, scripts_directory: Path | None, environ: Mapping[str, str], platform: str, host_platform: str
) -> tuple[Path, Origin]:
    if explicit is not None:
        return explicit, "option"
    if platform != host_platform:
        raise TemplateNotFoundError(
            f"a build for {platform} on {host_platform} needs a template for {platform}",
            expected=platform,
            actual=host_platform,
            hint="name one with --template",
        )
    installed = _find_installed(scripts_directory, host_platform)
    if installed is not None:
        return installed, "installed"
    named = environ.get(TEMPLATE_VARIABLE)
    if named:
        return Path(named), "environment"
    beside = f"beside cs in {scripts_directory}" if scripts_directory is not None else "beside cs"
    raise TemplateNotFoundError(f"no template found {beside}, and {TEMPLATE_VARIABLE} is not set", hint=_HINT)


def _find_installed(scripts_directory: Path | None, host_platform: str) -> Path | None:
    if scripts_directory is None:
        return None
    suffix = ".exe" if host_platform.startswith("win-") else ""
    candidate = scripts_directory / f"{TEMPLATE_NAME}{suffix}"
    return candidate if candidate.is_file() else None
