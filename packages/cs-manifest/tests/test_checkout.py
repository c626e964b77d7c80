from __future__ import annotations

import os
from pathlib import Path

import pytest
from repositories import git

from cs_manifest import Checkout, Revision, read_checkout, read_revision

pytestmark = pytest.mark.tools("git")


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


def test_the_revision_is_that_of_the_whole_repository(repository: Path) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    clean = Revision(commit=commit, is_dirty=False, directory="one", origin=None)
    assert read_revision(repository / "one", [repository / "one" / "file"]) == clean
    (repository / "two" / "new").write_text("a build result")
    assert read_revision(repository / "one", [repository / "one" / "file"]) == clean
    (repository / "two" / "file").write_text("changed")
    dirty = Revision(commit=commit, is_dirty=True, directory="one", origin=None)
    assert read_revision(repository / "one", [repository / "one" / "file"]) == dirty


@pytest.mark.parametrize("change", ["modified", "staged", "deleted", "mode"])
def test_every_change_of_a_tracked_file_counts(repository: Path, change: str) -> None:
    file = repository / "one" / "file"
    if change == "deleted":
        file.unlink()
    elif change == "mode":
        file.chmod(0o755)
    else:
        file.write_text("changed")
    if change == "staged":
        git(repository, "add", ".")
    found = read_revision(repository, [repository / "two" / "file"])
    assert found is not None
    assert found.is_dirty


def test_the_files_that_were_asked_for_are_tracked(repository: Path) -> None:
    (repository / "new").write_text("")
    file = repository / "one" / "file"
    assert read_revision(repository, [repository / "new", file]) is None
    found = read_revision(repository, [file, repository / "new"])
    assert found is not None
    assert found.is_dirty


def test_files_elsewhere_are_not_tracked(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    file = repository / "one" / "file"
    beside = read_revision(repository / "one", [file, repository / "two" / "file"])
    outside = tmp_path_factory.mktemp("outside") / "file"
    outside.touch()
    elsewhere = read_revision(repository / "one", [file, outside])
    assert beside is not None
    assert elsewhere is not None
    assert (beside.is_dirty, elsewhere.is_dirty) == (False, True)


def test_a_link_on_the_way_changes_nothing(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    link = tmp_path_factory.mktemp("links") / "link"
    link.symlink_to(repository)
    found = read_revision(link / "one", [link / "one" / "file"])
    assert found is not None
    assert (found.directory, found.is_dirty) == ("one", False)


def test_variables_that_git_refuses_give_no_revision(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "x")
    assert read_revision(repository, [repository / "one" / "file"]) is None


def test_names_with_magic_are_only_names(repository: Path) -> None:
    (repository / ":(glob)*").write_text("")
    assert read_revision(repository, [repository / ":(glob)*"]) is None


def test_the_origin_is_as_it_is_configured(repository: Path) -> None:
    git(repository, "remote", "add", "origin", "https://me:secret@git.example/demo")
    git(repository, "config", "url.https://other.example/.insteadOf", "https://me:secret@git.example/")
    found = read_revision(repository, [repository / "one" / "file"])
    assert found is not None
    assert found.origin == "https://me:secret@git.example/demo"


def test_no_repository_no_commit_and_no_git_give_no_revision(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_revision(repository, [repository / "one" / "file"]) is not None
    empty = tmp_path / "empty"
    empty.mkdir()
    git(empty, "init", "-q")
    assert read_revision(empty, [empty]) is None
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    outside = tmp_path / "outside"
    outside.mkdir()
    assert read_revision(outside, [outside]) is None
    monkeypatch.setenv("PATH", "/nowhere")
    assert read_revision(repository, [repository / "one" / "file"]) is None


def test_a_repository_of_someone_else_gives_no_revision(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)  # this user may call every directory safe
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git's own way to test safe.directory
    assert read_revision(repository, [repository / "one" / "file"]) is None
    assert read_checkout(repository) is None


def test_shallow_clones_and_worktrees_have_a_revision(repository: Path, tmp_path: Path) -> None:
    (repository / "one" / "file").write_text("changed")
    git(repository, "commit", "-qam", "second")
    commit = git(repository, "rev-parse", "HEAD")
    git(tmp_path, "clone", "-q", "--depth=1", repository.as_uri(), "shallow")
    git(repository, "worktree", "add", "-q", "--detach", str(tmp_path / "tree"))
    for place in (tmp_path / "shallow", tmp_path / "tree"):
        found = read_revision(place, [place / "one" / "file"])
        assert found is not None
        assert (found.commit, found.is_dirty) == (commit, False)


@pytest.fixture
def with_submodule(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with a submodule ``sub``."""
    other = tmp_path_factory.mktemp("other")
    git(other, "init", "-q")
    (other / "inside").write_text("x")
    git(other, "add", ".")
    git(other, "commit", "-qm", "x")
    git(repository, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other), "sub")
    git(repository, "commit", "-qm", "submodule")
    return repository


@pytest.mark.parametrize(("file", "expected"), [("new", False), ("inside", True)])
def test_changes_in_submodules_count_whatever_their_settings_say(
    with_submodule: Path, file: str, expected: bool
) -> None:
    git(with_submodule, "config", "submodule.sub.ignore", "all")
    (with_submodule / "sub" / file).write_text("changed")
    found = read_revision(with_submodule, [with_submodule / "one" / "file"])
    assert found is not None
    assert found.is_dirty is expected


def test_another_commit_of_a_submodule_counts(with_submodule: Path) -> None:
    git(with_submodule / "sub", "commit", "-q", "--allow-empty", "-m", "x")
    found = read_revision(with_submodule, [with_submodule / "one" / "file"])
    assert found is not None
    assert found.is_dirty


HOSTILE = {
    "core.fsmonitor": "{}",
    "filter.evil.clean": "{}",
    "filter.evil.process": "{}",
    "filter.e=v.il.clean": "{}",
    "core.pager": "{}",
    "diff.external": "{}",
    "core.sshCommand": "{}",
    "core.editor": "{}",
    "gpg.program": "{}",
    "core.alternateRefsCommand": "{}",
    "alias.status": "!{}",
    "core.hooksPath": "hooks",
}


@pytest.mark.parametrize("place", ["", "sub"])
def test_reading_runs_nothing_that_a_repository_configures(
    with_submodule: Path, place: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    scratch = tmp_path_factory.mktemp("scratch")
    evil = scratch / "evil"
    evil.write_text(f"#!/bin/sh\necho \"$0 $*\" >> '{scratch}/ran'\ncat\n")
    evil.chmod(0o755)
    target = with_submodule / place
    for key, value in HOSTILE.items():
        git(target, "config", key, value.format(evil))
    hooks = target / "hooks"
    hooks.mkdir()
    for name in ("post-index-change", "reference-transaction", "fsmonitor-watchman"):
        (hooks / name).symlink_to(evil)
    info = Path(git(target, "rev-parse", "--absolute-git-dir")) / "info"
    info.mkdir(exist_ok=True)
    (info / "attributes").write_text("* filter=evil\nfile filter=e=v.il\n")
    for file in (*target.glob("*/file"), *target.glob("inside")):
        file.write_text(file.read_text())  # its time has changed: git has to look into it
    assert read_revision(with_submodule, [with_submodule / "one" / "file"]) is not None
    assert read_checkout(with_submodule) is not None
    assert not (scratch / "ran").exists(), (scratch / "ran").read_text()


def test_filters_of_the_user_are_used(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path_factory.mktemp("home") / "gitconfig"
    config.write_text('[filter "upper"]\nclean = tr a-z A-Z\n')
    (repository / ".gitattributes").write_text("one/file filter=upper\n")
    (repository / "one" / "file").write_text("ONE")
    git(repository, "add", ".gitattributes", "one")
    git(repository, "commit", "-qm", "upper")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    (repository / "one" / "file").write_text("one")
    found = read_revision(repository, [repository / "one" / "file"])
    assert found is not None
    assert not found.is_dirty


def test_settings_in_variables_stay(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(repository, "config", "filter.own.clean", "false")
    (repository / ".git" / "info" / "attributes").write_text("file filter=own\n")
    (repository / "one" / "file").write_text("one")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "remote.origin.url")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://git.example/demo")
    found = read_revision(repository, [repository / "one" / "file"])
    assert found is not None
    assert (found.origin, found.is_dirty) == ("https://git.example/demo", False)
