"""Which programs of an environment users could run: guesses, to choose from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cs_bundle import BundleError

from ..archives.contents import ArchiveContents
from ..archives.places import NOARCH_PLACE, UNIX_PLACES, WINDOWS_PLACES, WINDOWS_SUFFIXES
from ..archives.remembered import inspect_archives
from ..archives.store import ArchiveStore
from ..delegate.lookup import list_executables
from ..delegate.search import Package, Search, read_sources
from ..errors import CliError
from ..untrusted import VALUE_LIMIT_BYTES, parse_object, read_limited

_RECORD_LIMIT_BYTES = 64 * VALUE_LIMIT_BYTES
"""Limit for the record of an installed package: one with 100,000 files takes 30 MB."""

_MOST_OF_ONE = 4
_PYTHON = "python"
_COMMON = (_PYTHON, "pip")
_PLACES = tuple(place for place in (*UNIX_PLACES, *WINDOWS_PLACES, NOARCH_PLACE) if place)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program that users could run.

    :ivar source: the package that has it, or what declares it.
    :ivar is_known: whether something says that it exists; otherwise it is only the name of a package.
    """

    name: str
    source: str
    is_known: bool = True

    @property
    def text(self) -> str:
        """Where it is from, in a few words."""
        if not self.is_known:
            return "name of a package that was not looked into"
        return "" if self.source == self.name else f"from {self.source}"


def find_programs(search: Search, store: ArchiveStore, environments: Iterable[Path], favourite: str) -> list[Program]:
    """List programs, the likeliest first: those of the workspace's own projects, then of what it asks for.

    What packages contain is read from archives in the cache, or from an installed environment; nothing is downloaded.

    :param environments: directories where the environment may be installed.
    :param favourite: name of the workspace: a program with this name comes first. Names that are only guessed come
        last, after ``python``, which every Python package has.
    """
    try:
        own = [_list_names(contents, search.subdir) for contents in read_sources(search)]
    except CliError:  # a damaged archive: the build reports it
        own = []
    found = [Program(name=name, source="the workspace") for names in own for name in names]
    records = [path for one in environments for path in _list_records(one)]
    requested = [package for package in search.stored if package.name in search.requested]
    for package in sorted(requested, key=lambda package: (package.name in _COMMON, package.name)):
        found += _list_programs(package, search.subdir, store, records)
    if any(package.name == _PYTHON for package in search.stored):
        found.append(Program(name=_PYTHON, source=_PYTHON))
    ranked = sorted(found, key=lambda one: (not one.is_known, one.name != favourite, one.name == _PYTHON))
    first: dict[str, Program] = {}
    for program in ranked:
        first.setdefault(program.name, program)
    return list(first.values())


def _list_programs(package: Package, subdir: str, store: ArchiveStore, records: list[Path]) -> Iterator[Program]:
    """List a few programs of a package; just its name if nothing says what it has."""
    names = _look_into_archive(package, subdir, store)
    if names is None:
        names = _look_into_environment(package, records)
    if names is None:
        yield Program(name=package.name, source=package.name, is_known=False)
        return
    ordered = sorted(names, key=lambda name: (name != package.name, name.startswith("."), len(name), name))
    for name in ordered[: 1 if package.name in _COMMON else _MOST_OF_ONE]:
        yield Program(name=name, source=package.name)


def _look_into_archive(package: Package, subdir: str, store: ArchiveStore) -> list[str] | None:
    """List the programs in a cached archive; ``None`` if there is none."""
    try:
        archive = store.find(package)
        return None if archive is None else _list_names(inspect_archives([archive])[0], subdir)
    except (BundleError, CliError):
        return None


def _list_names(contents: ArchiveContents, subdir: str) -> list[str]:
    return _name_programs(list_executables(contents, subdir), is_windows=subdir.startswith("win-"))


def _list_records(environment: Path) -> list[Path]:
    try:
        return list((environment / "conda-meta").glob("*.json"))
    except OSError:
        return []


def _look_into_environment(package: Package, records: Iterable[Path]) -> list[str] | None:
    """List the programs that an installed package has; ``None`` if it is not installed."""
    stem = f"{package.name}-{package.version}-"
    for record in (one for one in records if one.name.startswith(stem)):
        try:
            files = parse_object(read_limited(record, _RECORD_LIMIT_BYTES)).get("files", [])
            return _name_programs((str(file) for file in files), is_windows=(record.parents[1] / "python.exe").exists())
        except (OSError, ValueError, TypeError):
            continue
    return None


def _name_programs(paths: Iterable[str], *, is_windows: bool) -> list[str]:
    """Name the programs among files: without the directory, on Windows without the suffix."""
    names = set()
    for path in paths:
        directory, _, name = path.replace("\\", "/").rpartition("/")
        stem, dot, suffix = name.rpartition(".")
        if is_windows and f".{suffix.lower()}" in WINDOWS_SUFFIXES and dot:
            name = stem
        if f"{directory}/" in _PLACES and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
            names.add(name)
    return sorted(names)
