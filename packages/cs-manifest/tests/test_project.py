from __future__ import annotations

import os
from pathlib import Path

import pytest

from cs_manifest import MANIFEST_NAMES, ManifestError, ManifestKind, discover

WORKSPACE = "[workspace]\n"


def write(directory: Path, *names: str, text: str = WORKSPACE) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    for name in names:
        (directory / name).write_text(text if name.endswith(".toml") else "", encoding="utf-8")
    return directory


@pytest.mark.parametrize(
    ("tables", "names", "kind", "lock"),
    [
        (WORKSPACE, ["conda.toml", "pixi.toml"], ManifestKind.CONDA, "conda.lock"),
        (WORKSPACE, ["pixi.toml"], ManifestKind.PIXI, "pixi.lock"),
        ("[project]\n", ["pixi.toml"], ManifestKind.PIXI, "pixi.lock"),
        ("[tool.conda.workspace]\n", ["pyproject.toml"], ManifestKind.PYPROJECT_CONDA, "conda.lock"),
        ("[tool.pixi.project]\n", ["pyproject.toml"], ManifestKind.PYPROJECT_PIXI, "pixi.lock"),
        ("[tool.pixi]\n[tool.conda]\n", ["pyproject.toml"], ManifestKind.PYPROJECT_CONDA, "conda.lock"),
    ],
)
def test_each_manifest_goes_with_its_own_lock(
    tmp_path: Path, tables: str, names: list[str], kind: ManifestKind, lock: str
) -> None:
    write(tmp_path, *names, "conda.lock", "pixi.lock", text=tables)
    project = discover(tmp_path)
    assert project.kind is kind
    assert project.manifest_path == tmp_path / names[0]
    assert kind.file_name == names[0]
    assert project.source_lock_path == tmp_path / lock


def test_conda_toml_goes_before_pixi_toml_before_pyproject(tmp_path: Path) -> None:
    assert MANIFEST_NAMES == ("conda.toml", "pixi.toml", "pyproject.toml")
    write(tmp_path, "conda.lock", "pixi.lock")
    for name in reversed(MANIFEST_NAMES):
        text = "[tool.conda]\n[tool.pixi]\n" if name == "pyproject.toml" else WORKSPACE
        write(tmp_path, name, text=text)
        assert discover(tmp_path).manifest_path.name == name


def test_the_nearest_directory_upward_is_the_root(tmp_path: Path) -> None:
    write(tmp_path, "conda.toml", "conda.lock")
    inner = write(tmp_path / "a", "pixi.toml", "pixi.lock")
    start = write(tmp_path / "a" / "b" / "c")
    assert discover(start=start).root == inner


def test_a_pyproject_without_a_workspace_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "pixi.toml", "pixi.lock")
    start = write(tmp_path / "member", "pyproject.toml", text="[project]\nname = 'x'\n[tool.ruff]\n")
    assert discover(start=start).root == tmp_path


def test_the_pixi_toml_of_a_member_package_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "pixi.toml", "pixi.lock")
    start = write(tmp_path / "member", "pixi.toml", text="[package]\nname = 'x'\n")
    write(start, "pyproject.toml", text="[tool.pixi.package]\n")
    assert discover(start=start).root == tmp_path


def test_a_list_of_tasks_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "conda.toml", text="[tasks]\nlint = 'ruff check'\n")
    write(tmp_path, "pyproject.toml", text="[tool.conda.tasks]\nlint = 'ruff check'\n[tool.pixi.workspace]\n")
    write(tmp_path, "pixi.lock")
    assert discover(tmp_path).kind is ManifestKind.PYPROJECT_PIXI


def test_a_given_root_is_not_searched_upward(tmp_path: Path) -> None:
    write(tmp_path, "pixi.toml", "pixi.lock")
    member = write(tmp_path / "member", "pyproject.toml", text="[project]\n")
    with pytest.raises(ManifestError, match="has no usable manifest") as caught:
        discover(member)
    assert caught.value.kind == "manifest-not-found"
    assert "pyproject.toml (no [tool.conda] and no [tool.pixi] workspace)" in str(caught.value.actual)


def test_nothing_found_upward_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"no usable manifest in .* or a directory above it") as caught:
        discover(start=tmp_path)
    assert caught.value.expected == "conda.toml, pixi.toml, or pyproject.toml with [tool.conda] or [tool.pixi]"


@pytest.mark.parametrize(
    ("manifest", "other_lock", "command"),
    [("conda.toml", "pixi.lock", "conda workspace lock"), ("pixi.toml", "conda.lock", "pixi lock")],
)
def test_there_is_no_fallback_to_the_other_lock(tmp_path: Path, manifest: str, other_lock: str, command: str) -> None:
    write(tmp_path, manifest, other_lock)
    with pytest.raises(ManifestError, match=r"the source lock of .* is missing") as caught:
        discover(tmp_path)
    assert caught.value.kind == "lock-not-found"
    assert f"`{command}`" in str(caught.value.hint)


def test_a_lock_is_not_needed_to_read_a_manifest(tmp_path: Path) -> None:
    write(tmp_path, "conda.toml")
    assert not discover(tmp_path, require_lock=False).source_lock_path.exists()


def test_manifest_and_lock_can_be_given(tmp_path: Path) -> None:
    write(tmp_path, "conda.toml", "conda.lock", "pixi.toml", "release.lock")
    project = discover(manifest="pixi.toml", source_lock="release.lock", start=tmp_path)
    assert project.kind is ManifestKind.PIXI
    assert project.root == tmp_path
    assert project.source_lock_path == tmp_path / "release.lock"


def test_a_given_manifest_may_stand_outside_the_root(tmp_path: Path) -> None:
    write(tmp_path / "manifests", "pixi.toml", "pixi.lock")
    root = write(tmp_path / "root")
    project = discover(root, manifest=tmp_path / "manifests" / "pixi.toml")
    assert project.root == root
    assert project.source_lock_path == tmp_path / "manifests" / "pixi.lock"


def test_a_given_lock_that_is_missing_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "conda.toml", "conda.lock")
    with pytest.raises(ManifestError, match="the source lock does not exist"):
        discover(tmp_path, source_lock=tmp_path / "other.lock")
    with pytest.raises(ManifestError, match="the source lock is a directory"):
        discover(tmp_path, source_lock=tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("pixi.toml", "no such file"),
        ("condo.toml", "no such file"),
        ("environment.toml", "is not a manifest name that cs recognises"),
        ("", "is a directory"),
    ],
)
def test_a_given_manifest_that_cannot_be_used_is_an_error(tmp_path: Path, name: str, message: str) -> None:
    write(tmp_path, "environment.toml")
    with pytest.raises(ManifestError, match=message):
        discover(manifest=tmp_path / name)


@pytest.mark.only("on Unix", "Windows keeps a current directory from being removed")
def test_a_current_directory_that_was_removed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = write(tmp_path / "gone")
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(ManifestError, match="the current directory no longer exists"):
        discover()


def test_names_that_are_too_long_are_errors_like_others(tmp_path: Path) -> None:
    name = "x" * 5000
    with pytest.raises(ManifestError, match="no such directory"):
        discover(tmp_path / name)
    with pytest.raises(ManifestError, match="no such file"):
        discover(manifest=tmp_path / name / "conda.toml")
    write(tmp_path, "conda.toml")
    with pytest.raises(ManifestError, match="the source lock does not exist"):
        discover(tmp_path, source_lock=name)


def test_a_given_pyproject_without_tables_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "pyproject.toml", text="[project]\n")
    with pytest.raises(ManifestError, match=r"has no \[tool.conda\] and no \[tool.pixi\] workspace"):
        discover(manifest=tmp_path / "pyproject.toml")


def test_a_root_that_is_a_file_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, "conda.toml")
    with pytest.raises(ManifestError, match=r"conda\.toml: is not a directory") as caught:
        discover(tmp_path / "conda.toml")
    assert caught.value.expected == "a directory"


def test_a_misspelt_manifest_is_named(tmp_path: Path) -> None:
    write(tmp_path, "conda.toml")
    write(tmp_path, "pyproject.toml")
    with pytest.raises(ManifestError, match=r"conda\.tml: no such file") as caught:
        discover(manifest=tmp_path / "conda.tml")
    assert caught.value.hint == "did you mean 'conda.toml'?"


def test_a_broken_manifest_is_reported_and_not_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "pixi.toml", "pixi.lock")
    start = write(tmp_path / "inner", "conda.toml", text="[workspace\n")
    with pytest.raises(ManifestError, match="is not valid TOML") as caught:
        discover(start=start)
    assert (caught.value.path, caught.value.line) == (start / "conda.toml", 1)


def test_paths_are_absolute_and_links_are_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = write(tmp_path / "real", "conda.toml", "conda.lock")
    link = tmp_path / "link"
    link.symlink_to(real)
    monkeypatch.chdir(tmp_path)
    assert discover("link").root == link
    assert discover("link/../real").root == real
    assert discover("../../../../../../../../../../" + str(real)[1:]).root == real
    assert discover(Path("real")).root == real


@pytest.mark.only("on Unix", "it has named pipes")
def test_a_manifest_that_is_a_fifo_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "conda.toml")
    with pytest.raises(ManifestError, match="no usable manifest"):
        discover(tmp_path)
    with pytest.raises(ManifestError, match="is not a regular file"):
        discover(manifest=tmp_path / "conda.toml")
