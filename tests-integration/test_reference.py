"""What the reference lists is what the sources have."""

from __future__ import annotations

import importlib
import re

import pytest

from support.pages import ROOT, read_page

PAGES = ("docs/reference/cs.md", "docs/reference/runtime.md", "docs/reference/environment-variables.md")
SOURCES = ("packages/*/src/**/*.py", "templates/cs-template/src/**/*.rs", "templates/cs-template/crates/*/src/**/*.rs")
SUFFIX = re.compile(r'value\("([A-Z_]+)"\)')


def test_every_variable_that_is_read_is_documented() -> None:
    text = "".join(path.read_text(encoding="utf-8") for pattern in SOURCES for path in ROOT.glob(pattern))
    variables = ROOT / "templates" / "cs-template" / "src" / "cli" / "variables.rs"
    suffixes = {f"DEMO_{suffix}" for suffix in SUFFIX.findall(variables.read_text(encoding="utf-8"))}
    read = {*re.findall(r"\bCONDA_SHIP_[A-Z]+(?:_[A-Z]+)*\b", text), *suffixes}
    assert len(suffixes) > 3
    documented = set(re.findall(r"`(\w+)`", "".join(map(read_page, PAGES))))
    assert read - documented == set()


def test_every_schema_is_listed() -> None:
    schemas = {path.name for path in ROOT.glob("packages/cs-cli/src/cs_cli/schemas/*.schema.json")}
    assert set(re.findall(r"/reference/([a-z]+\.schema\.json)\)", read_page("docs/reference/schemas.md"))) == schemas


@pytest.mark.parametrize("name", ["cs-bundle", "cs-stamp"])
def test_the_page_of_a_library_lists_all_that_is_public(name: str) -> None:
    """These two import lazily, which the generator cannot see; of the others it reads ``__all__``."""
    listed = re.findall(r"^ {8}- (\w+)$", read_page(f"docs/reference/api/{name}.md"), re.MULTILINE)
    assert listed == list(importlib.import_module(name.replace("-", "_")).__all__)
