"""What git says about a directory: its commit, and whether files have changed since."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ._paths import StrPath

# Neither helpers that the repository's own configuration names, nor questions at the terminal.
_GIT = ("git", "-c", "core.fsmonitor=false", "-c", "log.showSignature=false")
_ENVIRON = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
_READING = {"GIT_NO_LAZY_FETCH": "1", "GIT_LITERAL_PATHSPECS": "1"}
_OF_ANOTHER_REPOSITORY = frozenset(
    (
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_COMMON_DIR",
        "GIT_NAMESPACE",
        "GIT_PREFIX",
        "GIT_OBJECT_DIRECTORY",
    )
)
"""What git sets for a hook: the repository that it runs in."""
_FILTER_KEYS = ("clean", "smudge", "process", "required")
_GITLINK = b"160000 "


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A directory in a git repository.

    :ivar commit: hex id of the commit that is checked out.
    :ivar is_dirty: whether a file in the directory differs from that commit, or is new and not ignored.
    :ivar time: of the last commit that changed the directory, in seconds since 1970; ``None`` if none did.
    """

    commit: str
    is_dirty: bool
    time: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """The state of the whole repository that a directory is in.

    :ivar commit: hex id of the commit that is checked out.
    :ivar is_dirty: whether a tracked file, also of a submodule, differs from that commit, or one of the files that were
        asked for is not tracked. Other new files, such as build results, do not count.
    :ivar directory: path of the directory in the repository, with ``/``; empty for its top.
    :ivar origin: URL of the remote ``origin`` as the repository's configuration has it, with any credential.
    """

    commit: str
    is_dirty: bool
    directory: str
    origin: str | None


def read_checkout(directory: StrPath) -> Checkout | None:
    """Ask git about a directory.

    :returns: ``None`` if it is not in a repository with a commit, or git is missing or refuses to read it.
    """
    directory = Path(directory)
    git = _Git(directory)
    commit = git.ask("rev-parse", "--verify", "HEAD^{commit}")
    is_dirty = _has_changes(directory, untracked="normal")
    if commit is None or is_dirty is None:
        return None
    time = git.ask("log", "-1", "--format=%ct", "--", ".")
    return Checkout(commit=commit, is_dirty=is_dirty, time=int(time) if time else None)


def read_revision(directory: StrPath, files: Iterable[StrPath]) -> Revision | None:
    """Ask git about the whole repository that a directory is in.

    :param files: the first one must be tracked, or the repository is not the directory's.
    :returns: ``None`` without such a repository or a commit in it, or if git is missing or refuses to read it.
    """
    directory = Path(directory)
    git = _Git(directory)
    commit = git.ask("rev-parse", "--verify", "HEAD^{commit}")
    top = git.ask("rev-parse", "--show-toplevel")
    prefix = git.ask("rev-parse", "--show-prefix")
    if commit is None or top is None or prefix is None:
        return None
    tracked = [
        git.ask("ls-files", "--error-unmatch", "--", _name(file, directory)) is not None for file in map(Path, files)
    ]
    changed = _has_changes(Path(top), untracked="no")
    if changed is None or not all(tracked[:1]):
        return None
    return Revision(
        commit=commit,
        is_dirty=changed or not all(tracked),
        directory=prefix.rstrip("/"),
        origin=git.ask("config", "--get", "remote.origin.url") or None,
    )


def compose_git_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Compose the variables for a git that finds its repository by the directory, also within a hook of another one."""
    return {name: value for name, value in environ.items() if name not in _OF_ANOTHER_REPOSITORY} | _ENVIRON


def _has_changes(directory: Path, *, untracked: str) -> bool | None:
    """Tell whether a file in a directory, or in a submodule there, has changed; ``None`` if git cannot say.

    :param untracked: which files that are not tracked count: ``no`` or ``normal``, as git says it.
    """
    git = _Git(directory)
    # Submodules are asked one by one: git itself would run what their own configuration names.
    modes = (f"--untracked-files={untracked}", "--no-renames", "--ignore-submodules=dirty")
    changes = git.ask("status", "--porcelain", *modes, "--", ".")
    if changes is None:
        return None
    submodules = _list_submodules(git, directory)
    return bool(changes) or any(_has_changes(one, untracked=untracked) is not False for one in submodules)


def _name(file: Path, directory: Path) -> str:
    """Name a file for a git that runs in a directory, in a way that needs no links to be followed if possible."""
    return str(file.relative_to(directory) if file.is_relative_to(directory) else file)


def _list_submodules(git: _Git, directory: Path) -> Iterator[Path]:
    """Yield the submodules in a directory that are checked out."""
    for entry in git.run("ls-files", "--stage", "-z").split(b"\0"):
        if entry.startswith(_GITLINK):
            path = directory / os.fsdecode(entry.partition(b"\t")[2])
            if (path / ".git").exists():
                yield path


class _Git:
    """git in a directory, without the filters of file contents that the repository itself configures.

    Filters are commands. Those of the user's own configuration, such as Git LFS, are wanted; others came with the
    repository, and reading its state must not run them.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._environ = compose_git_environ(os.environ) | _READING
        count = self._environ.get("GIT_CONFIG_COUNT") or "0"
        for number, key in enumerate(sorted(self._list_filter_keys()), int(count) if count.isdecimal() else 0):
            value = "false" if key.endswith("required") else ""
            self._environ |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
            self._environ["GIT_CONFIG_COUNT"] = str(number + 1)

    def _list_filter_keys(self) -> set[str]:
        fields = self.run("config", "--show-scope", "--list", "--name-only", "-z").split(b"\0")
        own = (os.fsdecode(name) for scope, name in zip(fields[::2], fields[1::2], strict=False) if scope in _OWN)
        drivers = {name.rpartition(".")[0] for name in own if name.startswith("filter.") and name.count(".") > 1}
        return {f"{driver}.{key}" for driver in drivers for key in _FILTER_KEYS}

    def run(self, *words: str) -> bytes:
        """Return what a command prints; empty if it fails."""
        return self._run(words) or b""

    def ask(self, *words: str) -> str | None:
        """Return the text that a command prints; ``None`` if it fails."""
        printed = self._run(words)
        return None if printed is None else printed.decode("utf-8", "surrogateescape").rstrip("\r\n")

    def _run(self, words: Iterable[str]) -> bytes | None:
        import subprocess

        command = [*_GIT, "-C", str(self._directory), *words]
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, env=self._environ, check=False
            )
        except OSError:
            return None
        return done.stdout if done.returncode == 0 else None


_OWN = (b"local", b"worktree")
"""Scopes of what a repository configures itself."""
