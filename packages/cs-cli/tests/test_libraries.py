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


@pytest.mark.parametrize("name", [*LIBRARIES, "cs-cli", "conda-ship-plugin"])
def test_a_package_imports_itself_relatively(name: str) -> None:
    package = name.replace("-", "_")
    found = [
        f"{path.name}:{node.lineno}"
        for path in (PACKAGES / name).glob("src/*/**/*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level == 0 and (node.module or "").split(".")[0] == package
    ]
    assert [place for place in found if not place.startswith("__main__.py")] == []


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_library_imports_no_other(name: str) -> None:
    others = {other.replace("-", "_") for other in (*LIBRARIES, "cs-cli") if other != name}
    imported = {
        module.split(".")[0]
        for path in (PACKAGES / name).glob("src/*/**/*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for module in (
            [one.name for one in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom) and node.level == 0
            else []
        )
    }
    assert imported & others == set()
