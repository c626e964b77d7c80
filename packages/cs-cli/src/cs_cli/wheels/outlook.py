"""How each entry that the lock knows only as source gets its archive. Nothing is built to find out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from cs_lock import (
    LockError,
    PendingEntry,
    Platform,
    Problem,
    RuntimeLock,
    SourceLock,
    list_names,
)
from cs_manifest import Project, ShipConfig

from ..errors import CliError
from .folder import ArchiveFolder, FolderFile, open_folder
from .supplies import Outlook, Supply, describe_entry, name_source

_ALL_HINT = 'set `build-wheels = "all"`'
_LOCAL_HINT = 'set `build-wheels = "local"`'
_SOURCES = {
    "directory": "a directory outside of the workspace",
    "git": "a git repository",
    "sdist": "a source distribution",
}


def plan_supplies(project: Project, config: ShipConfig, source: SourceLock, lock: RuntimeLock) -> Outlook:
    """Decide how each pending entry of a lock gets its archive.

    :param source: the lock that ``lock`` was derived from.
    """
    folder = open_folder(config.archives)
    planner = _Planner(project, config, lock, folder)
    supplies = tuple(
        planner.plan(entry, platform) for platform in lock.platforms for entry in lock.pending(platform.name)
    )
    problems = source.place_problems(_merge(supply.problem for supply in supplies if supply.problem is not None))
    faults = [
        Problem(kind=one.kind, message=f"{one.path}: {one.message}", hint=one.hint, key="tool.conda-ship.archives")
        for one in folder.faults
    ]
    misfits = _find_misfits(supplies, lock)
    found = (*faults, *problems, *misfits, *_check_folder(folder, lock))
    return Outlook(supplies=supplies, problems=found, lock_path=source.path)


def _find_misfits(supplies: Sequence[Supply], lock: RuntimeLock) -> Iterable[Problem]:
    """Find what is wrong with a lock as soon as it has the archives of the folder."""
    for platform in lock.platforms:
        chosen = [supply for supply in supplies if supply.platform == platform.name]
        taken = {one.entry.label: one.archive for one in chosen if one.archive is not None}
        settled = lock.settle(taken, platform=platform)
        yield from (problem for problem in settled.errors if problem not in lock.errors)


def _merge(problems: Iterable[Problem]) -> list[Problem]:
    """Merge problems that differ only in their platform."""
    merged: dict[Problem, list[str]] = {}
    for problem in problems:
        merged.setdefault(replace(problem, platform=None, platforms=()), []).extend(problem.platforms)
    return [replace(problem, platforms=tuple(names)) for problem, names in merged.items()]


class _Planner:
    def __init__(self, project: Project, config: ShipConfig, lock: RuntimeLock, folder: ArchiveFolder) -> None:
        self._project = project
        self._config = config
        self._lock = lock
        self._folder = folder

    def plan(self, entry: PendingEntry, platform: Platform) -> Supply:
        """Decide for one entry; the folder comes first."""
        try:
            file = self._choose(entry, platform)
        except CliError as error:
            return self._refuse(entry, platform, error.kind, error.message, error.hint or "")
        if file is not None:
            return self._take(file, entry, platform)
        refusal = self._refuse_conda(entry) if entry.kind == "conda" else self._refuse_pypi(entry)
        if refusal is not None:
            kind, message, hint = refusal
            return self._refuse(entry, platform, kind, message + self._list_unfit(entry), hint)
        return Supply(entry=entry, platform=platform.name, action="build")

    def _take(self, file: FolderFile, entry: PendingEntry, platform: Platform) -> Supply:
        """Take an archive, unless it cannot be read or says that it is another one."""
        try:
            archive = file.open()
        except (CliError, LockError) as error:
            message = f"{file.path.name} in the archive folder: {error.message}"
            return self._refuse(entry, platform, error.kind, message, error.hint or "build it again, or remove it")
        return Supply(entry=entry, platform=platform.name, action="take", file=file, archive=archive)

    def _choose(self, entry: PendingEntry, platform: Platform) -> FolderFile | None:
        """Choose the archive of the folder for an entry: one for this platform before one for all.

        :raises CliError: ``ambiguous-archive`` or ``wheel-mismatch``.
        """
        records = self._lock.packages(platform.name)
        found = [file for file in self._folder.find(entry.label) if file.fits(platform, records)]
        self._folder.used.update(file.path for file in self._folder.find(entry.label))
        fitting = [file for file in found if _has_version(file, entry)]
        if found and not fitting:
            has = " and ".join(sorted({file.version for file in found}))
            message = f"the archive folder has {entry.name} {has}, but the lock has {entry.version}"
            raise CliError(message, kind="wheel-mismatch", hint="build this version, or lock the workspace again")
        special = [file for file in fitting if not file.is_general] or fitting
        if len({file.digest for file in special}) > 1:
            names = " and ".join(sorted(file.path.name for file in special))
            message = f"the archive folder has several archives for {describe_entry(entry)}: {names}"
            raise CliError(message, kind="ambiguous-archive", hint="keep one of them")
        return special[0] if special else None

    def _list_unfit(self, entry: PendingEntry) -> str:
        """Say that the folder has archives of an entry, but for other platforms or another Python."""
        names = sorted({file.path.name for file in self._folder.find(entry.label)})
        return f"; for another platform or Python, the archive folder has {list_names(names)}" if names else ""

    def _refuse_conda(self, entry: PendingEntry) -> tuple[str, str, str]:
        """Describe a conda package without an archive: none is ever built."""
        what = describe_entry(entry)
        way = self._name_folder("conda package")
        if entry.reason == "source-package":
            hint = f"{way}; `pixi publish --target-dir DIR --path {name_source(entry)}` makes one"
            return "missing-archive", f"{what} is source, and cs does not build conda packages", hint
        if entry.reason == "missing-file":
            return "missing-archive", f"the archive of {what} is missing", f"create it, or {way}"
        return "missing-archive", f"the lock does not describe {what} completely", way

    def _refuse_pypi(self, entry: PendingEntry) -> tuple[str, str, str] | None:
        """Describe why no wheel is built for a PyPI package; ``None`` if one is."""
        what, way, mode = describe_entry(entry), self._name_folder("wheel"), self._config.build_wheels
        if entry.reason == "unpinned":
            return "missing-sha256", f"{what} has no SHA-256 in the lock", way
        if entry.reason == "missing-file":
            return "missing-archive", f"the wheel of {what} is missing", f"create it, or {way}"
        if mode == "never":
            way += f", or {_LOCAL_HINT if self.is_own(entry) else _ALL_HINT}"
            return (
                "pypi-source",
                f'{what} is source, and build-wheels = "never" builds no wheel',
                way,
            )
        if mode == "local" and not self.is_own(entry):
            message = f"{what} is {_SOURCES[entry.reason]}, and only the workspace's own projects are built"
            return "pypi-source", message, f"{way}, or {_ALL_HINT}"
        if entry.form == "sdist" and entry.url is not None and not entry.sha256:
            return "missing-sha256", f"{what} has no SHA-256 in the lock, so its sdist cannot be checked", way
        return self._refuse_python(entry) if mode == "local" else None

    def _name_folder(self, what: str) -> str:
        """Say how an archive gets into the archive folder."""
        if self._config.archives:
            return f"put a {what} of it into the archive folder"
        return f'put a {what} of it into a directory, and set `archives = "DIR"`'

    def _refuse_python(self, entry: PendingEntry) -> tuple[str, str, str] | None:
        """Describe a project that this Python is too old or too new for."""
        needed = entry.requires_python or _read_requires_python(entry.find_path(self.lock_directory))
        if needed is None or _satisfies(needed):
            return None
        message = f"{describe_entry(entry)} needs Python {needed}, but cs runs in {_own_version()}"
        ways = (
            "run cs in such a Python",
            self._name_folder("wheel"),
            f"{_ALL_HINT} to build in the environment's Python",
        )
        return "wheel-not-built", message, ", or ".join(ways)

    @property
    def lock_directory(self) -> Path:
        return self._project.source_lock_path.absolute().parent

    def is_own(self, entry: PendingEntry) -> bool:
        """Tell whether an entry is a directory of the workspace."""
        if entry.origin != "directory":
            return False
        return Path(os.path.realpath(entry.find_path(self.lock_directory))).is_relative_to(
            os.path.realpath(self._project.root)
        )

    def _refuse(self, entry: PendingEntry, platform: Platform, kind: str, message: str, hint: str) -> Supply:
        problem = Problem(
            kind=kind,
            message=message,
            platform=platform.name,
            package=entry.label.removeprefix("conda:"),
            feature=entry.feature,
            key=entry.key,
            hint=hint or None,
        )
        return Supply(entry=entry, platform=platform.name, action="none", problem=problem)


def _has_version(file: FolderFile, entry: PendingEntry) -> bool:
    """Compare versions; that of a source tree in a lock says nothing about the tree of today."""
    from packaging.version import InvalidVersion, Version

    if entry.version is None or entry.form == "tree":
        return True
    try:
        return Version(file.version) == Version(entry.version)
    except InvalidVersion:
        return file.version == entry.version


def _read_requires_python(directory: Path) -> str | None:
    import tomllib

    from ..untrusted import VALUE_LIMIT_BYTES, read_limited

    try:
        table = tomllib.loads(read_limited(directory / "pyproject.toml", VALUE_LIMIT_BYTES).decode())
        value = table.get("project", {}).get("requires-python")
    except (OSError, ValueError, AttributeError, RecursionError):
        return None
    return value if isinstance(value, str) else None


def _satisfies(requirement: str) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(requirement).contains(_own_version(), prereleases=True)
    except InvalidSpecifier:
        return True  # the build backend says what is wrong with it


def _own_version() -> str:
    import platform as host

    return host.python_version()


def _check_folder(folder: ArchiveFolder, lock: RuntimeLock) -> Iterable[Problem]:
    """Find the archives of the folder that would replace what the lock pins, and those that stand for nothing."""
    for file in folder.files:
        if file.path not in folder.used:
            pinned = _find_pinned(file, lock)
            if pinned is None:
                yield Problem(
                    kind="unmatched-archive",
                    severity="warning",
                    message=f"{file.path.name} in the archive folder stands for no package of the lock",
                    hint="remove it, if you did not expect this",
                )
            elif file.digest not in pinned:
                yield Problem(
                    kind="pinned-archive",
                    message=f"the lock pins {file.name}, so {file.path.name} in the archive folder cannot replace it",
                    package=file.label.removeprefix("conda:"),
                    hint="remove it from the folder, or depend on it by its path and lock the workspace again",
                )


def _find_pinned(file: FolderFile, lock: RuntimeLock) -> set[str] | None:
    """Return the digests that a lock has for the package of an archive; ``None`` if it has no such package."""
    packages: Sequence[object] = [
        package
        for platform in lock.platforms
        for package in (lock.wheels(platform) if file.kind == "pypi" else lock.packages(platform))
        if package.name == file.name
    ]
    return {str(getattr(package, "sha256", "")) for package in packages} or None
