"""Completions, in the shells themselves; PowerShell is not available here: a grammar reads its script."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import tree_sitter_powershell
from tree_sitter import Language, Parser

from cli_samples import Cs, Workspace
from cs_cli.commandline.table import SUMMARIES, load_command
from cs_cli.commands.completions import SHELLS
from cs_manifest import CONFIG_KEYS
from shells import Shells

ALIASES = {f"--{key.alias}" for key in CONFIG_KEYS if key.alias is not None}
FIRST = sorted({name.partition(" ")[0] for name in SUMMARIES})


@pytest.fixture
def shells(tmp_path: Path, workspace: Workspace) -> Shells:
    """Return shells whose working directory is a workspace."""
    directory = tmp_path / "shells"
    directory.mkdir()
    return Shells(directory)


def flags_of(command: str) -> set[str]:
    """Return the flags of a command that a shell offers."""
    return {name for flag in load_command(command).flags for name in flag.names} - ALIASES | {"-h", "--help"}


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("command", SUMMARIES)
def test_every_flag_of_every_command_is_in_every_script(shell: str, command: str, cs: Cs) -> None:
    script = cs("completions", shell).out
    names = {name.lstrip("-") for name in flags_of(command)}
    assert {name for name in names if not re.search(rf"(?<![\w-])-{{0,2}}(-l |-s )?{name}(?![\w-])", script)} == set()


@pytest.mark.tools("bash")
@pytest.mark.parametrize("command", ["build", "cache clean", "help"])
def test_bash_offers_the_flags_of_a_command(command: str, shells: Shells) -> None:
    assert set(shells.bash("cs", *command.split(), "-")) == flags_of(command)


@pytest.mark.tools("bash")
@pytest.mark.parametrize(
    ("words", "offers"),
    [
        (["ver"], ["verify", "version"]),
        (["-q", "bu"], ["build"]),
        (["--color", ""], ["always", "auto", "never"]),
        (["--color", "never", "bu"], ["build"]),
        (["cache", ""], ["clean", "dir", "info"]),
        (["help", "ins"], ["inspect"]),
        (["build", "--layout", "e"], ["embedded", "external"]),
        (["build", "--layout", "="], ["embedded", "external", "online"]),
        (["build", "--layout", "=", "on"], ["online"]),
        (["build", "--platform", ""], ["linux-64"]),
        (["build", "--source-environment", ""], ["default", "ship"]),
        (["completions", ""], ["bash", "fish", "powershell", "zsh"]),
        (["verify", "conda."], ["conda.lock", "conda.toml"]),
        (["verify", "--key", "conda.l"], ["conda.lock"]),
        (["build", "--root", "conda."], []),
        (["run", "--", "--la"], []),
    ],
)
def test_bash_offers_what_can_follow(words: list[str], offers: list[str], shells: Shells) -> None:
    assert sorted(filter(None, shells.bash("cs", *words))) == offers


@pytest.mark.tools("bash")
def test_bash_offers_commands_first(shells: Shells) -> None:
    offers = shells.bash("cs", "")
    assert sorted(offer for offer in offers if not offer.startswith("-")) == FIRST


@pytest.mark.tools("fish")
@pytest.mark.parametrize("command", ["build", "cache clean", "help"])
def test_fish_offers_the_flags_of_a_command(command: str, shells: Shells) -> None:
    offers = {offer.partition("=")[0] for offer in shells.fish(f"cs {command} --")}
    assert offers == {name for name in flags_of(command) if name.startswith("--")}


@pytest.mark.tools("fish")
@pytest.mark.parametrize(
    ("line", "offers"),
    [
        ("cs ", FIRST),
        ("cs ver", ["verify", "version"]),
        ("cs -q bu", ["build"]),
        ("cs --color never bu", ["build"]),
        ("cs cache ", ["clean", "dir", "info"]),
        ("cs help ins", ["inspect"]),
        ("cs build --layout e", ["embedded", "external"]),
        ("cs build --layout=on", ["--layout=online"]),
        ("cs build --platform ", ["linux-64"]),
        ("cs build --source-environment ", ["default", "ship"]),
        ("cs completions ", ["bash", "fish", "powershell", "zsh"]),
        ("cs verify conda.", ["conda.lock", "conda.toml"]),
        ("cs build conda.", []),
        ("cs run -- --la", []),
    ],
)
def test_fish_offers_what_can_follow(line: str, offers: list[str], shells: Shells) -> None:
    assert sorted(shells.fish(line)) == offers


@pytest.mark.tools("zsh")
@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("cs bui", "cs build "),
        ("cs -q bui", "cs -q build "),
        ("cs --color nev", "cs --color never "),
        ("cs cache cl", "cs cache clean "),
        ("cs cache clean --older", "cs cache clean --older-than="),
        ("cs help ins", "cs help inspect "),
        ("cs build --lay", "cs build --layout="),
        ("cs build --layout=on", "cs build --layout=online "),
        ("cs build --layout on", "cs build --layout online "),
        ("cs build --no-freeze", "cs build --no-freeze-base "),
        ("cs build --platform lin", "cs build --platform linux-64 "),
        ("cs build --source-environment s", "cs build --source-environment ship "),
        ("cs completions fi", "cs completions fish "),
        ("cs verify conda.l", "cs verify conda.lock "),
        ("cs verify --key conda.l", "cs verify --key conda.lock "),
    ],
)
def test_zsh_completes_what_can_follow(line: str, completed: str, shells: Shells) -> None:
    assert shells.zsh(line) == completed


@pytest.fixture
def hostile(workspace: Workspace, tmp_path: Path) -> list[str]:
    """Give the workspace environments whose names are commands of a shell; returns these names."""
    mark = tmp_path / "carried-out"
    names = [f"$(>{mark})", f"`>{mark}`", f"a'; >{mark}; '", f"$(touch${{IFS}}{mark})", "*", "x y"]
    for name in names:
        workspace.environments[json.dumps(name)] = workspace.environments["ship"]
    (workspace.write() / "conda.lock").write_text("")
    return names


@pytest.mark.tools("bash")
def test_bash_carries_no_name_of_the_workspace_out(hostile: list[str], tmp_path: Path, shells: Shells) -> None:
    offers = shells.bash("cs", "build", "--source-environment", "")
    typed = [shlex.split(offer) for offer in offers]
    assert sorted(typed) == sorted([[name] for name in (*hostile, "default", "ship")])
    assert not (tmp_path / "carried-out").exists()


@pytest.mark.tools("bash")
def test_bash_offers_files_as_they_are_called(workspace: Workspace, shells: Shells) -> None:
    (workspace.directory / "f*").touch()
    (workspace.directory / "f g").touch()
    offers = [shlex.split(offer) for offer in shells.bash("cs", "verify", "f")]
    assert sorted(offers) == [["f g"], ["f*"]]


@pytest.mark.tools("fish")
def test_fish_carries_no_name_of_the_workspace_out(hostile: list[str], tmp_path: Path, shells: Shells) -> None:
    assert set(shells.fish("cs build --source-environment ")) == {*hostile, "default", "ship"}
    assert not (tmp_path / "carried-out").exists()


@pytest.mark.tools("zsh")
def test_zsh_carries_no_name_of_the_workspace_out(hostile: list[str], tmp_path: Path, shells: Shells) -> None:
    line = shells.zsh("cs build --source-environment x")
    assert (line.rstrip(), "x y" in hostile) == (r"cs build --source-environment x\ y", True)
    assert not (tmp_path / "carried-out").exists()


@pytest.mark.parametrize("removed", ["", "}\n", "'", "@(", " -and", "$one in "])
def test_powershell_gets_a_script_in_its_grammar(removed: str, cs: Cs) -> None:
    script = cs("completions", "powershell").out
    assert removed in script
    parser = Parser(Language(tree_sitter_powershell.language()))
    tree = parser.parse(script.replace(removed, "", 1).encode())
    assert tree.root_node.has_error is (removed != "")


def test_names_of_the_workspace_are_there_for_the_scripts(workspace: Workspace, cs: Cs) -> None:
    assert cs("completions", "--values", "environment").out == "default\nship\n"
    assert cs("completions", "--values", "platform").out == "linux-64\n"


def test_without_a_workspace_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cs: Cs) -> None:
    monkeypatch.chdir(tmp_path)
    assert cs("completions", "--values", "platform") == cs("completions", "--values", "environment")
    assert cs("completions", "--values", "platform").status == 0


def test_names_are_read_without_the_lock() -> None:
    program = "import sys; from cs_cli.main import main; main(['completions', '--values', 'platform']); "
    program += "sys.exit('cs_lock' in sys.modules or 'yaml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_without_a_shell_nothing_is_guessed(cs: Cs) -> None:
    outcome = cs("completions")
    assert (outcome.status, outcome.err.splitlines()[0]) == (
        2,
        "error: SHELL is missing: bash, zsh, fish, powershell",
    )
