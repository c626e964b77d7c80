"""The inspection as text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cli_samples import Channel, Workspace, inspect_options, make_workspace
from cs_cli.inspection.report import render_inspection
from cs_cli.inspection.summary import DelegateCheck, inspect_derivation
from cs_cli.project.derivation import derive_project
from cs_cli.terminal.style import TextStyle


def render(style: TextStyle, *flags: str) -> str:
    derivation = derive_project(inspect_options(*flags), strict=False)
    return "\n".join(map(style.render, render_inspection(inspect_derivation(derivation, platform=None), style)))


def test_a_pipe_gets_one_line_a_platform(workspace: Workspace) -> None:
    text = render(TextStyle())
    (row,) = [line for line in text.splitlines() if line.startswith("linux-64")]
    assert row.split()[:2] == ["linux-64", "3"]
    assert "python " in row
    assert row.endswith("BSD-3-Clause 2, Zlib 1")
    assert "\n\nNo problems found, but the delegate was not checked.\n" in text
    assert "\x1b" not in text


@pytest.mark.parametrize("width", [64, 80, 100, 200])
def test_the_table_keeps_to_the_width(width: int, tmp_path: Path, channel: Channel) -> None:
    for number in range(6):
        channel.add(f"a-package-of-a-long-name-{number}", {"x": bytes(100 * number)}, license=f"LicenseRef-{number}")
    root = make_workspace(tmp_path / "w", channel).write()
    text = render(TextStyle(width=width), "--root", str(root))
    table = text[text.index("Platform") :].split("\n\n")[0]
    assert max(map(len, table.splitlines())) <= width
    assert "more" in table.split()


def test_a_name_and_its_number_stay_on_one_line(workspace: Workspace) -> None:
    table = render(TextStyle(width=80))
    assert all(item in table for item in ("BSD-3-Clause 2", "Zlib 1", "python 8"))


def test_colours_change_no_letter(workspace: Workspace) -> None:
    import re

    flags = ("--exclude", "python", "--exclude", "numpy", "--require", "numpy")
    painted = render(TextStyle(colors=True), *flags)
    assert "\x1b[31m" in painted
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == render(TextStyle(), *flags)


def test_exclusions_are_a_tree(workspace: Workspace) -> None:
    lines = render(TextStyle(), "--exclude", "python").splitlines()
    start = lines.index("Exclusions")
    assert lines[start + 1 : start + 4] == [
        "  python (linux-64)",
        "  \u251c\u2500 libz also removed: nothing else needs it",
        "  \u2514\u2500 hello still needs python",
    ]


def test_a_tree_can_be_drawn_in_ascii(workspace: Workspace) -> None:
    text = render(TextStyle(unicode=False), "--exclude", "python")
    assert text.partition("Exclusions")[2].isascii()  # further up there are paths
    assert "  |- libz also removed" in text
    assert "  `- hello still needs python" in text


def test_what_stays_says_who_keeps_it(workspace: Workspace) -> None:
    text = render(TextStyle(), "--exclude", "hello")
    assert "python stays: the workspace asks for it" in text


def test_platforms_with_the_same_exclusion_share_a_tree(tmp_path: Path, channel: Channel) -> None:
    made = make_workspace(tmp_path / "w", channel)
    made.environments["ship"]["linux-64-cuda"] = list(channel.records)
    text = render(TextStyle(), "--root", str(made.write()), "--exclude", "python")
    assert "  python (linux-64, linux-64-cuda)" in text
    assert text.count("libz also removed") == 1


def test_problems_come_with_hints_before_the_verdict(workspace: Workspace) -> None:
    text = render(TextStyle(), "--require", "numpy", "--exclude", "hallo")
    problems = text[text.index("Problems") :]
    assert "  error: linux-64: " in problems
    assert "  warning: 'exclude' names 'hallo'" in problems
    assert "    hint: did you mean 'hello'?" in problems
    assert text.endswith("\n\nCannot ship: one error.")


def test_shipped_bytecode_is_priced_in_words(workspace: Workspace) -> None:
    assert "Shipped bytecode adds about " in render(TextStyle(), "--bytecode", "shipped")


def test_a_platform_without_packages_is_a_row_of_the_table(tmp_path: Path, channel: Channel) -> None:
    made = make_workspace(tmp_path / "w", channel)
    made.environments["ship"] = {"linux-64": [], "linux-aarch64": [channel.add("tool", {}, subdir="linux-aarch64")]}
    made.specs = ()
    rows = [line.split() for line in render(TextStyle(width=80), "--root", str(made.write())).splitlines()]
    assert ["linux-64", "0", "0", "B"] in rows


@pytest.mark.parametrize("known", [(), ("linux-64",), ("linux-64", "linux-64-cuda")])
def test_ready_is_said_only_when_the_delegate_is_known_everywhere(
    known: tuple[str, ...], tmp_path: Path, channel: Channel
) -> None:
    made = make_workspace(tmp_path / "w", channel)
    made.environments["ship"]["linux-64-cuda"] = list(channel.records)
    derivation = derive_project(inspect_options("--root", str(made.write())), strict=False)
    checks = tuple(DelegateCheck(platform=name, checked=True, found="bin/python") for name in known)
    inspection = replace(inspect_derivation(derivation, platform=None), delegate_checks=checks)
    text = "\n".join(map(TextStyle().render, render_inspection(inspection, TextStyle())))
    assert text.endswith("\n\nReady to ship.") == (len(known) == 2)
    where = {0: "not checked.\n", 1: "not checked on linux-64-cuda.\n", 2: "The delegate on linux-64-cuda is"}
    assert where[len(known)] in text
