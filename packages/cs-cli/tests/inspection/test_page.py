"""The page of ``cs inspect --html`` as a document; ``tests-integration`` looks at it in a browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cli_samples import Channel, Cs, Workspace, inspect_options, make_workspace
from cs_cli.inspection.page.document import render_page
from cs_cli.inspection.page.values import describe_inspection
from cs_cli.inspection.summary import Inspection, inspect_derivation
from cs_cli.project.derivation import derive_project
from cs_cli.terminal.escaping import escape_line
from cs_cli.untrusted import parse_document
from cs_lock import Problem


def inspect(*flags: str) -> Inspection:
    derivation = derive_project(inspect_options(*flags), strict=False)
    return inspect_derivation(derivation, platform=None, wheel_licenses={}, lists_licenses=True)


class Page(HTMLParser):
    """A page as a browser reads it: its elements, and the text in those whose text is not markup."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.policy = ""
        self.texts: dict[str, list[str]] = {"script": [], "style": []}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        values = dict(attrs)
        if values.get("http-equiv") == "Content-Security-Policy":
            self.policy = values["content"] or ""
        if tag in self.texts:
            self.texts[tag].append("")

    def handle_data(self, data: str) -> None:
        if self.tags[-1:] and self.cdata_elem:
            self.texts[self.cdata_elem][-1] += data

    @property
    def data(self) -> Any:
        return parse_document(self.texts["script"][0].encode())


def test_the_data_of_the_page_is_what_is_described(workspace: Workspace) -> None:
    inspection = inspect("--exclude", "python")
    page = Page(render_page(inspection))
    assert page.data == json.loads(json.dumps(describe_inspection(inspection)))
    assert [one["name"] for one in page.data["platforms"][0]["packages"]] == ["hello"]
    assert page.data["platforms"][0]["exclusions"][0]["broken"] == [{"package": "hello", "dependency": "python"}]


def test_packages_name_what_they_need_and_who_brings_them(workspace: Workspace) -> None:
    packages = describe_inspection(inspect())["platforms"][0]["packages"]
    at = {one["name"]: place for place, one in enumerate(packages)}
    hello, python, libz = (packages[at[name]] for name in ("hello", "python", "libz"))
    assert hello["needs"] == [at["python"]]
    assert hello["is_requested"] is True
    assert hello["kind"] == "noarch"
    assert libz["owner"] == at["python"]
    assert "is_requested" not in libz
    assert "owner" not in python
    assert python["kind"] == "conda"


def test_nothing_but_its_own_script_and_style_has_an_effect(workspace: Workspace) -> None:
    page = Page(render_page(inspect()))
    policy = dict(part.strip().split(" ", 1) for part in page.policy.split(";"))
    (style,), (_, script) = page.texts["style"], page.texts["script"]
    assert policy["default-src"] == "'none'"
    for directive, text in (("script-src", script), ("style-src", style)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert policy[directive] == f"'sha256-{digest}'"
    assert "unsafe" not in page.policy
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|Function\(", script)
    assert not re.search(r"https?://", style + script)


TEXTS = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            "</script><img src=x onerror=alert(1)>",
            "<!--<script>",
            "]]>&lt;&amp;",
            "@DATA@",
            "\u202egnp.exe",
            "\u2028\u2029\x00\x1b[31m",
            "\\u003c",
            "\ud800",
        ]
    ),
)


@pytest.fixture
def inspection(workspace: Workspace) -> Inspection:
    """An inspection with every text that a lock may hold."""
    return inspect("--exclude", "libz")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(text=TEXTS)
def test_no_text_of_a_lock_becomes_markup(inspection: Inspection, text: str) -> None:
    platform = inspection.platforms[0]
    assert platform.license_groups is not None
    groups = tuple(replace(one, label=text) for one in platform.license_groups)
    packages = tuple(replace(one, license=text, build=text) for one in platform.packages)
    problem = Problem(kind="x", severity="warning", message=text, hint=text)
    changed = replace(
        inspection,
        platforms=(replace(platform, name=text, packages=packages, license_groups=groups),),
        problems=(problem,),
    )
    page, plain = Page(render_page(changed)), Page(render_page(inspection))
    assert page.tags == plain.tags
    assert page.policy == plain.policy
    assert page.texts["style"] == plain.texts["style"]
    assert page.texts["script"][1:] == plain.texts["script"][1:]
    assert page.data["problems"][0]["message"] == escape_line(text) or "/" in text or "\\" in text


def test_what_turns_the_direction_of_writing_is_shown_as_an_escape(workspace: Workspace) -> None:
    inspection = inspect()
    problem = Problem(kind="x", severity="warning", message="a \u202egnp.exe")
    shown = Page(render_page(replace(inspection, problems=(problem,)))).data
    assert shown["problems"][0]["message"] == "a \\u202egnp.exe"


def test_credentials_are_masked(tmp_path: Path, channel: Channel) -> None:
    made = make_workspace(tmp_path / "w", channel)
    for record in channel.records:
        record["license"] = "see https://user:secret@example.com/license"
    text = render_page(inspect("--root", str(made.write())))
    assert "secret" not in text
    assert "***@example.com" in text


def test_the_same_input_gives_the_same_page_wherever_it_is(tmp_path: Path, channel: Channel) -> None:
    pages = [
        render_page(inspect("--root", str(make_workspace(tmp_path / name, channel).write()))) for name in ("a", "b/c")
    ]
    assert pages[0] == pages[1]


def test_the_command_writes_the_page_and_says_so(workspace: Workspace, cs: Cs, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("an older one")
    outcome = cs("inspect", "--html", str(page))
    assert outcome.status == 0
    assert re.fullmatch(rf"Wrote {re.escape(str(page))} \([0-9.]+ kB\)\.\n", outcome.out)
    assert Page(page.read_text(encoding="utf-8")).data["facts"]["runtime"] == "demo"
    assert list(tmp_path.glob(".*")) == []


def test_the_command_counts_the_problems(workspace: Workspace, cs: Cs, tmp_path: Path) -> None:
    outcome = cs("inspect", "--html", str(tmp_path / "page.html"), "--require", "numpy", "--exclude", "hallo")
    assert outcome.status == 1
    assert outcome.out.endswith("): one error and one warning.\n")


def test_the_page_and_the_document_can_be_had_at_once(workspace: Workspace, cs: Cs, tmp_path: Path) -> None:
    outcome = cs("inspect", "--html", str(tmp_path / "page.html"), "--json")
    assert json.loads(outcome.out)["can_ship"] is True
    assert (tmp_path / "page.html").exists()


@pytest.mark.parametrize("name", ["conda.toml", "conda.lock"])
def test_an_input_is_never_overwritten(workspace: Workspace, cs: Cs, name: str) -> None:
    path = workspace.directory / name
    before = path.read_bytes()
    outcome = cs("inspect", "--html", str(path), "--error-format", "json")
    assert outcome.status == 1
    assert json.loads(outcome.err)["kind"] == "output-is-input"
    assert path.read_bytes() == before


@pytest.mark.parametrize("place", ["missing/page.html", "."])
def test_a_place_that_cannot_be_written_to_is_named(workspace: Workspace, cs: Cs, tmp_path: Path, place: str) -> None:
    outcome = cs("inspect", "--html", str(tmp_path / place), "--error-format", "json")
    error = json.loads(outcome.err)
    assert (error["kind"], error["path"]) == ("cannot-write", str(tmp_path / place))
    assert "--html" in error["hint"]


def test_problems_of_several_platforms_are_listed_once(tmp_path: Path, channel: Channel) -> None:
    made = make_workspace(tmp_path / "w", channel)
    made.environments["ship"]["linux-64-cuda"] = list(channel.records)
    problems = describe_inspection(inspect("--root", str(made.write()), "--exclude", "python"))["problems"]
    messages = [one["message"] for one in problems]
    assert len(messages) == len(set(messages)) > 0
    assert all(one["platforms"] == ["linux-64", "linux-64-cuda"] for one in problems)
