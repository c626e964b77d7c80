"""Where the package archives of a build come from: the cache, then the network."""

from __future__ import annotations

import contextlib
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from cs_bundle import (
    ArchiveMismatchError,
    BundleError,
    WantedArchive,
    cached_path,
    find_cached,
    format_bytes,
    touch_archives,
    using_cache,
)

from ..errors import CliError, add_advice, replace_advice
from ..terminal.console import Console, format_count, format_seconds
from .cache_directory import locate_cache

if TYPE_CHECKING:
    from cs_bundle import FetchProgress, Wait
    from cs_lock import PackageRecord, Wheel

    from ..options import ProjectOptions

Result = TypeVar("Result")


def archives_of_packages(packages: Iterable[PackageRecord | Wheel], lock_directory: Path) -> tuple[WantedArchive, ...]:
    """List the archives of a lock's packages, in their order.

    :param lock_directory: directory of the source lock, where relative paths of local archives start.
    """
    return tuple(
        WantedArchive(
            url=_find_address(one, lock_directory),
            file_name=one.file_name,
            sha256=one.sha256 or "",
            size_bytes=one.size_bytes,
        )
        for one in packages
    )


def _find_address(package: PackageRecord | Wheel, lock_directory: Path) -> str:
    return package.find_file(lock_directory).absolute().as_uri() if package.is_local else package.url or ""


class ArchiveStore:
    """Where archives come from: a cache, then the network."""

    def __init__(self, *, cache: Path | None = None, offline: bool = False) -> None:
        """Set where archives come from.

        :param cache: directory of downloaded archives; by default the user's own, looked for when a build needs one.
        :param offline: use the cache and local archives only.
        """
        self._cache = cache
        self._found: dict[tuple[str, str], Path | None] = {}
        self._let_go: Callable[[], object] | None = None
        self.offline = offline

    @cached_property
    def cache(self) -> Path:
        """Directory of downloaded archives.

        :raises CliError: ``no-cache`` if neither the user nor the system says where it is.
        """
        return locate_cache(self._cache)

    def folders(self, wanted: Iterable[WantedArchive]) -> set[Path]:
        """Name the directories of the cache that a build with these archives writes to."""
        wanted = tuple(wanted)
        if not wanted or not self.cache.exists():
            return set()
        return {cached_path(self.cache, one.sha256, one.file_name).parent for one in wanted}

    def find(self, package: PackageRecord | Wheel) -> Path | None:
        """Return the archive of a package if the cache has it, with its size if that is known; it may still be damaged.

        :raises BundleError: if the package does not name an archive.
        """
        if not package.sha256:
            return None
        key = package.sha256, package.file_name
        # Platforms have many packages in common.
        if key not in self._found:
            wanted = WantedArchive(file_name=package.file_name, sha256=package.sha256, size_bytes=package.size_bytes)
            found = find_cached([wanted], self.cache)
            self._found[key] = found[0] if found else None
        return self._found[key]

    def has(self, package: PackageRecord | Wheel) -> bool:
        """Tell whether the cache has the archive of a package; it may still be damaged."""
        try:
            return self.find(package) is not None
        except (BundleError, CliError):  # it has an impossible name, or the place of the cache is unknown
            return False

    def provide(self, wanted: Sequence[WantedArchive], console: Console) -> list[Path]:
        """Return the archives, silently from the cache if all are there; their digests are not checked yet.

        :raises BundleError: if an archive is not available.
        """
        self._hold(wanted, console)
        cached = find_cached(wanted, self.cache)
        if cached is None:
            return self.fetch(wanted, console)
        touch_archives(cached)
        return cached

    def release(self) -> None:
        """Let others remove archives from the cache again: a store that gave some out holds them until its end."""
        if self._let_go is not None:
            self._let_go()
            self._let_go = None

    def _hold(self, wanted: Sequence[WantedArchive], console: Console) -> None:
        """Keep the archives of the cache from being removed while they are used."""
        if wanted and self._let_go is None:
            stack = contextlib.ExitStack()
            stack.enter_context(using_cache(self.cache, on_wait=lambda: console.say("waiting for cs cache clean")))
            self._let_go = weakref.finalize(self, stack.close)

    def use(self, wanted: Sequence[WantedArchive], console: Console, use: Callable[[list[Path]], Result]) -> Result:
        """Call a function with the archives, and a second time with new ones if it finds that one is damaged.

        Archives are checked while they are copied, so that each is read once: only then a damaged one in the cache is
        found.

        :param use: raises ``ArchiveMismatchError``, or a ``CliError`` of the kind ``archive-damaged`` with the path.
        :raises BundleError: if an archive is not available.
        """
        archives = self.provide(wanted, console)
        try:
            return use(archives)
        except (ArchiveMismatchError, CliError) as error:
            if isinstance(error, CliError):
                _require_damage(error, dict(zip(archives, wanted, strict=True)))
            # The error itself is shown if that does not help.
            name = error.name if isinstance(error, BundleError) else error.path and error.path.name
            remedy = "" if self.offline else "; fetching it again"
            console.say(f"{name or 'an archive'} in the cache is damaged{remedy}")
            return use(self.fetch(wanted, console))

    def fetch(self, wanted: Sequence[WantedArchive], console: Console) -> list[Path]:
        """Return the archives, their digests checked; download those that the cache lacks or has damaged.

        :raises BundleError: if an archive is not available.
        """
        from cs_bundle import fetch_archives

        self._hold(wanted, console)
        self._found.clear()
        missing = [one for one in wanted if not cached_path(self.cache, one.sha256, one.file_name).is_file()]
        if self.offline and not all(one.is_local for one in missing):
            fetch_archives(missing, self.cache, offline=True)  # refuses, before anything is said to be fetched
        started = time.monotonic()
        sizes = [one.size_bytes for one in wanted if one.size_bytes is not None]
        total = sum(sizes) if len(sizes) == len(wanted) else None  # no lock has the sizes of wheels
        work = _describe_work(wanted, missing, self.offline)
        with self._keeping(wanted, console), console.progress(work, total) as update:

            def report(progress: FetchProgress) -> None:
                update(progress.received_bytes)

            def tell(wait: Wait) -> None:
                console.say(str(wait))

            try:
                paths = fetch_archives(wanted, self.cache, on_progress=report, on_wait=tell, offline=self.offline)
            except BundleError as error:
                if error.kind in ("cannot-write", "disk-full"):
                    add_advice(error, "cache")
                raise
        if missing:
            size = sum(cached_path(self.cache, one.sha256, one.file_name).stat().st_size for one in missing)
            work = f"{_DONE[_choose_verb(missing, missing, self.offline)]} {_count(missing)}"
            console.say(f"{work}, {format_bytes(size)} in {format_seconds(time.monotonic() - started)}")
        return paths

    @contextlib.contextmanager
    def _keeping(self, wanted: Sequence[WantedArchive], console: Console) -> Iterator[None]:
        """Say after an interruption what need not be fetched again."""
        before = self._count_present(wanted)
        try:
            yield
        except KeyboardInterrupt:
            kept = self._count_present(wanted) - before
            if kept:
                console.say(f"kept in the cache: {format_count(kept, 'package')}")
            raise

    def _count_present(self, wanted: Sequence[WantedArchive]) -> int:
        return sum(cached_path(self.cache, one.sha256, one.file_name).is_file() for one in wanted)


_DONE = {"copying": "copied", "collecting": "collected", "fetching": "fetched"}


def _describe_work(wanted: Sequence[WantedArchive], missing: Sequence[WantedArchive], offline: bool) -> str:
    """Say what is done about the archives, of which those that are missing are not in the cache."""
    verb = _choose_verb(wanted, missing, offline)
    downloads = sum(not one.is_local for one in missing)
    if verb != "collecting" or offline or not downloads:
        return f"{verb} {_count(wanted)}"
    return f"{verb} {_count(wanted)}, fetching {'one' if downloads == 1 else downloads} of them"


def _choose_verb(wanted: Sequence[WantedArchive], missing: Sequence[WantedArchive], offline: bool) -> str:
    if all(one.is_local for one in wanted):
        return "copying"
    return "collecting" if offline or len(missing) < len(wanted) else "fetching"


def _count(wanted: Sequence[WantedArchive]) -> str:
    local = sum(one.is_local for one in wanted)
    parts = [format_count(len(wanted) - local, "package")] if local < len(wanted) else []
    return " and ".join([*parts, *([format_count(local, "local archive")] if local else [])])


def _require_damage(error: CliError, wanted: Mapping[Path, WantedArchive]) -> None:
    """Raise an error again that another copy of the archive would cause, too."""
    one = None if error.path is None else wanted.get(error.path)
    if error.kind != "archive-damaged" or error.path is None or one is None:
        raise error
    # Imported on use: cs inspect needs none of what it imports.
    from cs_bundle import hash_file

    if hash_file(error.path) == one.sha256:
        raise replace_advice(error, "locked-archive")


def open_store(options: ProjectOptions) -> ArchiveStore:
    """Return where archives come from, as ``--cache-dir`` and ``--offline`` say."""
    return ArchiveStore(cache=options.cache_dir, offline=options.offline)
