"""Build a project into a wheel that does not depend on who builds it, where and when."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from cs_bundle import hash_file
from cs_lock import LocalArchive, PendingEntry, normalize_pypi_name
from cs_manifest import BackendSettings, BuiltWheel, ManifestError, build_wheel

from ..archives.wheels import read_metadata
from ..errors import CliError
from ..project.logs import backend_log
from .folder import check_metadata
from .normal_form import normalize_wheel
from .origins import Origin
from .sources import SourceTree


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildMachine:
    """What wheels are built with.

    :ivar python: interpreter; by default the one that runs ``cs``.
    :ivar environ: variables that the builds start from.
    :ivar constraints: constraints file of pip for what builds need.
    """

    python: Path | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    constraints: Path | None = None
    offline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltArchive:
    """A wheel that was built, in its normal form."""

    archive: LocalArchive
    origin: Origin


def build_project(entry: PendingEntry, source: SourceTree, machine: BuildMachine, directory: Path) -> BuiltArchive:
    """Build the wheel of an entry of the lock. This runs code of the project, and of what its build needs.

    :param directory: existing directory for the wheel.
    :raises CliError: ``wheel-not-built`` if the build fails, with the place of its log; ``wheel-damaged`` if the result
        cannot ship; ``wheel-mismatch`` if it is a wheel of another project.
    """
    built = _run_backend(entry, source, machine, directory / f"raw-{entry.name}")
    wheel = normalize_wheel(built.path, directory)
    metadata = read_metadata(wheel)
    check_metadata(wheel, metadata.name, metadata.version)
    if normalize_pypi_name(metadata.name) != entry.name:
        message = f"{source.origin.location} is the project {metadata.name}, but the lock calls it {entry.name}"
        raise CliError(message, kind="wheel-mismatch", key=entry.key, hint="lock the workspace again")
    archive = LocalArchive.of_wheel(
        wheel,
        sha256=hash_file(wheel),
        size_bytes=wheel.stat().st_size,
        requires_dist=metadata.requires_dist,
        requires_python=metadata.requires_python,
        is_built=True,
    )
    origin = replace(source.origin, backend=built.backend, requirements=built.requirements)
    return BuiltArchive(archive=archive, origin=origin)


def _run_backend(entry: PendingEntry, source: SourceTree, machine: BuildMachine, directory: Path) -> BuiltWheel:
    """Run the backend, which must leave exactly one wheel; its log is kept only if the error names it."""
    directory.mkdir()
    try:
        with backend_log(entry.name) as log:
            settings = BackendSettings(
                python=machine.python,
                environ=machine.environ,
                constraints=machine.constraints,
                offline=machine.offline,
                log=log,
            )
            built = build_wheel(source.path, directory, settings)
    except ManifestError as error:
        message = f"cannot build {entry.name} from {source.origin.location}: {error.message}"
        raise CliError(message, kind="wheel-not-built", path=source.path, key=entry.key, hint=error.hint) from error
    made = sorted(directory.iterdir()) if directory.is_dir() else []
    if made != [built.path] or built.path.suffix != ".whl" or built.path.is_symlink() or not built.path.is_file():
        names = ", ".join(path.name for path in made) or "nothing"
        message = f"the build backend of {entry.name} has made {names} instead of one wheel"
        raise CliError(message, kind="wheel-damaged", path=source.path, key=entry.key)
    return built
