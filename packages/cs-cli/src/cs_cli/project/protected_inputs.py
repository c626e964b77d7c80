"""The user's files that a build reads, and the check that it does not overwrite them."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cs_lock import PackageRecord, Wheel
from cs_manifest import list_metadata_files

from ..companions.template_notices import NOTICES_NAME
from ..errors import CliError
from .derivation import Derivation

Status = Callable[[Path], os.stat_result]
Identity = tuple[object, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A file that a build reads and must not change.

    :ivar role: what the build uses it for: ``the manifest``.
    """

    role: str
    path: Path


def list_inputs(
    derivation: Derivation, *, templates: Sequence[Path] = (), secrets: Iterable[Path] = ()
) -> tuple[Input, ...]:
    """List every file that a build reads: manifest, lock, settings' files, template, metadata, local archives.

    :param templates: those that are needed.
    :param secrets: files with the signing key and its passphrase.
    """
    project = derivation.project
    named = (
        ("the manifest", project.manifest_path),
        ("the source lock", project.source_lock_path),
        ("the condarc file", derivation.config.condarc_file),
        ("the constraints file", derivation.config.build_constraints),
        *(("an archive of the archive folder", path) for path in derivation.outlook.files),
        *(("the notices of the template", path.with_name(NOTICES_NAME)) for path in templates),
        *(("the template", path) for path in templates),
        *(("the signing key", path) for path in secrets),
    )
    inputs = [Input(role=role, path=path.absolute()) for role, path in named if path is not None]
    inputs += [Input(role="a file of the project's metadata", path=path) for path in list_metadata_files(project)]
    beside, lock = project.lock_directory, derivation.lock
    packages: list[PackageRecord | Wheel] = []
    for platform in lock.platforms:
        packages += [*lock.packages(platform), *lock.wheels(platform)]
    archives = sorted({package.find_file(beside) for package in packages if package.is_local})
    return (*inputs, *(Input(role="a package archive", path=path) for path in archives))


def refuse_outputs(
    inputs: Iterable[Input],
    *,
    files: Iterable[Path],
    folders: Iterable[Path] = (),
    follow: Status = os.stat,
    inspect: Status = os.lstat,
) -> None:
    """Refuse to replace an input, a link on the way to one, or a directory that holds one.

    Files are compared by their identity in the file system, not by name: so another spelling, a link of either kind or
    a file system that ignores case makes no difference. A file that does not exist yet is not an input.

    :param files: what will be replaced or removed.
    :param folders: what will be removed or written to as a whole.
    :param follow: returns the status of what a path leads to.
    :param inspect: returns the status of the path itself, without following a link.
    :raises CliError: ``output-is-input``.
    """
    entries: dict[Identity | None, Input] = {}
    holders: dict[Identity | None, Input] = {}
    for one in inputs:
        for step in _trace(one.path):
            entries |= {_identify(step, inspect): one, _identify(step, follow): one}
            holders |= {_identify(parent, follow): one for parent in step.parents}
    for path in files:
        for key in (_identify(path, inspect), _identify(path, follow)):
            if key is not None and key in entries:
                raise _overlap(path, f"this would overwrite {entries[key].role}, {entries[key].path}")
    for path in folders:
        key = _identify(path, follow)
        if key is not None and key in holders:
            raise _overlap(
                path, f"this directory would be replaced, but it contains {holders[key].role}, {holders[key].path}"
            )


def _overlap(output: Path, message: str) -> CliError:
    return CliError(message, kind="output-is-input", path=output, hint="use another directory or file name")


def _identify(path: Path, look: Status) -> Identity | None:
    try:
        status = look(path)
    except (OSError, ValueError):
        return None
    if status.st_ino:
        return status.st_dev, status.st_ino
    # A file system without file numbers: only the name is left, and most such systems ignore case.
    return "name", unicodedata.normalize("NFC", os.path.realpath(path)).casefold()


def _trace(path: Path, seen: frozenset[Path] = frozenset()) -> Iterator[Path]:
    """Yield the paths that lead to a file: every symbolic link on the way, and the final path."""
    if path in seen:
        return
    for step in (*reversed(path.parents), path):
        if step.is_symlink():
            yield step
            yield from _trace(step.parent / step.readlink(), seen | {path})
    yield path
