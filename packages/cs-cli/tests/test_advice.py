"""Only ``errors.py`` says what to do with the flags of ``cs``, and which exit status an error has."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import cs_cli
from cs_cli.commandline.table import load_commands

SOURCES = Path(cs_cli.__file__).parent
ALLOWED = ("errors.py",)
DESCRIPTIONS = ("commandline", "commands")
"""Packages that describe the flags themselves."""


def list_flags() -> set[str]:
    """List the flags of every command."""
    return {name for command in load_commands() for flag in command.flags for name in flag.names}


def list_texts(tree: ast.Module) -> list[str]:
    """List the texts of a module without its docstrings."""
    documented = [one.value for one in ast.walk(tree) if isinstance(one, ast.Expr)]
    constants = [one for one in ast.walk(tree) if isinstance(one, ast.Constant) and one not in documented]
    return [one.value for one in constants if isinstance(one.value, str)]


def names_flag(text: str, flags: set[str]) -> bool:
    """Tell whether a text has a flag in a sentence; a flag alone is a word to compare with or a key."""
    return text not in flags and any(word in flags for word in re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))


def find_faults(code: str, flags: set[str]) -> list[str]:
    """Find what only the table may have."""
    tree = ast.parse(code)
    found = [text for text in list_texts(tree) if names_flag(text, flags)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id.startswith("EXIT_"):
            found.append(node.id)
        if isinstance(node, ast.keyword) and node.arg == "exit_status":
            found.append(node.arg)
        if isinstance(node, ast.Attribute) and node.attr == "hint" and isinstance(node.ctx, ast.Store):
            found.append("hint")
    return found


def test_flags_in_advice_and_exit_statuses_are_in_one_table() -> None:
    flags = list_flags()
    assert {"--root", "--out-dir", "--cache-dir", "--platform", "--runtime"} <= flags
    paths = [
        path
        for path in SOURCES.rglob("*.py")
        if path.name not in ALLOWED and path.relative_to(SOURCES).parts[0] not in DESCRIPTIONS
    ]
    assert len(paths) > 30
    found = {path.name: find_faults(path.read_text(encoding="utf-8"), flags) for path in paths}
    # A command that reports what is wrong by itself, such as `cs inspect`, raises no error.
    assert {name: set(faults) for name, faults in found.items() if faults} == {"main.py": {"EXIT_FAILED"}}


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ('raise E("m", hint="use --root")', 1),
        ('raise E("m", hint=f"use {x} or --root")', 1),
        ('raise E("m", flag="--root")', 0),
        ('raise E("m", hint="use --rooting")', 0),
        ('def f():\n    """Read ``--root``."""', 0),
        ('raise E("m", exit_status=EXIT_USAGE)', 2),
        ('error.hint = "h"', 1),
        ("print(error.hint)", 0),
    ],
)
def test_the_law_finds_what_it_forbids(code: str, count: int) -> None:
    assert len(find_faults(code, {"--root"})) == count
