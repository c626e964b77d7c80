"""The kinds of errors are a contract: one page of the reference has a section for every one of them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from cs_cli.error_text import page_of
from cs_cli.errors import EXPLAINED

PACKAGES = Path(__file__).parents[2]
PAGE = PACKAGES.parent / "docs" / "reference" / "errors.md"
KIND = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
NO_KINDS = {"conda", "pypi", "wheel", "file", "folder", "git", "sdist", "bundle", "stamp", "template"}
"""What ``kind`` says of other things (packages, files, sources), and what only base classes have."""
MAKERS = ("fail", "_fail", "make_problem", "error", "_error")


def find_kinds(tree: ast.AST) -> Iterator[str]:
    """Yield the kinds that errors are made with, and those that classes of errors have."""
    for node in ast.walk(tree):
        found: list[ast.expr] = []
        if isinstance(node, ast.Call):
            found = [keyword.value for keyword in node.keywords if keyword.arg == "kind"]
            if _name_of(node.func) in MAKERS:
                found += [one for one in node.args if isinstance(one, ast.Constant) and "-" in str(one.value)]
        elif isinstance(node, ast.ClassDef) and node.name.endswith("Error"):
            assigned = [one for one in node.body if isinstance(one, (ast.Assign, ast.AnnAssign))]
            found = [one.value for one in assigned if one.value and "kind" in ast.unparse(one).partition("=")[0]]
        for value in found:
            if isinstance(value, ast.Constant) and isinstance(value.value, str) and KIND.fullmatch(value.value):
                yield value.value


def _name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def list_kinds() -> set[str]:
    """List every kind that the sources name."""
    sources = PACKAGES.glob("*/src/*/**/*.py")
    found = {kind for path in sources for kind in find_kinds(ast.parse(path.read_text(encoding="utf-8")))}
    return found - NO_KINDS


def read_sections() -> dict[str, str]:
    """Return what the page says about each kind."""
    parts = re.split(r"^### (.+)$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_kind_has_a_section_of_its_own() -> None:
    kinds = list_kinds()
    assert {
        "usage",
        "redirect",
        "stale-lock",
        "key-missing",
        "cannot-read",
        "missing-sha256",
        "ended-by-signal",
    } <= kinds
    assert sorted(kinds - set(read_sections())) == []


def test_every_section_says_something_and_appears_once() -> None:
    text = PAGE.read_text(encoding="utf-8")
    headings = re.findall(r"^### (.+)$", text, flags=re.MULTILINE)
    assert len(headings) == len(set(headings))
    assert [kind for kind in headings if not KIND.fullmatch(kind)] == []
    assert [kind for kind, section in read_sections().items() if len(section.strip()) < 20] == []


def test_no_section_is_about_a_kind_that_nothing_raises() -> None:
    words = "".join(path.read_text(encoding="utf-8") for path in PACKAGES.glob("*/src/*/**/*.py"))
    composed = {"stale-platforms", "stale-channels", "size-mismatch"}
    known = {kind for kind in read_sections() if f'"{kind}"' in words}
    assert set(read_sections()) - known - composed == set()


def test_errors_link_to_the_sections_that_say_what_to_do() -> None:
    helping = {kind for kind, section in read_sections().items() if "\nWhat to do:\n" in section}
    assert helping == set(EXPLAINED)
    assert page_of("network") == "https://conda-ship.github.io/conda-ship/reference/errors/#network"
    assert page_of("usage") is None
