"""Choose the template that a build stamps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from .errors import PlatformUnsupportedError, TemplateError, TemplateNotFoundError, TemplatePlatformError
from .executable import EXECUTABLE_PLATFORMS, TEMPLATE_PLATFORMS, executable_platform
from .mark import Mark, read_mark, require_format
from .sealing import open_seal
from .writer import refuse_stamped

TEMPLATE_NAME = "cs-template"
TEMPLATE_VARIABLE = "CONDA_SHIP_TEMPLATE"

Origin = Literal["option", "installed", "environment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A template that has been checked.

    :ivar origin: what named it: the caller, the installation, or ``CONDA_SHIP_TEMPLATE``.
    :ivar platforms: conda subdirs that it runs on.
    :ivar mark: what it says of itself.
    """

    path: Path
    origin: Origin
    platforms: tuple[str, ...]
    size_bytes: int
    mark: Mark


def select_template(
    *,
    explicit: Path | None = None,
    scripts_directory: Path | None = None,
    environ: Mapping[str, str],
    platform: str,
    host_platform: str,
) -> Template:
    """Choose the template for a platform, and check that it fits.

    ``explicit`` always wins; else ``CONDA_SHIP_TEMPLATE``, else the ``cs-template`` in ``scripts_directory``. The
    last two are for this machine's platform only: a build for another one names its template.

    :param explicit: the template that was asked for.
    :param scripts_directory: directory that holds the running ``cs``.
    :param platform: conda subdir to build for.
    :param host_platform: conda subdir of this machine.
    :raises PlatformUnsupportedError: if there is no template for the platform, and none is named.
    :raises TemplateNotFoundError: if none is named or installed.
    :raises NotExecutableError: if it is no program.
    :raises TemplatePlatformError: if it is one for another platform.
    :raises TemplateStampedError: if it is stamped already.
    :raises ExecutableLayoutError: if it has no place for a stamp.
    :raises NotTemplateError: if it is a program, but does not bear the mark of a template.
    :raises TemplateFormatError: if it does not read the stamps that this package writes.
    """
    _require_platform(platform, explicit)
    path, origin = _locate(explicit, scripts_directory, environ, platform, host_platform)
    if not path.is_file():
        problem = "this is not a file" if path.exists() else "there is no such template"
        raise TemplateNotFoundError(f"{problem}{_SOURCES[origin]}", path=path, hint=_HINT)
    platforms = executable_platform(path)
    if platform not in platforms:
        raise TemplatePlatformError(
            f"this template runs on {', '.join(platforms)}, the build is for {platform}",
            path=path,
            expected=platform,
            actual=", ".join(platforms),
        )
    try:
        refuse_stamped(path)
        open_seal(path, TEMPLATE_NAME)
        size = path.stat().st_size
    except OSError as error:
        raise TemplateError(f"cannot read the template: {error.strerror or error}", path=path) from error
    mark = read_mark(path)
    require_format(mark, path)
    return Template(path=path, origin=origin, platforms=platforms, size_bytes=size, mark=mark)


def _require_platform(platform: str, explicit: Path | None) -> None:
    """Refuse a platform without executables of its own; one without a template of ours needs somebody else's."""
    if platform in TEMPLATE_PLATFORMS or (explicit is not None and platform in EXECUTABLE_PLATFORMS):
        return
    raise PlatformUnsupportedError(
        f"runtimes cannot be built for {platform}",
        expected=f"one of {', '.join(TEMPLATE_PLATFORMS)}",
        actual=platform,
        hint="build for a platform that has a template",
    )


_SOURCES: dict[Origin, str] = {
    "option": "",
    "installed": ", named by the installation",
    "environment": f", named by {TEMPLATE_VARIABLE}",
}
_HINT = f"install the cs-template package, or set {TEMPLATE_VARIABLE}"


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
        )
    named = environ.get(TEMPLATE_VARIABLE)
    if named:
        return Path(named), "environment"
    installed = _find_installed(scripts_directory, host_platform)
    if installed is not None:
        return installed, "installed"
    beside = f"beside cs in {scripts_directory}" if scripts_directory is not None else "beside cs"
    raise TemplateNotFoundError(f"no template found {beside}, and {TEMPLATE_VARIABLE} is not set", hint=_HINT)


def _find_installed(scripts_directory: Path | None, host_platform: str) -> Path | None:
    if scripts_directory is None:
        return None
    suffix = ".exe" if host_platform.startswith("win-") else ""
    candidate = scripts_directory / f"{TEMPLATE_NAME}{suffix}"
    return candidate if candidate.is_file() else None
