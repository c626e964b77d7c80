"""Choose the template that a build stamps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ._copying import hash_file
from ._errors import PlatformUnsupportedError, TemplateError, TemplateNotFoundError, TemplatePlatformError
from ._executable import EXECUTABLE_PLATFORMS, TEMPLATE_PLATFORMS, executable_platform
from ._mark import Mark, read_mark, require_format, require_target
from ._paths import StrPath
from ._sealing import open_seal
from ._template_places import (
    TEMPLATE_NAME,
    TEMPLATE_VARIABLE,
    TEMPLATES_VARIABLE,
    Origin,
    list_places,
    name_in_directory,
)
from ._writer import refuse_stamped


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A template that has been checked.

    :ivar origin: what named it: the caller, the installation, or an environment variable.
    :ivar platforms: conda subdirs that it runs on.
    :ivar mark: its description of itself.
    """

    path: Path
    origin: Origin
    platforms: tuple[str, ...]
    size_bytes: int
    mark: Mark

    @property
    def sha256(self) -> str:
        """Lower-case hex digest of the file, which is read for it: a build computes it while it copies.

        :raises OSError: if it cannot be read.
        """
        return hash_file(self.path)[0]


def select_template(
    *,
    explicit: StrPath | None = None,
    scripts_directories: Iterable[StrPath] = (),
    directories: Iterable[StrPath] = (),
    environ: Mapping[str, str],
    platform: str,
    host_platform: str,
) -> Template:
    """Choose the template for a platform, and check that it fits.

    The first of these counts: ``explicit``; for this machine's platform ``CONDA_SHIP_TEMPLATE``; the directory that
    ``CONDA_SHIP_TEMPLATES`` names; for this machine's platform the ``cs-template`` in one of ``scripts_directories``;
    one of ``directories``. A directory of templates has them at ``win-64/cs-template.exe``,
    ``linux-64/cs-template``.

    :param explicit: the template that was asked for, or a directory of templates.
    :param scripts_directories: where programs are, such as ``installed_scripts`` yields.
    :param directories: directories of templates, such as ``installed_directories`` returns.
    :param platform: conda subdir to build for.
    :param host_platform: conda subdir of this machine.
    :raises PlatformUnsupportedError: if there is no template for the platform, and none is named.
    :raises TemplateNotFoundError: if none is named or installed.
    :raises NotExecutableError: if it is not a program.
    :raises TemplatePlatformError: if it is one for another platform, or its mark names another.
    :raises TemplateStampedError: if it is stamped already.
    :raises ExecutableLayoutError: if it has no place for a stamp.
    :raises NotTemplateError: if it is a program, but does not have the mark of a template.
    :raises TemplateFormatError: if it does not read the stamps that this package writes.
    """
    is_own = platform == host_platform
    if platform not in EXECUTABLE_PLATFORMS:
        raise _unsupported(platform)
    if explicit is not None:
        return _check(_choose_in(Path(explicit), platform), "option", platform)
    if is_own and (named := environ.get(TEMPLATE_VARIABLE)):
        return _check(Path(named), "environment", platform)
    for path, origin in list_places(scripts_directories, directories, environ, platform, is_own=is_own):
        if path.is_file():
            return _check(path, origin, platform)
    raise _not_found(environ, platform, is_own=is_own)


def _choose_in(explicit: Path, platform: str) -> Path:
    """Return the template that was named, or the one in the directory that was."""
    if not explicit.is_dir():
        return explicit
    within = name_in_directory(platform)
    if not (explicit / within).is_file():
        message = f"this directory has no template for {platform}"
        raise TemplateNotFoundError(message, path=explicit, expected=within.as_posix(), hint=_suggest(platform))
    return explicit / within


def _unsupported(platform: str) -> PlatformUnsupportedError:
    return PlatformUnsupportedError(
        f"runtimes cannot be built for {platform}",
        expected=f"one of {', '.join(TEMPLATE_PLATFORMS)}",
        actual=platform,
        hint="build for a platform that has a template",
    )


def _not_found(environ: Mapping[str, str], platform: str, *, is_own: bool) -> TemplateError:
    if platform not in TEMPLATE_PLATFORMS:
        return _unsupported(platform)
    named = environ.get(TEMPLATES_VARIABLE)
    elsewhere = f", and {TEMPLATES_VARIABLE} names a directory without one: {named}" if named else ""
    return TemplateNotFoundError(
        f"no template for {platform} is installed{elsewhere}",
        expected=name_in_directory(platform).as_posix(),
        hint=_suggest(platform, is_own=is_own),
    )


def _suggest(platform: str, *, is_own: bool = False) -> str:
    distribution = TEMPLATE_NAME if is_own else f"{TEMPLATE_NAME}-{platform}"
    commands = (f"pip install {distribution}", f"uv tool install cs-cli --with {distribution}")
    tools = "`, `".join((*commands, f"pipx inject cs-cli {distribution}"))
    return f"run `{tools}` (as cs was installed), or set {TEMPLATES_VARIABLE} to a directory of templates"


def _check(path: Path, origin: Origin, platform: str) -> Template:
    if not path.is_file():
        problem = "this is not a file" if path.exists() else "the template does not exist"
        hint = f"correct or unset {TEMPLATE_VARIABLE}" if origin == "environment" else None
        raise TemplateNotFoundError(problem, path=path, hint=hint)
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
    require_target(mark, platforms, path)
    require_format(mark, path)
    return Template(path=path, origin=origin, platforms=platforms, size_bytes=size, mark=mark)
