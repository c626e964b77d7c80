"""Archives of this machine in place of entries that the lock knows only as source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ._comparison import compare_archive
from ._errors import Problem
from ._local_archives import LocalArchive
from ._names import pypi_label
from ._pending import PendingEntry
from ._selection import Selection
from ._wheels import Wheel

_TREES = frozenset({"directory", "git", "source-package"})


def normalize_label(label: str) -> str:
    """Return the label of a pending entry in full: ``pypi:NAME`` or ``conda:NAME``."""
    kind, separator, rest = label.partition(":")
    if separator and kind == "pypi":
        return pypi_label(rest)
    return f"conda:{(rest if separator and kind == 'conda' else label).lower()}"


def settle_selection(selection: Selection, archives: Mapping[str, LocalArchive]) -> tuple[Selection, list[Problem]]:
    """Put archives in place of pending entries of one platform.

    :param archives: by the entry's label.
    :returns: the selection, and why archives do not fit.
    """
    settled = [(entry, archives[entry.label]) for entry in selection.pending if entry.label in archives]
    if not settled:
        return selection, []
    rest = tuple(entry for entry in selection.pending if entry.label not in archives)
    records, wheels = [*selection.records], [*selection.wheels]
    problems: list[Problem] = []
    warnings = [*selection.problems]
    for entry, archive in settled:
        found = list(_check_archive(entry, archive, selection))
        problems += found
        if found:
            continue
        warnings += compare_archive(entry, archive, selection)
        if archive.record is not None:
            records.append(archive.record)
        else:
            wheels.append(make_wheel(entry, archive))
    return replace(selection, pending=rest, problems=tuple(warnings)).arrange(records, wheels), problems


def make_wheel(entry: PendingEntry, archive: LocalArchive) -> Wheel:
    """Make the wheel that ships in place of an entry."""
    source = entry.record
    assert source is not None  # every PyPI package has one
    if not archive.is_built:  # nobody knows whether a ready-made one comes from what the lock names
        source = replace(source, origin="file", index=None)
    return Wheel(
        name=archive.name,
        version=archive.version,
        file_name=archive.file_name,
        url=None,
        location=str(archive.path),
        sha256=archive.sha256,
        size_bytes=archive.size_bytes,
        requires_dist=archive.requires_dist,
        requires_python=archive.requires_python,
        source=source,
    )


def _check_archive(entry: PendingEntry, archive: LocalArchive, selection: Selection) -> Iterable[Problem]:
    """Check that an archive is what an entry needs; tags and subdir are checked with everything that ships."""
    owner = f"the {'PyPI package' if entry.kind == 'pypi' else 'package'} {entry.name}"
    if (archive.kind == "wheel") != (entry.kind == "pypi"):
        kind = "a wheel" if entry.kind == "pypi" else "a conda package"
        fault = f"is not {kind}, which {owner} needs"
    elif archive.name != entry.name:
        fault = f"is of {archive.name}, not of {owner}"
    elif entry.version and entry.reason not in _TREES and not _is_version(archive, entry.version):
        fault = f"is not version {entry.version} of {owner}"
    else:
        return
    yield entry.make_problem(
        "archive-mismatch",
        f"{archive.file_name} {fault}",
        platform=selection.platform.name,
        hint="build the archive again from what the lock names",
    )


def _is_version(archive: LocalArchive, version: str) -> bool:
    """Compare versions: those of a lock's source trees go stale, all others are what was solved for."""
    if archive.kind == "conda":
        return archive.version == version
    from packaging.version import Version

    return Version(archive.version) == Version(version)
