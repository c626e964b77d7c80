from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cs_manifest import Checkout, read_checkout

pytestmark = pytest.mark.tools("git")


def git(directory: Path, *words: str, time: int = 1_700_000_000) -> str:
    """Run git with a fixed author and time."""
    who = {f"GIT_{role}_{what}": "x" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    when = {f"GIT_{role}_DATE": f"{time} +0000" for role in ("AUTHOR", "COMMITTER")}
    environ = {**who, **when, "PATH": "/usr/local/bin:/usr/bin:/bin", "GIT_CONFIG_GLOBAL": "/dev/null"}
    command = ["git", "-C", str(directory), *words]
    return subprocess.run(command, env=environ, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository with one commit of two directories."""
    git(tmp_path, "init", "-q")
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    return tmp_path


def test_a_commit_and_its_time_are_read(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    assert read_checkout(repository / "one") == Checkout(commit=commit, is_dirty=False, time=1_700_000_000)


def test_a_hook_of_another_repository_changes_nothing(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = read_checkout(repository / "one")
    other = tmp_path_factory.mktemp("other")
    git(other, "init", "-q")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / "index"))
    assert read_checkout(repository / "one") == expected is not None


def test_settings_for_shown_signatures_do_not_get_between(repository: Path) -> None:
    tree = git(repository, "rev-parse", "HEAD^{tree}")
    body = f"tree {tree}\nauthor x <x> 1700000000 +0000\ncommitter x <x> 1700000000 +0000\n"
    signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n"
    (repository / ".git" / "body").write_text(f"{body}{signature}\nsigned\n")
    commit = git(repository, "hash-object", "-t", "commit", "-w", ".git/body")
    git(repository, "reset", "-q", "--soft", commit)
    git(repository, "config", "log.showSignature", "true")
    loud = repository / ".git" / "gpg"
    loud.write_text("#!/bin/sh\necho '[GNUPG:] ERRSIG'; echo gpg: unknown >&2\nexit 1\n")
    loud.chmod(0o755)
    git(repository, "config", "gpg.program", str(loud))
    assert read_checkout(repository) == Checkout(commit=commit, is_dirty=False, time=1_700_000_000)


def test_a_monitor_of_the_repository_is_not_started(repository: Path) -> None:
    mark, monitor = repository / ".git" / "mark", repository / ".git" / "monitor"
    monitor.write_text(f"#!/bin/sh\ntouch {mark}\nexit 1\n")
    monitor.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(monitor))
    assert read_checkout(repository) is not None
    assert not mark.exists()
    git(repository, "status")
    assert mark.exists()


def test_only_the_directory_itself_counts(repository: Path) -> None:
    (repository / "two" / "file").write_text("changed")
    git(repository, "commit", "-qam", "second", time=1_800_000_000)
    (repository / "two" / "new").write_text("")
    one, two = read_checkout(repository / "one"), read_checkout(repository / "two")
    assert one is not None
    assert two is not None
    assert (one.time, one.is_dirty) == (1_700_000_000, False)
    assert (two.time, two.is_dirty) == (1_800_000_000, True)
    assert one.commit == two.commit


def test_ignored_files_change_nothing(repository: Path) -> None:
    (repository / ".git" / "info" / "exclude").write_text("*.log\n")
    (repository / "one" / "x.log").write_text("")
    found = read_checkout(repository / "one")
    assert found is not None
    assert not found.is_dirty


def test_a_directory_without_commits_has_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert read_checkout(tmp_path) is None


def test_a_directory_outside_of_repositories_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert read_checkout(tmp_path) is None
    assert read_checkout(tmp_path / "missing") is None


def test_without_git_nothing_is_known(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    assert read_checkout(repository) is None
