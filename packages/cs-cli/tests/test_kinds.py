"""The kinds of errors are a contract: the reference pages name every one of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGES = Path(__file__).parents[2]
REFERENCE = PACKAGES.parent / "docs" / "reference"
KIND = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def find_kinds(tree: ast.AST) -> Iterator[str]:
    """Yield the kinds that errors are made with, and those that classes of errors have."""
    for node in ast.walk(tree):
        found: list[ast.expr] = []
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else ""
            if name.endswith(("Error", "Problem", "_error")):
                found = [keyword.value for keyword in node.keywords if keyword.arg == "kind"]
        elif isinstance(node, ast.ClassDef) and node.name.endswith("Error"):
            assigned = [one for one in node.body if isinstance(one, ast.Assign)]
            found = [one.value for one in assigned if ast.unparse(one.targets[0]) == "kind"]
        for value in found:
            if isinstance(value, ast.Constant) and isinstance(value.value, str) and KIND.fullmatch(value.value):
                yield value.value


def test_every_kind_is_in_the_reference() -> None:
    kinds = {
        kind
        for path in PACKAGES.glob("cs-*/src/*/**/*.py")
        for kind in find_kinds(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert {"usage", "redirect", "stale-lock", "key-missing", "cannot-read", "missing-sha256"} <= kinds
    text = "".join(page.read_text(encoding="utf-8") for page in REFERENCE.glob("*.md"))
    assert sorted(kind for kind in kinds if f"`{kind}`" not in text) == []
