"""The runtime's version, when it comes from the project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .document import Document, describe, read_document
from .errors import ManifestError
from .values import check_version

if TYPE_CHECKING:
    from pathlib import Path

    from .project import Project

_KEY = ("tool", "conda-ship", "runtime-version")


def find_version(project: Project, *, from_metadata: bool) -> str | None:
    """Find the version of the project without running any of its code.

    :param from_metadata: whether the build backend may know it when ``[project].version`` is not static.
    :returns: the version; ``None`` if only the build backend knows it.
    :raises ManifestError: when there is none.
    """
    pyproject = _find_pyproject(project, from_metadata=from_metadata)
    table = {} if pyproject is None else pyproject.table(("project",))
    if pyproject is not None and "version" in table:
        return _check_static(pyproject, table["version"])
    if not from_metadata:
        dynamic = table.get("dynamic")
        raise _missing(project, dynamic=isinstance(dynamic, list) and "version" in dynamic)
    if pyproject is None:
        raise _metadata_error(project, f"there is no pyproject.toml in {project.root}")
    return None


def ask_version(project: Project, *, offline: bool = False) -> str:
    """Ask the project's build backend (PEP 517) for the version. This runs code of the project.

    :param offline: do not install what the backend needs; it must be installed already.
    :raises ManifestError: if the backend fails or is not available.
    """
    pyproject = _find_pyproject(project, from_metadata=True)
    if pyproject is None:
        raise _metadata_error(project, f"there is no pyproject.toml in {project.root}")
    return _check_dynamic(project, _read_metadata_version(project, pyproject.path.parent, offline=offline))


def _find_pyproject(project: Project, *, from_metadata: bool) -> Document | None:
    if project.table_prefix:
        return project.document
    path = project.root / "pyproject.toml"
    return read_document(path) if from_metadata and path.is_file() else None


def _check_static(document: Document, value: object) -> str:
    try:
        return check_version(value)
    except ValueError as error:
        raise document.error(
            f"must be {error}",
            kind="value-invalid",
            key=("project", "version"),
            expected=str(error),
            actual=value,
        ) from None


def _missing(project: Project, *, dynamic: bool) -> ManifestError:
    hint = 'add `runtime-version = "..."` to [tool.conda-ship]'
    if dynamic:
        hint = 'the project\'s version is dynamic: set `runtime-version = { from = "project-metadata" }`'
    error = project.document.error(
        "the runtime has no version", kind="version-missing", key=_KEY, expected="a version", hint=hint
    )
    error.key = ".".join(_KEY)
    return error


def _metadata_error(project: Project, message: str, hint: str | None = None) -> ManifestError:
    return project.document.error(
        message,
        kind="version-metadata",
        key=_KEY,
        expected="a version from the project's metadata",
        hint=hint,
    )


def _check_dynamic(project: Project, version: str) -> str:
    try:
        return check_version(version)
    except ValueError:
        raise _metadata_error(project, f"the build backend reports the version {describe(version)}") from None


def _read_metadata_version(project: Project, source: Path, *, offline: bool) -> str:
    """Ask the build backend: in this Python when it has all that the build needs, else in an isolated environment."""
    import subprocess

    try:
        import build
    except ImportError as error:
        raise _metadata_error(
            project,
            "asking the build backend needs the `build` package",
            hint="pip install 'cs-manifest[metadata]'",
        ) from error
    try:
        return _prepare_metadata(project, source, offline=offline)
    except subprocess.CalledProcessError as error:
        raise _metadata_error(project, f"the build requirements could not be installed: {_last_line(error)}") from error
    except (build.BuildException, build.BuildBackendException, build.FailedProcessError) as error:
        raise _metadata_error(project, f"the build backend failed: {_last_line(error)}") from error
    except OSError as error:
        raise _metadata_error(project, f"the build backend cannot be started: {_last_line(error)}") from error


def _prepare_metadata(project: Project, source: Path, *, offline: bool) -> str:
    import build
    import build.env
    import pyproject_hooks

    runner = pyproject_hooks.quiet_subprocess_runner
    builder = build.ProjectBuilder(source, runner=runner)
    if _are_installed(builder.build_system_requires) and _are_installed(builder.get_requires_for_build("wheel")):
        return _read_version_file(builder)
    if offline:
        needed = ", ".join(sorted(builder.build_system_requires))
        message = f"the build requirements are not installed ({needed}), and downloads are off"
        raise _metadata_error(project, message, "install them, or allow downloads")
    with build.env.DefaultIsolatedEnv() as environment:
        builder = build.ProjectBuilder.from_isolated_env(environment, source, runner=runner)
        environment.install(builder.build_system_requires)
        environment.install(builder.get_requires_for_build("wheel"))
        return _read_version_file(builder)


def _read_version_file(builder: Any) -> str:
    from email.parser import HeaderParser
    from pathlib import Path
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="cs-manifest-") as directory:
        metadata = Path(builder.metadata_path(directory)) / "METADATA"
        with metadata.open(encoding="utf-8") as file:
            return str(HeaderParser().parse(file).get("Version", ""))


def _are_installed(requirements: set[str]) -> bool:
    from importlib.metadata import PackageNotFoundError, version

    from packaging.requirements import InvalidRequirement, Requirement

    try:
        for requirement in map(Requirement, requirements):
            if requirement.marker is not None and not requirement.marker.evaluate():
                continue
            if requirement.url or not requirement.specifier.contains(version(requirement.name), prereleases=True):
                return False
    except (InvalidRequirement, PackageNotFoundError):
        return False
    return True


def _last_line(error: BaseException) -> str:
    """Return the last line of a failed command's output, or of the error itself."""
    command = getattr(error, "exception", None) or error
    for output in (getattr(command, "stderr", None), getattr(command, "output", None), error):
        text = output.decode("utf-8", "replace") if isinstance(output, bytes) else str(output or "")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        # pip ends with hints to upgrade itself.
        lines = [line for line in lines if line.startswith("ERROR")] or lines
        if lines:
            return lines[-1]
    return type(error).__name__
