"""Run the build backend of a project (PEP 517), in an environment that does not depend on the caller's."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ._errors import ManifestError
from ._paths import StrPath

# The other imports are in functions: most commands run no backend.
if TYPE_CHECKING:
    import build

    from ._isolation import IsolatedEnvironment

_OLD_BACKEND = "setuptools.build_meta:__legacy__"
"""That of a project that names none (PEP 517)."""

_OFFLINE_HINT = "allow downloads, or name a directory that has them in PIP_FIND_LINKS"

_FIRST_TIME = 315619200
"""1980-01-02: no zip can say an earlier time than the day before, in any time zone."""

# What changes where pip installs to, and the settings of other Pythons. Indexes, proxies and certificates are kept.
_DROPPED = re.compile(
    r"PYTHON.*|PIP_(TARGET|PREFIX|ROOT|USER|PYTHON|REQUIREMENT|EDITABLE|DRY_RUN|REPORT|SRC|REQUIRE_VIRTUALENV)"
    r"|LC_.*|LANG|LANGUAGE|DIST_EXTRA_CONFIG|__PYVENV_LAUNCHER__"
)
_FIXED = {
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C.UTF-8",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "TZ": "UTC",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendSettings:
    """How build backends are run.

    :ivar python: Python that they run in; by default the one that runs this.
    :ivar environ: variables that they start from; those that would change the build are left out.
    :ivar constraints: constraints file of pip for what they need.
    :ivar offline: install only what pip finds in the directories that ``PIP_FIND_LINKS`` names.
    :ivar may_use_installed: whether this Python is good enough, without isolation, when it has what they need.
    :ivar log: file to which everything that they and pip say is appended.
    """

    python: Path | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    constraints: Path | None = None
    offline: bool = False
    may_use_installed: bool = False
    log: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltWheel:
    """A wheel as a backend has built it.

    :ivar backend: as ``pyproject.toml`` names it, such as ``hatchling.build``.
    :ivar requirements: all that was installed for the build, as ``NAME==VERSION``, sorted.
    """

    path: Path
    backend: str
    requirements: tuple[str, ...]


def build_wheel(source: StrPath, directory: StrPath, settings: BackendSettings) -> BuiltWheel:
    """Build the wheel of a project. This runs code of the project, and of what its build needs.

    :param source: directory of the project.
    :param directory: where to put the wheel; it must be empty.
    :raises ManifestError: ``build-backend`` if that fails; ``path`` is the project's directory.
    """
    source = Path(source)
    directory = Path(directory)
    with _logged_warnings(settings.log), _open_backend(source, settings) as (builder, environment):
        name = builder.build("wheel", directory)
        return BuiltWheel(path=Path(name), backend=_name_backend(source), requirements=environment.list_installed())


def read_metadata(source: StrPath, settings: BackendSettings) -> str:
    """Return the core metadata of a project. This runs code of the project, and of what its build needs.

    :param source: directory of the project.
    :returns: the text of ``METADATA``.
    :raises ManifestError: ``build-backend`` if that fails; ``path`` is the project's directory.
    """
    source = Path(source)
    from tempfile import TemporaryDirectory

    with _open_backend(source, settings) as (builder, _), TemporaryDirectory(prefix="cs-metadata-") as place:
        return (Path(builder.metadata_path(place)) / "METADATA").read_text(encoding="utf-8")


def compose_environ(environ: Mapping[str, str], source: Path) -> dict[str, str]:
    """Compose the variables of a backend, so that it builds the same everywhere.

    :param environ: what to start from. Indexes, proxies, certificates, compilers and ``PATH`` are kept.
    :param source: directory of the project. ``SOURCE_DATE_EPOCH`` is the caller's, else the time of the last commit
        that changed the directory, but never before 2 January 1980.
    """
    from ._checkout import read_checkout

    kept = {name: value for name, value in environ.items() if not _DROPPED.fullmatch(name)}
    checkout = None if "SOURCE_DATE_EPOCH" in kept else read_checkout(source)
    epoch = checkout.time if checkout is not None and checkout.time is not None else _FIRST_TIME
    return {"SOURCE_DATE_EPOCH": str(max(epoch, _FIRST_TIME)), **kept, **_FIXED}


@contextlib.contextmanager
def _open_backend(
    source: Path, settings: BackendSettings
) -> Iterator[tuple[build.ProjectBuilder, IsolatedEnvironment]]:
    """Yield the backend of a project, with everything that a wheel needs installed."""
    from tempfile import TemporaryDirectory

    from ._isolation import IsolatedEnvironment, are_installed
    from ._processes import run_command

    place = TemporaryDirectory(prefix="cs-backend-", ignore_cleanup_errors=True)
    with _described(source, settings), place as work:
        environ = compose_environ(settings.environ, source) | _redirect_setuptools(Path(work)) | _keep_near(Path(work))
        environment = IsolatedEnvironment(
            Path(work) / "environment",
            python=settings.python,
            environ=environ,
            constraints=settings.constraints,
            offline=settings.offline,
            log=settings.log,
        )

        def run(cmd: Sequence[str], cwd: str | None = None, extra_environ: Mapping[str, str] | None = None) -> None:
            run_command(cmd, cwd=cwd, environ={**environ, **(extra_environ or {})}, log=settings.log)

        import build

        if settings.may_use_installed:
            builder = build.ProjectBuilder(source, runner=run)
            if are_installed(builder.build_system_requires) and are_installed(builder.get_requires_for_build("wheel")):
                yield builder, environment
                return
        environment.create()
        builder = build.ProjectBuilder.from_isolated_env(environment, source, runner=run)
        environment.install(builder.build_system_requires)
        environment.install(builder.get_requires_for_build("wheel"))
        yield builder, environment


@contextlib.contextmanager
def _logged_warnings(log: Path) -> Iterator[None]:
    """Write the warnings of a backend into the log, like all else that it says."""
    import warnings

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        finally:
            with log.open("a", encoding="utf-8") as file:
                file.writelines(f"warning: {one.message}\n" for one in caught)


def _redirect_setuptools(work: Path) -> dict[str, str]:
    """Keep setuptools from writing into the project, and from shipping what an earlier build has left there."""
    place = work / "setuptools"
    place.mkdir()
    settings = work / "setuptools.cfg"
    settings.write_text(f"[build]\nbuild_base = {place}\n[egg_info]\negg_base = {place}\n", encoding="utf-8")
    return {"DIST_EXTRA_CONFIG": str(settings)}


def _keep_near(work: Path) -> dict[str, str]:
    """Let pip and backends put their temporary files where they are removed, also when these programs are killed."""
    place = work / "tmp"
    place.mkdir()
    return dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(place))


@contextlib.contextmanager
def _described(source: Path, settings: BackendSettings) -> Iterator[None]:
    """Turn what can go wrong with a backend into one error."""
    from subprocess import CalledProcessError

    from ._processes import find_reason

    try:
        import build
    except ImportError as error:
        message = "running a build backend needs the `build` package"
        raise _failed(source, message, "pip install 'cs-manifest[build]'") from error
    try:
        yield
    except CalledProcessError as error:
        reason = find_reason(error.output or "") or f"status {error.returncode}"
        message = f"the build requirements could not be installed: {reason}"
        raise _failed(source, message, _OFFLINE_HINT if settings.offline else None) from error
    except (build.BuildException, build.BuildBackendException, build.FailedProcessError) as error:
        raise _failed(source, f"the build backend failed: {_find_cause(error)}") from error
    except OSError as error:
        raise _failed(source, f"the build backend cannot be started: {error}") from error
    except (ValueError, TypeError, RecursionError) as error:  # what `build` does not check
        raise _failed(source, f"the project or its build backend breaks the rules of PEP 517: {error}") from error


def _name_backend(source: Path) -> str:
    """Name the backend of a project whose ``pyproject.toml`` has been read before."""
    import tomllib

    path = source / "pyproject.toml"
    table = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return str(table.get("build-system", {}).get("build-backend", _OLD_BACKEND))


def _failed(source: Path, message: str, hint: str | None = None) -> ManifestError:
    return ManifestError(message, kind="build-backend", path=source, hint=hint)


def _find_cause(error: Exception) -> str:
    """Return the last line of a failed backend, or of the error itself."""
    from ._processes import find_reason

    cause = getattr(error, "exception", None) or error
    return find_reason(getattr(cause, "output", None) or "") or find_reason(str(error)) or type(error).__name__
