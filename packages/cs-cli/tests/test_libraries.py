"""What the libraries know of ``cs``: nothing."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PACKAGES = Path(__file__).parents[2]
LIBRARIES = ("cs-bundle", "cs-lock", "cs-manifest", "cs-stamp")
FLAG = re.compile(r"--(?!help\b)[a-z]{2}[a-z-]*|exit (?:code|status)|exit_(?:code|status)")
OF_THE_RUNTIME = {("launch.py", "--path"), ("launch.py", "--progress")}
"""A stamp holds the words that the runtime keeps for itself."""


def test_no_library_names_a_flag_or_an_exit_status() -> None:
    sources = [path for name in LIBRARIES for path in (PACKAGES / name).glob("src/*/**/*.py")]
    if not sources:
        pytest.skip("the libraries are not part of the package")
    found = {
        (path.name, words)
        for path in sources
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for words in FLAG.findall(node.value)
    }
    assert found == OF_THE_RUNTIME
