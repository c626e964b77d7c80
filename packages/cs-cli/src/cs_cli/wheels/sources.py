"""The source trees that wheels are built from."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cs_bundle import WantedArchive
from cs_lock import PendingEntry, redact_url
from cs_manifest import compose_git_environ, read_checkout

from ..archives.limits import most_bytes, most_entries
from ..archives.store import ArchiveStore
from ..archives.tars import BoundedMember, extract_member
from ..errors import CliError
from ..terminal.console import Console
from .origins import Origin, describe_place, describe_repository

_GIT = ("git", "-c", "core.fsmonitor=false", "-c", "advice.detachedHead=false", "-c", "core.autocrlf=false")
_PROTOCOLS = "git:http:https:ssh"
_OWN_PROTOCOLS = f"file:{_PROTOCOLS}"
"""For a repository of this machine; one from the network may not read others here, through its submodules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTree:
    """A directory with a project.

    :ivar origin: where it came from; without its build backend.
    """

    path: Path
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceKeeper:
    """What makes source trees.

    :ivar root: directory of the workspace.
    :ivar lock_directory: where relative paths of the lock start.
    :ivar scratch: directory for trees that are unpacked or cloned.
    """

    root: Path
    lock_directory: Path
    scratch: Path
    store: ArchiveStore
    console: Console

    def open(self, entry: PendingEntry) -> SourceTree:
        """Provide the tree of an entry.

        :raises CliError: ``wheel-not-built`` if there is none; ``archive-damaged`` if an sdist cannot be unpacked.
        :raises BundleError: if an sdist cannot be downloaded, or is not the one that the lock names.
        """
        if entry.origin == "git":
            tree = self._clone(entry)
        elif entry.form == "sdist":
            tree = self._unpack(entry)
        else:
            tree = self._find(entry)
        path = tree.path / (entry.subdirectory or "")
        if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(tree.path)) or not path.is_dir():
            raise _refuse(entry, f"its source has no directory {entry.subdirectory or tree.path}")
        return SourceTree(path=path, origin=tree.origin)

    def _find(self, entry: PendingEntry) -> SourceTree:
        path = entry.find_path(self.lock_directory)
        if not path.is_dir():
            raise _refuse(entry, f"there is no directory {path}")
        checkout = read_checkout(path)
        origin = Origin(
            kind="directory",
            location=describe_place(path, self.root),
            commit=None if checkout is None else checkout.commit,
            is_dirty=None if checkout is None else checkout.is_dirty,
        )
        return SourceTree(path=path, origin=origin)

    def _unpack(self, entry: PendingEntry) -> SourceTree:
        if entry.url is None:
            archive = entry.find_path(self.lock_directory)
            place, address = describe_place(archive, self.root), archive.absolute().as_uri()
        else:
            place, address = redact_url(entry.url), entry.url
        name = PurePosixPath(address.partition("#")[0].partition("?")[0]).name
        if entry.sha256:
            wanted = WantedArchive(file_name=name, sha256=entry.sha256, url=address)
            archive = self.store.fetch([wanted], self.console)[0]
        target = self._make_place(entry)
        try:
            _extract(archive, target)
        except Exception as error:  # tarfile, zipfile and what they use; an archive can be broken in any way
            message = f"cannot unpack the sdist: {type(error).__name__}: {error}"
            raise CliError(message, kind="archive-damaged", path=archive) from error
        return SourceTree(path=_find_top(target), origin=Origin(kind="sdist", location=place))

    def _clone(self, entry: PendingEntry) -> SourceTree:
        if self.store.offline and not str(entry.url).startswith("file:"):
            raise _refuse(entry, "a repository cannot be cloned without downloads", "allow downloads")
        if entry.commit is None or entry.url is None:
            raise _refuse(entry, "the lock has no commit of its repository")
        target = self._make_place(entry)
        self.console.say(f"cloning {redact_url(entry.url)}")
        for words in (
            ("clone", "-q", "--no-checkout", "--", entry.url, str(target)),
            ("-C", str(target), "checkout", "-q", "--detach", entry.commit),
            ("-C", str(target), "submodule", "--quiet", "update", "--init", "--recursive"),
        ):
            _run_git(entry, *words)
        place = describe_repository(entry.url, self.root)
        origin = Origin(kind="git", location=place, commit=entry.commit, is_dirty=False)
        return SourceTree(path=target, origin=origin)

    def _make_place(self, entry: PendingEntry) -> Path:
        return Path(tempfile.mkdtemp(prefix=f"{entry.name}-", dir=self.scratch))


def _refuse(entry: PendingEntry, message: str, hint: str | None = None) -> CliError:
    return CliError(f"{entry.name}: {message}", kind="wheel-not-built", key=entry.key, hint=hint)


def _run_git(entry: PendingEntry, *words: str) -> None:
    protocols = _OWN_PROTOCOLS if str(entry.url).startswith("file:") else _PROTOCOLS
    try:
        done = subprocess.run(
            [*_GIT, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**compose_git_environ(os.environ), "GIT_ALLOW_PROTOCOL": protocols},
            check=False,
        )
    except FileNotFoundError as error:
        raise _refuse(entry, "git is not installed", "install git") from error
    if done.returncode != 0:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines() or [f"status {done.returncode}"]
        cause = next((line for line in lines if line.startswith("fatal: ")), lines[-1])  # others follow from it
        raise _refuse(entry, f"git failed: {redact_url(cause)}")


def _extract(archive: Path, target: Path) -> None:
    """Unpack an sdist: files and directories inside it, as many and as large as an archive of its size may have.

    :raises ValueError: if a limit is exceeded, or a member leads out of the archive; libraries raise other errors, too.
    """
    size = archive.stat().st_size
    room = _Room(most_entries(size), most_bytes(size))
    if archive.name.endswith(".zip"):
        with zipfile.ZipFile(archive) as file:
            for member in file.infolist():
                room.take(member.file_size)
                file.extract(member, target)  # it drops paths outside the directory
        return
    with tarfile.open(archive, "r|*", tarinfo=BoundedMember) as tar:
        for one in _bounded(tar, room):
            extract_member(tar, one, target)


def _bounded(tar: tarfile.TarFile, room: _Room) -> Iterator[tarfile.TarInfo]:
    for member in tar:
        room.take(member.size)
        yield member


class _Room:
    """What an archive may still unpack."""

    def __init__(self, entries: int, size_bytes: int) -> None:
        self._entries = entries
        self._bytes = size_bytes

    def take(self, size_bytes: int) -> None:
        """Count one member.

        :raises ValueError: if there are too many, or they are too large.
        """
        self._entries -= 1
        self._bytes -= size_bytes
        if self._entries < 0 or self._bytes < 0:
            raise ValueError("it unpacks to too many files, or too large ones, for an archive of its size")


def _find_top(target: Path) -> Path:
    """Return the one directory that an sdist has at its top; old ones have the project itself there."""
    with contextlib.suppress(StopIteration):
        entries = sorted(target.iterdir())
        if len(entries) == 1 and entries[0].is_dir():
            return entries[0]
    return target
