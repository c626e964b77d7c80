"""What a build reads survives, whatever its outputs are called."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli_samples import Channel, Cs, Workspace, make_template
from cs_bundle import hash_file
from cs_cli.errors import CliError
from cs_cli.project.protected_inputs import Input, refuse_outputs

NAMES = st.sampled_from(["a", "b", "A", "d/a", "d/b", "d/e/a", "link/a", "../base/a", "d/../b"])
STEPS = st.lists(st.tuples(st.sampled_from(["file", "symlink", "hardlink", "folder"]), NAMES, NAMES), max_size=12)


def plant(base: Path, steps: list[tuple[str, str, str]]) -> None:
    """Make files, folders and links; what cannot be made is left out."""
    (base / "d" / "e").mkdir(parents=True)
    for number, (what, name, target) in enumerate(steps):
        with contextlib.suppress(OSError):
            if what == "file":
                with (base / name).open("x") as file:
                    file.write(f"content {number}")
            elif what == "symlink":
                (base / name).symlink_to(os.path.relpath(base / target, (base / name).parent))
            elif what == "hardlink" and not (base / target).is_symlink():
                (base / name).hardlink_to(base / target)
            elif what == "folder":
                (base / "link").symlink_to("d", target_is_directory=True)


def read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def refuses(given_path: Path, *, files: Sequence[Path] = (), folders: Sequence[Path] = ()) -> bool:
    """Tell whether writing there is refused for the sake of an input."""
    try:
        refuse_outputs([Input(role="the manifest", path=given_path)], files=files, folders=folders)
    except CliError:
        return True
    return False


@settings(max_examples=300, deadline=None)
@given(STEPS, NAMES, NAMES)
def test_an_output_is_refused_exactly_if_an_input_would_suffer(
    steps: list[tuple[str, str, str]], given_name: str, output_name: str
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        base = Path(directory) / "base"
        base.mkdir()
        plant(base, steps)
        given_path, output = base / given_name, base / output_name
        before = read(given_path)
        if before is None or (output.is_dir() and not output.is_symlink()) or not output.parent.is_dir():
            return
        is_same = output.exists() and output.samefile(given_path)
        is_refused = refuses(given_path, files=[output])
        (base / "new").write_text("an artifact")
        (base / "new").replace(output)
        assert is_refused == (is_same or read(given_path) != before)


@settings(max_examples=200, deadline=None)
@given(STEPS, NAMES, st.sampled_from(["d", "d/e", "link", "link/e", "d/e/..", "absent"]))
def test_a_folder_is_refused_exactly_if_an_input_goes_with_it(
    steps: list[tuple[str, str, str]], given_name: str, folder_name: str
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        base = Path(directory) / "base"
        base.mkdir()
        plant(base, steps)
        given_path, folder = base / given_name, base / folder_name
        before = read(given_path)
        if before is None:
            return
        is_refused = refuses(given_path, folders=[folder])
        shutil.rmtree(folder.resolve(), ignore_errors=True)
        # "x/y/.." leads nowhere once y is gone, although nothing of the input was in it.
        assert is_refused or read(given_path) == before or ".." in given_name


def test_a_file_system_that_ignores_case_is_seen_through(tmp_path: Path) -> None:
    (tmp_path / "conda.toml").write_text("")

    def ignoring_case(look: Callable[[Path], os.stat_result]) -> Callable[[Path], os.stat_result]:
        return lambda path: look(path.with_name(path.name.lower()))

    for name, is_refused in (("CONDA.toml", True), ("Conda.Toml", True), ("conda.tom", False)):
        with pytest.raises(CliError) if is_refused else contextlib.nullcontext():
            refuse_outputs(
                [Input(role="the manifest", path=tmp_path / "conda.toml")],
                files=[tmp_path / name],
                follow=ignoring_case(os.stat),
                inspect=ignoring_case(os.lstat),
            )


def test_a_file_system_without_file_numbers_is_judged_by_names(tmp_path: Path) -> None:
    for name in ("Gr\u00f6\u00dfe.toml", "gro\u0308\u00dfe.TOML", "other.toml"):
        (tmp_path / name).write_text("")

    def numberless(look: Callable[[Path], os.stat_result]) -> Callable[[Path], os.stat_result]:
        def stat(path: Path) -> os.stat_result:
            status = look(path)
            return os.stat_result((status.st_mode, 0, *status[2:]))

        return stat

    def refuse(name: str) -> None:
        refuse_outputs(
            [Input(role="the manifest", path=tmp_path / "Gr\u00f6\u00dfe.toml")],
            files=[tmp_path / name],
            follow=numberless(os.stat),
            inspect=numberless(os.lstat),
        )

    refuse("other.toml")
    refuse("absent.toml")
    with pytest.raises(CliError):
        refuse("gro\u0308\u00dfe.TOML")


def snapshot(directory: Path) -> dict[str, tuple[bytes | str, int]]:
    """Return what is below a directory: content or target, and mode."""
    return {
        str(path.relative_to(directory)): (
            str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else "",
            path.lstat().st_mode,
        )
        for path in sorted(directory.rglob("*"))
    }


def as_it_is(out: Path, given_path: Path) -> None:
    del out, given_path


def symbolic_link(out: Path, given_path: Path) -> None:
    (out / given_path.name).unlink(missing_ok=True)
    (out / given_path.name).symlink_to(given_path)


def hard_link(out: Path, given_path: Path) -> None:
    (out / given_path.name).unlink(missing_ok=True)
    (out / given_path.name).hardlink_to(given_path)


COMPANIONS = [
    ".runtime.lock",
    ".packages.txt",
    ".cdx.json",
    ".notices.txt",
    ".info.json",
    ".provenance.json",
    ".sha256",
]
SUFFIXES = ["", *COMPANIONS, ".bundle.tar.zst"]


@pytest.mark.parametrize("arrange", [as_it_is, symbolic_link, hard_link])
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("role", ["lock", "condarc", "template"])
def test_no_artifact_takes_the_place_of_an_input(
    role: str,
    suffix: str,
    arrange: Callable[[Path, Path], None],
    workspace: Workspace,
    template: Path,
    cs: Cs,
    tmp_path: Path,
) -> None:
    home = workspace.directory if role == "condarc" else tmp_path  # a condarc file comes out of the project
    out, elsewhere = home / "out", home / "elsewhere"
    out.mkdir()
    elsewhere.mkdir()
    given_path = (out if arrange is as_it_is else elsewhere) / f"demo{suffix}"
    flags = {"lock": "--source-lock", "condarc": "--condarc-file", "template": "--template"}
    if role == "lock":
        given_path.write_bytes(Path("conda.lock").read_bytes())
    elif role == "condarc":
        given_path.write_text("channels: []\n")
    else:
        make_template(given_path)
    arrange(out, given_path)
    before = snapshot(tmp_path)
    for extra in ([], ["--dry-run"]):
        words = ["build", "--layout", "external", "--out-dir", out, flags[role], given_path, *extra]
        outcome = cs(*words, "--error-format", "json")
        document = json.loads(outcome.err.splitlines()[-1])
        assert (outcome.status, document["kind"]) == (1, "output-is-input"), outcome.err
        assert document["path"] == str(out / f"demo{suffix}")
        assert str(given_path) in document["message"]
        assert snapshot(tmp_path) == before


@pytest.mark.parametrize("layout", ["online", "embedded"])
@pytest.mark.parametrize("name", ["conda.toml", "conda.lock", "pyproject.toml", "setup.py", "README.md", "version.txt"])
def test_no_artifact_takes_the_place_of_a_file_of_the_project(
    name: str, layout: str, workspace: Workspace, template: Path, cs: Cs
) -> None:
    Path("pyproject.toml").write_text(
        '[project]\nname = "demo"\ndynamic = ["version"]\nreadme = "README.md"\n'
        '[tool.setuptools.dynamic]\nversion = { file = ["version.txt"] }\n'
    )
    for text in ("setup.py", "README.md", "version.txt"):
        Path(text).write_text("mine")
    before = snapshot(Path.cwd())
    outcome = cs("build", "--layout", layout, "--out-dir", ".", "--artifact-name", name)
    assert outcome.status == 1
    assert f"{name}: this would overwrite " in outcome.err
    assert snapshot(Path.cwd()) == before


def test_no_artifact_takes_the_place_of_a_package_archive(
    workspace: Workspace, channel: Channel, template: Path, cs: Cs
) -> None:
    archive = next((channel.directory / "linux-64").glob("libz-*"))
    before = snapshot(channel.directory)
    outcome = cs("build", "--out-dir", archive.parent, "--artifact-name", archive.name)
    assert outcome.status == 1
    assert f"this would overwrite a package archive, {archive}" in outcome.err
    assert snapshot(channel.directory) == before


def test_a_checksum_file_cannot_have_an_input_removed(
    workspace: Workspace, template: Path, cs: Cs, tmp_path: Path
) -> None:
    given_path = make_template(Path("demoz.exe"))
    Path("demoz.sha256").write_text(f"{hash_file(given_path)}  demoz.exe\n")
    before = snapshot(Path.cwd())
    outcome = cs("build", "--out-dir", ".", "--template", given_path)
    assert outcome.status == 1
    assert "this would overwrite the template" in outcome.err
    assert snapshot(Path.cwd()) == before


def test_an_input_among_what_a_killed_build_left_is_not_removed(workspace: Workspace, template: Path, cs: Cs) -> None:
    given_path = make_template(Path("dist/.cs-staging-0123abcd/cs-template"))
    before = snapshot(Path.cwd())
    outcome = cs("build", "--template", given_path)
    assert outcome.status == 1
    assert "this directory would be replaced, but it contains the template" in outcome.err
    assert snapshot(Path.cwd()) == before


def test_an_input_in_the_cache_is_not_replaced(workspace: Workspace, template: Path, cs: Cs, tmp_path: Path) -> None:
    assert cs("build").status == 0
    archive = next((tmp_path / "cache").glob("*/*/python-*.conda"))
    before = snapshot(tmp_path)
    given_path = archive.with_name("contents-1.json")
    for command in (["build"], ["inspect", "--check-delegate"]):
        given_path.write_bytes(Path("conda.lock").read_bytes())
        outcome = cs(*command, "--source-lock", given_path)
        assert outcome.status == 1
        assert "this directory would be replaced, but it contains the source lock" in outcome.err
        assert given_path.read_bytes() == Path("conda.lock").read_bytes()
    assert snapshot(tmp_path).keys() == before.keys()


def test_links_of_the_output_folder_are_put_back_as_links(
    workspace: Workspace, template: Path, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("dist").mkdir()
    Path("notes.txt").write_text("mine")
    Path("dist/demoz").symlink_to("../notes.txt")
    Path("dist/demoz.cdx.json").symlink_to("nowhere")
    before = snapshot(Path("dist"))
    replace = Path.replace

    def fail(self: Path, target: Path) -> Path:
        if self.name == "demoz.sha256" and ".previous" not in str(self):
            raise OSError(5, "Input/output error")
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        assert cs("build").status == 1
    assert snapshot(Path("dist")) == before
    assert Path("notes.txt").read_text() == "mine"


def test_builds_with_their_files_beside_the_manifest_can_be_repeated(
    workspace: Workspace, template: Path, cs: Cs
) -> None:
    Path("pyproject.toml").write_text('[project]\nname = "demoz"\nversion = "1"\n')
    for _ in range(2):
        outcome = cs("build", "--out-dir", ".")
        assert outcome.status == 0, outcome.err


@pytest.mark.parametrize("place", [".", "conda.toml", "..", "/", "link", "real/.."])
def test_no_prefix_takes_the_place_of_an_input(place: str, workspace: Workspace, template: Path, cs: Cs) -> None:
    Path("link").symlink_to(".")
    Path("real").mkdir()
    before = snapshot(Path.cwd())
    outcome = cs("run", "--install-path", place, "--error-format", "json")
    assert outcome.status == 1
    assert json.loads(outcome.err.splitlines()[-1])["kind"] == "output-is-input"
    assert snapshot(Path.cwd()) == before


@pytest.mark.parametrize("name", [".here.staging", ".here.previous"])
def test_what_a_bootstrap_puts_beside_its_prefix_holds_no_input(
    name: str, workspace: Workspace, template: Path, cs: Cs
) -> None:
    outcome = cs("run", "--install-path", "here", "--template", make_template(Path(name, "cs-template")))
    assert outcome.status == 1
    assert f"{name}: this directory would be replaced, but it contains the template" in outcome.err
