"""The inspection as text."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cli_samples import Channel, Cs, Workspace, inspect_options, make_workspace
from cs_cli.inspection.report import render_inspection
from cs_cli.inspection.summary import DelegateCheck, inspect_derivation
from cs_cli.project.derivation import derive_project
from cs_cli.terminal.lines import Block
from terminals import COLORS, run_at_terminal, show, to_plain


def render(*flags: str, unicode: bool = True) -> str:
    """Return what a pipe gets."""
    return "\n".join(to_plain(inspect(*flags, unicode=unicode)))


def inspect(*flags: str, unicode: bool = True) -> list[Block]:
    derivation = derive_project(inspect_options(*flags), strict=False)
    return render_inspection(inspect_derivation(derivation, platform=None), unicode=unicode)


def render_at_terminal(*flags: str) -> str:
    return show(*inspect(*flags))


def test_a_pipe_gets_one_line_a_platform(workspace: Workspace) -> None:
    text = render()
    (row,) = [line for line in text.splitlines() if line.startswith("linux-64")]
    assert row.split()[:2] == ["linux-64", "3"]
    assert "python " in row
    assert row.endswith("BSD-3-Clause 2, Zlib 1")
    assert "\n\nNo problems found, but the delegate was not checked.\n" in text
    assert "\x1b" not in text


def find_table(text: str) -> list[str]:
    text = COLORS.sub("", text)
    return text[text.index("Platform") :].split("\n\n")[0].splitlines()


@pytest.mark.parametrize("width", [50, 80, 100, 200])
def test_the_table_keeps_to_the_width(
    width: int, tmp_path: Path, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        channel.add(f"a-package-of-a-long-name-{number}", {"x": bytes(100 * number)}, license=f"LicenseRef-{number}")
    root = make_workspace(tmp_path / "w", channel).write()
    monkeypatch.setenv("COLUMNS", str(width))
    table = find_table(render_at_terminal("--root", str(root)))
    assert max(map(len, table)) <= width
    assert "more" in " ".join(table).split()


@pytest.mark.parametrize("width", [50, 80, 200])
def test_a_name_and_its_number_stay_on_one_line(
    width: int, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    text = render_at_terminal()
    assert all(item in text for item in ("BSD-3-Clause 2", "Zlib 1", "python 8"))


@pytest.mark.parametrize("width", [50, 80])
def test_paths_can_be_copied_at_any_width(width: int, tmp_path: Path, channel: Channel, cs: Cs) -> None:
    root = make_workspace(tmp_path / "a name of several words, and a long one " / ("x" * 60), channel).write()
    written = run_at_terminal(
        [sys.executable, "-m", "cs_cli", "inspect", "--root", str(root)], width, {"TERM": "xterm"}
    )
    assert str(root / "conda.toml") in written
    assert str(root / "conda.lock") in written


def test_a_terminal_and_a_pipe_show_the_same_words(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    flags = ("--exclude", "python", "--exclude", "numpy", "--require", "numpy")
    painted = render_at_terminal(*flags)
    assert "\x1b[31m" in painted
    assert [line.rstrip() for line in COLORS.sub("", painted).splitlines()] == render(*flags).splitlines()


def test_what_the_packages_need_is_said_once_for_platforms_that_need_the_same(
    workspace: Workspace, channel: Channel
) -> None:
    old = channel.add("old", {}, "__glibc >=2.17")
    new = channel.add("new", {}, "__glibc >=2.28", constrains=["__cuda >=12", "__conda >=23"])
    records = [*workspace.environments["ship"]["linux-64"], old, new]
    workspace.environments["ship"] = {"linux-64": records, "linux-64-cuda": records, "linux-aarch64": records}
    workspace.write()
    text = render()
    where = "linux-64, linux-64-cuda, linux-aarch64"
    assert f"Needs __glibc >=2.28 (new), __cuda >=12, if present (new) on {where}.\n" in text
    assert f"Not checked by the runtime: __conda >=23, if present (new) on {where}." in text


def test_exclusions_are_a_tree(workspace: Workspace) -> None:
    lines = render("--exclude", "python").splitlines()
    start = lines.index("Exclusions")
    assert lines[start + 1 : start + 4] == [
        "  python (linux-64)",
        "  \u251c\u2500 libz also removed: nothing else needs it",
        "  \u2514\u2500 hello still needs python",
    ]


def test_a_tree_can_be_drawn_in_ascii(workspace: Workspace) -> None:
    text = render("--exclude", "python", unicode=False)
    assert text.partition("Exclusions")[2].isascii()  # further up there are paths
    assert "  |- libz also removed" in text
    assert "  `- hello still needs python" in text


def test_what_stays_says_who_keeps_it(workspace: Workspace) -> None:
    text = render("--exclude", "hello")
    assert "python stays: the workspace asks for it" in text


def test_platforms_with_the_same_exclusion_share_a_tree(tmp_path: Path, channel: Channel) -> None:
    made = make_workspace(tmp_path / "w", channel)
    made.environments["ship"]["linux-64-cuda"] = list(channel.records)
    text = render("--root", str(made.write()), "--exclude", "python")
    assert "  python (linux-64, linux-64-cuda)" in text
    assert text.count("libz also removed") == 1


def test_problems_come_with_hints_before_the_verdict(workspace: Workspace) -> None:
    text = render("--require", "numpy", "--exclude", "hallo")
    problems = text[text.index("Problems") :]
    assert "  error: linux-64: " in problems
    assert "  warning: 'exclude' names 'hallo'" in problems
    assert "    hint: did you mean 'hello'?" in problems
    assert text.endswith("\n\nCannot ship: one error.")


def test_shipped_bytecode_is_priced_in_words(workspace: Workspace) -> None:
    assert "Shipped bytecode adds about " in render("--bytecode", "shipped")


def test_a_platform_without_packages_is_a_row_of_the_table(tmp_path: Path, channel: Channel) -> None:
    made = make_workspace(tmp_path / "w", channel)
    made.environments["ship"] = {"linux-64": [], "linux-aarch64": [channel.add("tool", {}, subdir="linux-aarch64")]}
    made.specs = ()
    rows = [line.split() for line in render("--root", str(made.write())).splitlines()]
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
    text = "\n".join(to_plain(render_inspection(inspection, unicode=True)))
    assert text.endswith("\n\nReady to ship.") == (len(known) == 2)
    where = {0: "not checked.\n", 1: "not checked on linux-64-cuda.\n", 2: "The delegate on linux-64-cuda is"}
    assert where[len(known)] in text
