"""Git repositories that builds clone."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def commit_all(directory: Path) -> str:
    """Make a directory a repository with one commit, that can be cloned over plain HTTP, and return the commit."""
    who = {f"GIT_{role}_{part}": "tests@example" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    dates = {"GIT_AUTHOR_DATE": "1700000000 +0000", "GIT_COMMITTER_DATE": "1700000000 +0000"}
    environment = {**os.environ, **who, **dates, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}

    def git(*words: str) -> str:
        command = ("git", "-C", str(directory), *words)
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.strip()

    git("init", "-q", "-b", "main")
    git("add", "--all")
    git("commit", "-q", "-m", "All of it")
    git("update-server-info")
    return git("rev-parse", "HEAD")
