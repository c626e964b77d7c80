"""The runtime's version, when it comes from the project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ._document import Document, describe, read_document
from ._errors import ManifestError
from ._values import check_version

if TYPE_CHECKING:
    from ._paths import StrPath
    from ._project import Project

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


def ask_version(project: Project, *, offline: bool = False, log: StrPath | None = None) -> str:
    """Ask the project's build backend (PEP 517) for the version. This runs code of the project.

    :param offline: do not download what the backend needs: it must be installed already, or in a directory that
        ``PIP_FIND_LINKS`` names.
    :param log: file that what the backend says is appended to.
    :raises ManifestError: if the backend fails or is not available.
    """
    pyproject = _find_pyproject(project, from_metadata=True)
    if pyproject is None:
        raise _metadata_error(project, f"there is no pyproject.toml in {project.root}")
    return _check_dynamic(project, _read_metadata_version(project, pyproject.path.parent, offline=offline, log=log))


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


def _read_metadata_version(project: Project, source: Path, *, offline: bool, log: StrPath | None) -> str:
    """Ask the build backend: in this Python when it has all that the build needs, else in an isolated environment."""
    from email.parser import HeaderParser
    from tempfile import TemporaryDirectory

    from ._backend import BackendSettings, read_metadata

    with TemporaryDirectory(prefix="cs-manifest-") as directory:
        place = Path(directory) / "log" if log is None else Path(log)
        try:
            text = read_metadata(source, BackendSettings(may_use_installed=True, offline=offline, log=place))
        except ManifestError as error:
            raise _metadata_error(project, error.message, error.hint) from error
    return str(HeaderParser().parsestr(text).get("Version", ""))
