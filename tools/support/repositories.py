"""Git repositories that tests make."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def git(directory: Path, *words: str, time: int = 1_700_000_000) -> str:
    """Run git with a fixed author and without settings of this machine, and return what it prints.

    :param time: when commits are made, in seconds since 1970.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    who = {f"GIT_{role}_{what}": "x" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    when = {f"GIT_{role}_DATE": f"{time} +0000" for role in ("AUTHOR", "COMMITTER")}
    environ = {**inherited, **who, **when, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", "-C", str(directory), *words]
    return subprocess.run(command, env=environ, check=True, capture_output=True, text=True).stdout.strip()


def commit_all(directory: Path) -> str:
    """Make a directory a repository with one commit of all that is in it, and return the commit."""
    git(directory, "init", "-q", "-b", "main")
    git(directory, "add", "--all")
    git(directory, "commit", "-q", "-m", "All of it")
    return git(directory, "rev-parse", "HEAD")
