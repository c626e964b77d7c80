"""What is said of commands and flags: in the help, in the man page, in the reference."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
import write_commands

from cli_samples import Cs
from cs_cli import DOCUMENTATION
from cs_cli.commandline.flags import COMMON
from cs_cli.commandline.help import describe, measure_width, render_help, spell
from cs_cli.commandline.manual import render_manual
from cs_cli.commandline.settings import SETTINGS
from cs_cli.commandline.table import SUMMARIES, list_groups, load_commands
from cs_cli.commandline.values import Command, Flag
from cs_cli.commandline.variables import EVERYWHERE, VARIABLES
from terminals import FakeTerminal, to_plain

COMMANDS = load_commands()
FLAGS = [(command, flag) for command in COMMANDS for flag in command.flags]
LONGEST_HELP = 150
SHARED = "Commands that read a project"

each_command = pytest.mark.parametrize("command", COMMANDS, ids=lambda one: one.name)


def text_of(topic: str, *, is_long: bool = True, width: int = 80) -> list[str]:
    return to_plain(render_help(topic, is_long=is_long, width=width))


def squeeze(lines: Iterable[str]) -> str:
    return " ".join(" ".join(lines).split())


@each_command
def test_a_command_says_what_it_does_and_gives_examples(command: Command) -> None:
    assert command.description.endswith(".")
    assert command.examples
    assert all("cs " in one.line for one in command.examples)
    assert len(SUMMARIES[command.name]) <= 70
    assert not SUMMARIES[command.name].endswith(".")


@pytest.mark.parametrize(("command", "flag"), FLAGS, ids=lambda one: one.name)
def test_a_flag_says_what_it_does_in_one_line(command: Command, flag: Flag) -> None:
    assert 10 <= len(flag.help) <= LONGEST_HELP
    assert not flag.help.endswith(".")
    assert "\n" not in flag.help
    assert flag.help.count("`") % 2 == 0
    assert flag.metavar is None or flag.metavar.strip()


@each_command
def test_flags_of_a_command_have_different_names_and_set_what_it_has(command: Command) -> None:
    names = [name for flag in command.flags for name in flag.names]
    assert sorted(names) == sorted(set(names))


@each_command
def test_the_long_help_describes_every_flag_and_its_default(command: Command) -> None:
    text = squeeze(text_of(command.name))
    for flag in command.flags:
        assert f"{spell(flag)} {describe(flag)}".replace("`", "") in text
        assert not any(alias in text.split() for alias in flag.aliases)
    assert all(one.line in text and one.text in text for one in command.examples)
    assert all(name in text for name in command.variables)
    assert DOCUMENTATION in text


@each_command
def test_the_short_help_names_every_flag(command: Command) -> None:
    text = squeeze(text_of(command.name, is_long=False))
    assert [flag.name for flag in command.flags if flag.name not in text] == []


@pytest.mark.parametrize("is_long", [False, True])
@pytest.mark.parametrize("width", [50, 80, 100])
@pytest.mark.parametrize("topic", ["", *SUMMARIES, *list_groups()])
def test_help_fits_the_terminal(topic: str, width: int, is_long: bool) -> None:
    examples = {one.line for command in COMMANDS for one in command.examples}
    spelled = {spell(flag) for _, flag in FLAGS}
    usage = [line for line in text_of(topic, is_long=is_long, width=width) if len(line) > width]
    assert [line for line in usage if line.strip() not in examples | spelled] == []


@pytest.mark.parametrize(("columns", "width"), [("50", 50), ("140", 100), ("", 80)])
def test_the_width_is_that_of_the_terminal_up_to_what_is_easy_to_read(
    columns: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert measure_width(FakeTerminal()) == width


def test_the_overview_lists_all_commands(cs: Cs) -> None:
    out = cs("--help").out
    assert all(re.search(rf"^  {name} +", out, re.MULTILINE) for name in SUMMARIES)
    assert all(name in out for name in EVERYWHERE)


def test_every_variable_is_listed_where_it_matters() -> None:
    listed = {*EVERYWHERE, *(name for command in COMMANDS for name in command.variables)}
    assert listed == set(VARIABLES)


def test_the_man_page_has_every_flag_command_and_variable() -> None:
    page = re.sub(r"\\f[BR]", "", render_manual(COMMANDS)).replace("\\-", "-").replace("\\(aq", "'")
    text = squeeze(page.splitlines())
    for _, flag in FLAGS:
        assert f".B {spell(flag)} {describe(flag).replace('`', '')}" in re.sub(r" \.(?=[A-Z][a-z])", " ", text)
    assert all(f".SH CS {name.upper()} " in text for name in SUMMARIES)
    assert all(f".B {name} " in text for name in VARIABLES)


@pytest.mark.tools("man")
def test_man_has_nothing_against_the_page(tmp_path: Path) -> None:
    page = tmp_path / "cs.1"
    page.write_text(render_manual(COMMANDS))
    done = subprocess.run(["man", "--warnings", "-l", page], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "cs - turn one solved conda environment into one executable" in done.stdout


def test_help_prints_the_man_page(cs: Cs) -> None:
    assert cs("help", "--man").out == render_manual(COMMANDS)


def test_the_reference_and_the_man_page_follow_from_the_table() -> None:
    """``nox -s generate`` writes them."""
    for path, text in write_commands.compose_texts().items():
        assert path.read_text(encoding="utf-8") == text, f"{path}: run nox -s generate, or tools/write_commands.py"


def read_sections() -> dict[str, str]:
    """Return the parts of the reference page by their headings."""
    parts = re.split(r"^## ", write_commands.PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {part.splitlines()[0]: part for part in parts}


def documented(text: str) -> set[str]:
    """Return the long flags in the first column of a page's tables."""
    cells = [row.split("|")[1] for row in text.splitlines() if row.startswith("| `-")]
    return {flag for cell in cells for flag in re.findall(r"--[a-z][a-z-]*", cell)}


@pytest.mark.parametrize("section", dict.fromkeys(name.partition(" ")[0] for name in SUMMARIES))
def test_the_page_documents_every_flag_and_no_other(section: str) -> None:
    sections = read_sections()
    commands = [command for command in COMMANDS if command.name.partition(" ")[0] == section]
    flags = {flag.name for command in commands for flag in command.flags}
    here = documented(sections[f"`cs {section}`"])
    settings = {flag.name for flag in SETTINGS.flags}
    elsewhere = documented(sections["Every command"]) | documented(sections[SHARED]) | settings
    assert here - flags == set()
    assert flags - here - elsewhere == set()


def test_the_page_documents_the_flags_of_every_command() -> None:
    assert documented(read_sections()["Every command"]) == {flag.name for flag in COMMON}
