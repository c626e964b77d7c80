"""``cs init``: what it writes, what it asks, and when it refuses."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from cli_samples import Cs, Workspace
from cs_cli.errors import CliError
from cs_cli.setup.writing import replace_file
from terminals import answer_at_terminal

WORDS = [sys.executable, "-m", "cs_cli", "init"]
MANIFEST = Path("conda.toml")


@pytest.fixture
def bare(workspace: Workspace) -> bytes:
    """Leave the workspace without ``[tool.conda-ship]``, and return its manifest."""
    text = MANIFEST.read_text(encoding="utf-8")
    MANIFEST.write_text(text[: text.index("[tool.conda-ship]")].rstrip() + "\n", encoding="utf-8")
    return MANIFEST.read_bytes()


def read_table() -> dict[str, Any]:
    """Return the table that was written."""
    table: dict[str, Any] = tomllib.loads(MANIFEST.read_text(encoding="utf-8"))["tool"]["conda-ship"]
    return table


def list_entries() -> set[str]:
    """List everything in the workspace: nothing may be left behind."""
    return {path.name for path in Path.cwd().iterdir()}


def install_environment(place: str, name: str, files: list[str]) -> None:
    """Write the record of an installed package."""
    directory = Path(place, "ship", "conda-meta")
    directory.mkdir(parents=True)
    (directory / f"{name}-1.0-0.json").write_text(json.dumps({"files": files}))


def test_without_a_terminal_it_writes_what_fits_and_the_result_ships(bare: bytes, template: Path, cs: Cs) -> None:
    entries = list_entries()
    outcome = cs("init")
    assert (outcome.status, outcome.err) == (0, "")
    assert read_table() == {
        "runtime": "demo",
        "runtime-version": "1.0.0",
        "delegate": "python",
        "layout": "online",
        "source-environment": "ship",
    }
    assert MANIFEST.read_bytes().startswith(bare)
    assert list_entries() == entries
    assert "It ships 3 packages for linux-64." in outcome.out
    assert cs("inspect", "--check-delegate").status == 0
    command, _, meaning = outcome.out.splitlines()[-1].partition("  ")
    assert meaning.strip() == "builds it"
    assert cs(*command.split()[1:]).status == 0


def test_the_command_that_builds_it_is_one_that_there_is_a_template_for(
    workspace: Workspace, bare: bytes, template: Path, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("inspection.sizes", "inspection.verdict"):
        monkeypatch.setattr(f"cs_cli.{module}.host_platform", lambda: "linux-64")
    others = [workspace.channel.add(name, {"bin/hello": b"#!"}, subdir="osx-arm64") for name in workspace.specs]
    workspace.environments["ship"]["osx-arm64"] = others
    workspace.write()
    MANIFEST.write_bytes(bare.replace(b'["linux-64"]', b'["linux-64", "osx-arm64"]'))
    outcome = cs("init", "--manifest", str(MANIFEST), "--delegate", "python")
    notes = 'with the same flags; for linux-64; to build for the others, install "cs-cli[templates]"'
    assert outcome.out.splitlines()[-1] == f"cs build     builds it ({notes})"


def test_every_question_has_a_flag_and_other_settings_too(bare: bytes, cs: Cs) -> None:
    words = ["--source-environment", "ship", "--delegate", "hello", "--layout", "embedded", "--runtime", "my.app"]
    assert cs("init", *words, "--runtime-version", "2.5", "--exclude", "libz", "--freeze-base").status == 0
    assert read_table() == {
        "runtime": "my.app",
        "runtime-version": "2.5",
        "delegate": "hello",
        "layout": "embedded",
        "source-environment": "ship",
        "exclude": ["libz"],
        "freeze-base": True,
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--runtime", "my tool"], "--runtime"),
        (["--layout", "embeded"], "did you mean 'embedded'?"),
        (["--delegate", "a/b"], "--delegate"),
        (["--source-environment", "shp"], "ship"),
        (["--runtime", "nul"], "nul"),
        (["--condarc-file", "x"], "unknown flag '--condarc-file'"),
    ],
)
def test_a_wrong_value_is_refused_before_anything_is_written(words: list[str], said: str, bare: bytes, cs: Cs) -> None:
    outcome = cs("init", *words)
    assert outcome.status != 0
    assert said in outcome.err
    assert MANIFEST.read_bytes() == bare


def test_a_table_that_exists_stays_and_is_shown(workspace: Workspace, cs: Cs) -> None:
    before = MANIFEST.read_bytes()
    outcome = cs("init", "--runtime", "other")
    assert outcome.status == 1
    assert 'runtime = "demo"' in outcome.err
    assert "cs inspect" in outcome.err
    assert re.search(r"conda\.toml:[0-9]+:7", outcome.err)
    assert MANIFEST.read_bytes() == before


def test_a_table_that_is_empty_is_one(bare: bytes, cs: Cs) -> None:
    MANIFEST.write_bytes(bare + b"[tool.conda-ship]\n")
    assert "tool.conda-ship: the manifest has this table already: it is empty\n" in cs("init").err


def test_without_a_lock_it_says_how_to_make_one(bare: bytes, cs: Cs) -> None:
    Path("conda.lock").unlink()
    outcome = cs("init")
    assert outcome.status == 1
    assert "conda workspace lock" in outcome.err
    Path("pixi.toml").write_bytes(bare)
    MANIFEST.unlink()
    assert "pixi lock" in cs("init").err


def test_without_a_workspace_it_says_how_to_make_one(tmp_path: Path, cs: Cs) -> None:
    (tmp_path / "empty").mkdir()
    outcome = cs("init", "--root", tmp_path / "empty")
    assert outcome.status == 1
    assert "pixi init" in outcome.err


def test_a_dry_run_shows_a_diff_and_writes_nothing(bare: bytes, cs: Cs) -> None:
    outcome = cs("init", "--dry-run", "--delegate", "hello")
    assert outcome.status == 0
    assert outcome.out.startswith("--- a/conda.toml\n+++ b/conda.toml\n@@")
    assert '+delegate = "hello"\n' in outcome.out
    assert "\n-" not in outcome.out.partition("@@")[2]
    assert MANIFEST.read_bytes() == bare


@pytest.mark.only("on Unix", "it has modes and links")
def test_mode_and_link_of_the_manifest_stay(bare: bytes, cs: Cs, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere" / "conda.toml"
    target.parent.mkdir()
    MANIFEST.rename(target)
    target.chmod(0o640)
    MANIFEST.symlink_to(target)
    assert cs("init").status == 0
    assert MANIFEST.is_symlink()
    assert target.read_bytes().startswith(bare)
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert [path.name for path in target.parent.iterdir()] == ["conda.toml"]


@pytest.mark.only("on Unix", "it has modes")
def test_a_manifest_that_is_read_only_is_left_alone_before_anything_is_asked(
    bare: bytes, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The directory's permissions would be enough to replace it."""

    def refuse(path: Path, mode: str) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    with monkeypatch.context() as context:
        context.setattr("cs_cli.setup.adding.Chooser", None)  # is not reached
        context.setattr(Path, "open", refuse)
        outcome = cs("init")
    assert (outcome.status, outcome.err) == (1, "error: conda.toml: cannot write the manifest: Permission denied\n")
    assert MANIFEST.read_bytes() == bare


def test_a_manifest_that_somebody_edits_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "pixi.toml"
    path.write_bytes(b"newer")
    with pytest.raises(CliError) as caught:
        replace_file(path, b"older", b"with a table")
    assert caught.value.kind == "manifest-changed"
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {"pixi.toml": b"newer"}


def test_programs_come_from_installed_environments_and_from_the_cache(bare: bytes, template: Path, cs: Cs) -> None:
    install_environment(".pixi/envs", "hello", ["bin/hallo", "bin/.hidden", "lib/bin/no", "share/x"])
    assert '+delegate = "hallo"' in cs("init", "--dry-run").out
    assert cs("init").status == 0
    assert cs("build", "--layout", "embedded", "--delegate", "python").status == 0  # fills the cache
    MANIFEST.write_bytes(bare)
    assert '+delegate = "hello"' in cs("init", "--dry-run").out


def test_a_program_named_like_the_workspace_comes_first(bare: bytes, cs: Cs) -> None:
    install_environment(".conda/envs", "hello", ["bin/demo", "bin/a", "bin/hello"])
    assert '+delegate = "demo"' in cs("init", "--dry-run").out


@pytest.mark.parametrize(
    ("version", "written"),
    [
        ('version = "1.5"', None),
        ('dynamic = ["version"]', {"from": "project-metadata"}),
        ("", "0.3"),
    ],
)
def test_the_version_comes_from_the_project(version: str, written: object, bare: bytes, cs: Cs) -> None:
    text = bare.decode()
    for table in ("workspace", "feature.ship.dependencies", "environments"):
        text = text.replace(f"[{table}]", f"[tool.conda.{table}]")
    text = text.replace("[tool.conda.workspace]", '[tool.conda.workspace]\nversion = "0.3"')
    Path("pyproject.toml").write_text(f'[project]\nname = "demo"\n{version}\n\n{text}')
    MANIFEST.unlink()
    assert cs("init").status == 0
    table = tomllib.loads(Path("pyproject.toml").read_text())["tool"]["conda-ship"]
    assert table.get("runtime-version") == written


def test_what_keeps_it_from_shipping_is_said_at_once(bare: bytes, cs: Cs) -> None:
    MANIFEST.write_bytes(bare.replace(b'hello = "*"', b'hello = "*"\nattrs = "*"'))
    outcome = cs("init")
    assert outcome.status == 0
    assert "attrs" in outcome.err
    assert "This cannot ship yet." in outcome.out


def test_a_name_that_is_none_becomes_one(bare: bytes, cs: Cs) -> None:
    for name, runtime in (("My Tool!", "My-Tool"), ("con", "demo"), ("日本", "demo"), ("envs", "demo")):
        MANIFEST.write_bytes(bare.replace(b'name = "demo"', f'name = "{name}"'.encode()))
        assert f'+runtime = "{runtime}"\n' in cs("init", "--dry-run").out


@pytest.mark.only("on Unix", "it has pseudo-terminals")
class TestDialogue:
    """At a terminal it asks."""

    @pytest.fixture(autouse=True)
    def _several_environments(self, workspace: Workspace) -> None:
        workspace.environments["default"] = {"linux-64": workspace.environments["ship"]["linux-64"][:2]}
        workspace.write()
        text = MANIFEST.read_text(encoding="utf-8")
        MANIFEST.write_text(text[: text.index("[tool.conda-ship]")], encoding="utf-8")

    def ask(self, answers: bytes, *words: str, columns: int = 100) -> tuple[int, str]:
        environ = {"CONDA_SHIP_CACHE_DIR": os.environ["CONDA_SHIP_CACHE_DIR"], "COLUMNS": str(columns)}
        question = "Number or name" if "--delegate" not in words else "users get"
        status, written = answer_at_terminal([*WORDS, *words], question, answers, environ)
        return status, re.sub(r"\x1b\[[0-9;]+m|\r", "", written)

    def test_three_questions_with_defaults(self) -> None:
        status, written = self.ask(b"\n\n\n")
        assert status == 0, written
        assert written.count("Number or name [") == 3
        for part in (
            "Which environment",
            "Which program",
            "How do users get the packages?",
            "1  online",
            "3  embedded",
        ):
            assert part in written
        assert read_table()["delegate"] == "python"

    def test_numbers_names_and_slips(self) -> None:
        status, written = self.ask(b"shp\nship\n-x\nhello\n9\n3\n")
        assert status == 0, written
        assert "  ! 'shp' is not one of ship, default; did you mean 'ship'?\n" in written
        assert "  ! '-x' must be a name of ASCII letters" in written
        assert "  ! '9' is not one of online, external, embedded\n" in written
        assert (read_table()["source-environment"], read_table()["delegate"]) == ("ship", "hello")
        assert read_table()["layout"] == "embedded"

    @pytest.mark.parametrize("columns", [50, 80, 140])
    def test_a_long_line_goes_on_below_its_text(self, columns: int) -> None:
        status, written = self.ask(b"\n\n\n", columns=columns)
        assert status == 0, written
        lines = written.partition("How do users get the packages?")[2].partition("Number")[0].strip("\n").split("\n")
        assert [line.split()[1] for line in lines if line.split()[0].isdecimal()] == ["online", "external", "embedded"]
        assert all(len(line) <= columns for line in lines)
        assert all(line[:16].isspace() and line[16] != " " for line in lines if not line.split()[0].isdecimal())

    def test_questions_are_where_the_answers_are(self, tmp_path: Path) -> None:
        command = ["sh", "-c", f'exec "$@" 2>"{tmp_path}/messages"', "sh", *WORDS]
        status, written = answer_at_terminal(command, "Number or name", b"\n\n\n", {"COLUMNS": "100"})
        assert status == 0, written
        assert "Which environment do users get?" in written
        assert (tmp_path / "messages").read_text() == ""

    def test_what_a_flag_says_is_not_asked(self) -> None:
        status, written = self.ask(b"2\n", "--source-environment", "ship", "--delegate", "hello")
        assert status == 0, written
        assert written.count("[online]:") == 1
        assert "Which" not in written
        assert read_table()["layout"] == "external"

    def test_with_yes_nothing_is_asked(self) -> None:
        status, written = self.ask(b"", "--yes", "--delegate", "hello")
        assert status == 0, written
        assert "?" not in written.partition("Added")[0]

    @pytest.mark.parametrize(("answers", "status"), [(b"ship\n\x03", 130), (b"\x03", 130), (b"\x04", 1)])
    def test_who_leaves_changes_nothing(self, answers: bytes, status: int) -> None:
        before, entries = MANIFEST.read_bytes(), list_entries()
        assert self.ask(answers)[0] == status
        assert MANIFEST.read_bytes() == before
        assert list_entries() == entries
