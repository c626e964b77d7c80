"""What the reference lists is what the sources have."""

from __future__ import annotations

import dataclasses
import importlib
import re

import pytest

from cs_lock import Exclusion, PackageRecord, Problem
from cs_stamp import Header
from cs_stamp._launch import _CONDA_WORDS, _KEPT_OPTIONS, _KEPT_WORDS
from cs_stamp._layout import MARK_CANDIDATES_LIMIT
from support.pages import ROOT, read_page

PAGES = ("docs/reference/cs.md", "docs/reference/runtime.md", "docs/reference/environment-variables.md")
SOURCES = ("packages/*/src/**/*.py", "templates/cs-template/src/**/*.rs", "templates/cs-template/crates/*/src/**/*.rs")
SUFFIX = re.compile(r'value\("([A-Z_]+)"\)')
STAMP, LOCK, LIFECYCLE = (
    f"docs/{page}.md" for page in ("reference/stamp-format", "reference/runtime-lock", "explanation/prefix-lifecycle")
)


def read_section(page: str, heading: str) -> str:
    """Return what follows a heading, up to the next one of its kind."""
    level = heading.partition(" ")[0]
    _, _, rest = read_page(page).partition(f"\n{heading}\n")
    return rest.partition(f"\n{level} ")[0]


def list_rows(text: str) -> list[str]:
    """Return the names in the first column of tables, in their order."""
    firsts = (line.split("|")[1] for line in text.splitlines() if line.startswith("| "))
    return [name for first in firsts for name in re.findall(r"`([^`]+)`", first)]


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


def test_the_page_of_the_stamp_lists_the_header() -> None:
    names = [field.name for field in dataclasses.fields(Header)]
    assert list_rows(read_section(STAMP, "## header")) == ["schema_version", *names]


def test_the_page_of_the_stamp_lists_the_words_of_the_launch_part() -> None:
    (listed,) = re.findall(r"String 5 has, in this order: (.*?) follow\.", read_page(STAMP), re.DOTALL)
    words, _, conda = listed.partition("Where the delegate's file is ")
    assert re.findall(r"`([^`]+)`", words) == [*_KEPT_WORDS, *_KEPT_OPTIONS]
    assert re.findall(r"`([^`]+)`", conda)[-len(_CONDA_WORDS) :] == [*_CONDA_WORDS]


def test_the_page_of_the_stamp_says_how_many_marks_are_looked_at() -> None:
    assert f"the magic more than {MARK_CANDIDATES_LIMIT:,}\ntimes" in read_page(STAMP)


@pytest.mark.parametrize("page", [STAMP, LOCK])
def test_pages_name_the_channel_of_local_archives(page: str) -> None:
    record = PackageRecord(
        name="name",
        version="1",
        build="0",
        build_number=0,
        subdir="SUBDIR",
        url="./FILE",
        location="FILE",
        channel=None,
        file_name="FILE",
        sha256="",
    ).to_record_json()
    named = set(re.findall(r"`(file:///local[^`]*)`", read_page(page)))
    assert named == {record["url"], record["channel"]}


def test_the_page_of_the_lock_lists_what_an_exclusion_and_a_problem_have() -> None:
    assert list_rows(read_section(LOCK, "## Which packages ship")) == [
        field.name for field in dataclasses.fields(Exclusion)
    ]
    (listed,) = re.findall(r"Each has (.*?)\. A problem", read_page(LOCK), re.DOTALL)
    names = {name for name in re.findall(r"`([a-z]+)`", listed) if name != "null"}
    assert names == set(Problem(kind="kind", message="message").to_dict())


def test_the_page_of_the_prefix_names_everything_that_may_be_next_to_one() -> None:
    names = ROOT / "templates" / "cs-template" / "crates" / "cs-prefix" / "src" / "names.rs"
    text = names.read_text(encoding="utf-8")
    (reserved,) = re.findall(r"const SUFFIXES: \[&str; \d\] = \[(.*?)\];", text, re.DOTALL)
    suffixes = [*re.findall(r'"([^"]+)"', reserved), ".removed", ".staging.lock"]
    assert {f"~/.conda/.demo{suffix}" for suffix in suffixes} <= set(list_rows(read_section(LIFECYCLE, "## Names")))
    (refused,) = re.findall(r"starts with a dot and ends in\n(.*?) \(77\)", read_page(LIFECYCLE), re.DOTALL)
    assert {*suffixes} - {".staging.lock"} <= set(re.findall(r"`([^`]+)`", refused))
