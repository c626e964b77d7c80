"""The revision of a workspace: what is recorded of it, and what is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from repositories import commit_all, git

from cli_samples import Cs, Workspace
from cs_cli.project.revision import SourceRevision, find_revision, is_in_repository, publish_address
from cs_manifest import discover


@pytest.mark.tools("git")
def test_a_workspace_has_the_commit_of_its_repository(workspace: Workspace) -> None:
    assert find_revision(discover()) is None
    commit = commit_all(Path())
    assert find_revision(discover()) == SourceRevision(commit=commit, is_dirty=False)
    assert SourceRevision(commit=commit, is_dirty=False).text == commit
    assert SourceRevision(commit=commit, is_dirty=True).text == f"{commit}-dirty"


@pytest.mark.tools("git")
def test_a_lock_that_is_not_tracked_is_a_difference(workspace: Workspace) -> None:
    Path(".gitignore").write_text("*.lock\n")
    commit_all(Path())
    found = find_revision(discover())
    assert found is not None
    assert found.is_dirty


@pytest.mark.tools("git")
def test_the_repository_is_that_of_the_manifest(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    git(tmp_path / "root", "init", "-q")
    git(tmp_path / "root", "commit", "-qm", "x", "--allow-empty")
    commit = commit_all(Path())
    found = find_revision(discover(tmp_path / "root", manifest=Path("conda.toml")))
    assert found is not None
    assert found.commit == commit


@pytest.mark.tools("git")
def test_a_repository_that_ignores_the_workspace_is_not_its_own(workspace: Workspace) -> None:
    Path(".gitignore").write_text("*\n!.gitignore\n")
    commit_all(Path())
    assert find_revision(discover()) is None


@pytest.mark.tools("git")
def test_a_workspace_in_a_directory_of_a_repository_says_which(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("channel\ncache\ncs-template\n")
    commit_all(tmp_path)
    found = find_revision(discover())
    assert found is not None
    assert (found.directory, found.is_dirty) == ("workspace", False)


def test_a_repository_is_looked_for_where_git_looks_for_one(tmp_path: Path) -> None:
    inner = tmp_path / "ceiling" / "inner"
    inner.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    assert is_in_repository(inner, {})
    for ceiling, expected in ((tmp_path, False), (inner.parent, False), (inner, True), (tmp_path / "other", True)):
        assert is_in_repository(inner, {"GIT_CEILING_DIRECTORIES": f"/nowhere{os.pathsep}{ceiling}"}) is expected
    (inner / ".git").mkdir()
    assert is_in_repository(inner, {"GIT_CEILING_DIRECTORIES": str(inner.parent)})


@pytest.mark.tools("git")
def test_a_repository_that_git_cannot_read_is_warned_of(
    workspace: Workspace, template: Path, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    warning = "warning: the revision of the workspace is not recorded"
    assert warning not in cs("build").err
    commit_all(Path())
    assert warning not in cs("build").err
    monkeypatch.setenv("PATH", "/nowhere")
    outcome = cs("build")
    assert outcome.status == 0
    assert warning in outcome.err


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("https://git.example/o/demo.git", "https://git.example/o/demo.git"),
        ("https://git.example:8443/o/demo", "https://git.example:8443/o/demo"),
        ("https://me:sekrit@git.example/o/demo.git", "https://git.example/o/demo.git"),
        ("https://sekrit@git.example/o/demo.git", "https://git.example/o/demo.git"),
        ("ssh://git@git.example:22/o/demo.git", "ssh://git@git.example:22/o/demo.git"),
        ("ssh://sekrit@git.example/o/demo.git", "ssh://git.example/o/demo.git"),
        ("git@git.example:o/demo.git", "ssh://git@git.example/o/demo.git"),
        ("sekrit@git.example:o/demo.git", "ssh://git.example/o/demo.git"),
        ("git.example:o/demo.git", "ssh://git.example/o/demo.git"),
        # Public forges: the same text for every way to clone.
        ("git@github.com:o/demo.git", "https://github.com/o/demo"),
        ("ssh://git@github.com/o/demo.git", "https://github.com/o/demo"),
        ("https://github.com/o/demo", "https://github.com/o/demo"),
        ("https://x-access-token:sekrit@GitHub.com/o/demo.git/", "https://github.com/o/demo"),
        # Nothing that others could use.
        ("/home/me/demo", None),
        ("../demo", None),
        ("file:///home/me/demo", None),
        ("http://localhost/demo", None),
        ("http://127.0.0.1:3000/o/demo", None),
        ("git@192.168.1.2:o/demo.git", None),
        ("work:o/demo.git", None),
        ("git@nas.local:o/demo.git", None),
        ("https://git.corp.internal/o/demo", None),
        ("C:/Users/me/demo", None),
        # Secrets elsewhere, and what is not an address at all.
        ("https://git.example/t/sekrit/demo", None),
        ("https://git.example/o/demo?token=sekrit", None),
        ("https://git.example/o/%2ft%2fsekrit", None),
        ("https://git.example/o/../demo", None),
        ("ext::sh -c sekrit", None),
        ("https://git.example/o/demo\n", None),
        ("https://git.example/\x1b[31m", None),
        ("", None),
    ],
)
def test_an_address_is_published_if_others_can_use_it(origin: str, expected: str | None) -> None:
    assert publish_address(origin) == expected


@given(
    st.lists(
        st.sampled_from(
            [
                *"tT/\\.%?#@:[] \n",
                "https://",
                "ssh://",
                "git@",
                "file:",
                "host.example",
                "sekrit:",
                "sekrit@",
                "%2f",
                "o",
            ]
        ),
        max_size=12,
    ).map("".join)
)
def test_no_address_shows_a_user_or_a_password(origin: str) -> None:
    published = publish_address(origin) or ""
    assert "sekrit@" not in published
    assert "sekrit:" not in published
    assert not set(published) & set(" \n\\?#%[]")
    if published:
        assert publish_address(published) == published
