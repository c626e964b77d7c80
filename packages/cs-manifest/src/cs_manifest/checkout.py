"""What git says about a directory: its commit, and whether files have changed since."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# Neither helpers that the repository's own configuration names, nor questions at the terminal.
_GIT = ("git", "-c", "core.fsmonitor=false", "-c", "log.showSignature=false")
_ENVIRON = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
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


def read_checkout(directory: Path) -> Checkout | None:
    """Ask git about a directory.

    :returns: ``None`` if it is not in a repository with a commit, or git is missing or refuses to read it.
    """
    commit = _ask(directory, "rev-parse", "--verify", "HEAD^{commit}")
    changes = _ask(directory, "status", "--porcelain", "--untracked-files=normal", "--", ".")
    if commit is None or changes is None:
        return None
    time = _ask(directory, "log", "-1", "--format=%ct", "--", ".")
    return Checkout(commit=commit, is_dirty=bool(changes), time=int(time) if time else None)


def compose_git_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Compose the variables for a git that finds its repository by the directory, also within a hook of another one."""
    return {name: value for name, value in environ.items() if name not in _OF_ANOTHER_REPOSITORY} | _ENVIRON


def _ask(directory: Path, *words: str) -> str | None:
    import subprocess

    command = [*_GIT, "-C", str(directory), *words]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, env=compose_git_environ(os.environ), check=False
        )
    except OSError:
        return None
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None
