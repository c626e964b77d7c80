"""How each entry that the lock knows only as source gets its archive. Nothing is built to find out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from cs_lock import (
    LockError,
    PendingEntry,
    Platform,
    Problem,
    RuntimeLock,
    SourceLock,
    list_names,
    merge_platforms,
    refuse_entry,
)
from cs_manifest import Project, ShipConfig

from ..errors import CliError
from ..project.places import SettingPlaces
from .folder import ArchiveFolder, FolderFile, open_folder
from .supplies import Outlook, Supply, describe_entry

if TYPE_CHECKING:
    from ..archives.store import ArchiveStore

_ALL_HINT = 'set `build-wheels = "all"`'
_LOCAL_HINT = 'set `build-wheels = "local"`'


def plan_supplies(
    places: SettingPlaces,
    config: ShipConfig,
    source: SourceLock,
    lock: RuntimeLock,
    open_store: Callable[[], ArchiveStore],
) -> Outlook:
    """Decide how each pending entry of a lock gets its archive.

    :param places: of the settings in ``config``.
    :param source: the lock that ``lock`` was derived from.
    :param open_store: opens the place where archives may be whose files are gone.
    """
    folder = open_folder(config.archives)
    planner = _Planner(places.project, config, lock, folder)
    supplies = tuple(
        planner.plan(entry, platform) for platform in lock.platforms for entry in lock.pending(platform.name)
    )
    refused = (supply.problem for supply in supplies if supply.problem is not None)
    problems = source.place_problems(merge_platforms([*_find_lost(lock, open_store), *refused]))
    faults = (_place_fault(fault, config, places) for fault in folder.faults)
    misfits = merge_platforms(_find_misfits(supplies, lock))
    found = (*faults, *problems, *misfits, *_check_folder(folder, lock))
    platforms = tuple(platform.name for platform in lock.platforms)
    return Outlook(supplies=supplies, problems=found, lock_path=source.path, platforms=platforms)


def _place_fault(fault: CliError, config: ShipConfig, places: SettingPlaces) -> Problem:
    """Make a problem of what is wrong with a directory of archives, or with an archive in one."""
    path = fault.path or Path()
    directory = path if path in config.archives else path.parent
    place = places.find("archives", lambda item: places.project.manifest_path.parent / str(item) == directory)
    return Problem(kind=fault.kind, message=f"{path}: {fault.message}", hint=fault.hint, **place)


def _find_lost(lock: RuntimeLock, open_store: Callable[[], ArchiveStore]) -> Iterable[Problem]:
    """Find the archives that are neither at their place on this machine nor in the cache."""
    if not any(map(lock.lost, lock.platforms)):
        return
    store = open_store()
    for platform in lock.platforms:
        for entry in lock.lost(platform):
            packages = lock.wheels(platform) if entry.kind == "pypi" else lock.packages(platform)
            if not any(one.name == entry.name and store.has(one) for one in packages):
                yield refuse_entry(entry, platform.name)


def _find_misfits(supplies: Sequence[Supply], lock: RuntimeLock) -> Iterable[Problem]:
    """Find what is wrong with a lock, or worth a warning, as soon as it has the archives of the folder."""
    for platform in lock.platforms:
        chosen = [supply for supply in supplies if supply.platform == platform.name]
        taken = {one.entry.label: one.archive for one in chosen if one.archive is not None}
        settled = lock.settle(taken, platform=platform)
        yield from (problem for problem in settled.problems if problem not in lock.problems)


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
            problem = entry.make_problem(error.kind, error.message, platform=platform.name, hint=error.hint)
            return Supply(entry=entry, platform=platform.name, action="none", problem=problem)
        if file is not None:
            return self._take(file, entry, platform)
        refusal = self._refuse(entry, platform)
        action: Literal["build", "none"] = "build" if refusal is None else "none"
        return Supply(entry=entry, platform=platform.name, action=action, problem=refusal)

    def _take(self, file: FolderFile, entry: PendingEntry, platform: Platform) -> Supply:
        """Take an archive, unless it cannot be read or says that it is another one."""
        try:
            archive = file.open()
        except (CliError, LockError) as error:
            message = f"{file.path.name} in the archive folder: {error.message}"
            hint = error.hint or "build it again, or remove it"
            problem = entry.make_problem(error.kind, message, platform=platform.name, hint=hint)
            return Supply(entry=entry, platform=platform.name, action="none", problem=problem)
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

    def _refuse(self, entry: PendingEntry, platform: Platform) -> Problem | None:
        """Describe why an entry gets no archive; ``None`` if a wheel is built."""
        problem = self._refuse_conda(entry, platform) if entry.kind == "conda" else self._refuse_pypi(entry, platform)
        unfit = self._list_unfit(entry)
        return problem and replace(problem, message=problem.message + unfit)

    def _refuse_conda(self, entry: PendingEntry, platform: Platform) -> Problem:
        """Describe a conda package without an archive: none is ever built."""
        way, plural_way = self._name_ways(entry, "conda package")
        if entry.reason == "source-package":
            way += f"; `pixi publish --target-dir DIR --path {entry.place}` makes one"
            problem = refuse_entry(entry, platform.name, detail=", and cs does not build conda packages")
            return replace(problem, hint=way, plural_hint=None)
        return replace(refuse_entry(entry, platform.name), hint=way, plural_hint=plural_way)

    def _refuse_pypi(self, entry: PendingEntry, platform: Platform) -> Problem | None:
        """Describe why no wheel is built for a PyPI package; ``None`` if one is."""
        ways, mode = self._name_ways(entry, "wheel"), self._config.build_wheels
        is_own = self.is_own(entry)
        kind, detail, form = None, "", "{}"
        if entry.form == "wheel":
            pass  # one is there, or was: nothing is built
        elif mode == "never" or (mode == "local" and not is_own):
            what = "no wheel" if mode == "never" else "only the workspace's own projects"
            detail = f'; build-wheels = "{mode}" builds {what}'
            form = f"{{}}, or {_LOCAL_HINT if is_own else _ALL_HINT}"
        elif entry.form == "sdist" and entry.url is not None and not entry.sha256:
            kind, detail = "missing-sha256", ", without a SHA-256 to check it with"
        elif mode == "local" and (needed := self._find_other_python(entry)):
            kind, detail = "wheel-not-built", f", which needs Python {needed}, but cs runs in {_own_version()}"
            form = f"run cs in such a Python, or {{}}, or {_ALL_HINT} to build in the environment's Python"
        else:
            return None
        problem = refuse_entry(entry, platform.name, detail=detail)
        hint, plural_hint = (form.format(way) for way in ways)
        return replace(problem, kind=kind or problem.kind, hint=hint, plural_hint=plural_hint)

    def _name_ways(self, entry: PendingEntry, what: str) -> tuple[str, str]:
        """Say how an entry gets the archive that it lacks, and how several do."""
        place = "into the archive folder" if self._config.archives else 'into a directory, and set `archives = "DIR"`'
        restored = ("restore the file, or ", "restore the files, or ") if entry.reason == "missing-file" else ("", "")
        return f"{restored[0]}put a matching {what} {place}", f"{restored[1]}put matching {what}s {place}"

    def _find_other_python(self, entry: PendingEntry) -> str | None:
        """Return the Pythons that a project supports, if this one is not among them."""
        needed = entry.requires_python or _read_requires_python(entry.find_path(self.lock_directory))
        return None if needed is None or _satisfies(needed) else needed

    @property
    def lock_directory(self) -> Path:
        return self._project.lock_directory

    def is_own(self, entry: PendingEntry) -> bool:
        """Tell whether an entry is a directory of the workspace."""
        if entry.origin != "directory":
            return False
        return Path(os.path.realpath(entry.find_path(self.lock_directory))).is_relative_to(
            os.path.realpath(self._project.root)
        )


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
                    plural_hint="remove them, if you did not expect this",
                )
            elif file.digest not in pinned:
                yield Problem(
                    kind="pinned-archive",
                    message=f"the lock pins {file.name}, so {file.path.name} in the archive folder cannot replace it",
                    package=file.label.removeprefix("conda:"),
                    hint="remove it from the folder, or depend on it by its path and lock the workspace again",
                    plural_hint="remove them from the folder, or depend on them by path and lock the workspace again",
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
