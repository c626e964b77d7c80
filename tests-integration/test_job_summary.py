"""The summary that the GitHub Action writes: what it compares, and that no value of a lock is more than text."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from html import escape
from pathlib import Path

import pytest
from action_text import CELL_LIMIT, escape_markdown, show
from hypothesis import example, given
from hypothesis import strategies as st
from job_summary import READ_LIMIT_BYTES, compare, format_bytes, parse_packages, render_table, write_summary
from markdown_it import MarkdownIt

SCRIPT = Path(__file__).parents[1] / ".github" / "action" / "run.py"
MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
FAKE_GH = """#!{python}
import json, os, sys
from pathlib import Path

words = sys.argv[1:]
Path(os.environ["RECORD"]).write_text(json.dumps(words))
if words[-1] == "v0":
    sys.exit("release not found")
folder = Path(next(word for word in words if word.startswith("--dir=")).removeprefix("--dir="))
(folder / "demo.packages.txt").write_text("python\\t3.12\\th0\\thttps://x/python.conda\\taa\\n")
"""


def write_build(directory: Path, packages: str, *, size: int = 1_000_000, version: str = "2") -> Path:
    """Write what the summary reads of a build; return the path of its metadata."""
    directory.mkdir(exist_ok=True)
    (directory / "demo.packages.txt").write_text(packages, encoding="utf-8")
    info = {"artifact_name": "demo", "runtime_version": version, "platform": "linux-64", "layout": "embedded"}
    files = [{"role": "runtime", "name": "demo", "size_bytes": size}]
    path = directory / "demo.info.json"
    path.write_text(json.dumps({**info, "identity": "ab", "files": files}))
    return path


def summarize(info: Path, compare_with: str = "") -> tuple[str, list[str]]:
    """Write a summary; return it and the notes."""
    output = info.parent / "summary.md"
    output.unlink(missing_ok=True)
    notes = write_summary([info], compare_with, output)
    return output.read_text(encoding="utf-8"), notes


OLD = "click\t8\tpy3\thttps://x/click.whl\tc1\nold\t1\th0\thttps://x/old.conda\to1\npython\t3.12\th0\thttps://x/p.conda\tp1\n"
NEW = "click\t8\tpy3\thttps://x/click.whl\tc2\nnew\t1\th0\thttps://x/new.conda\tn1\npython\t3.13\th1\thttps://x/p.conda\tp2\n"


def test_packages_that_came_went_or_changed_are_listed_and_other_bytes_are_marked() -> None:
    assert list(compare(parse_packages(OLD), parse_packages(NEW))) == [
        ("click", "8 py3", "same version, other bytes: 8 py3"),
        ("new", "", "1 h0"),
        ("old", "1 h0", ""),
        ("python", "3.12 h0", "3.13 h1"),
    ]


def test_a_wheel_does_not_stand_for_a_conda_package_of_its_name() -> None:
    wheel, conda = "x\t1\tpy3\thttps://x/x.whl\ta\n", "x\t1\th0\thttps://x/x.conda\tb\n"
    assert list(compare(parse_packages(wheel), parse_packages(conda))) == [("x", "", "1 h0"), ("x", "1 py3", "")]


@pytest.mark.parametrize("named", ["folder", "packages", "info"])
def test_the_summary_compares_with_a_path(tmp_path: Path, named: str) -> None:
    old = write_build(tmp_path / "old", OLD, size=800_000, version="1")
    new = write_build(tmp_path / "new", NEW)
    paths = {"folder": old.parent, "packages": old.with_name("demo.packages.txt"), "info": old}
    text, notes = summarize(new, str(paths[named]))
    assert notes == []
    assert text.startswith("## demo 2 for linux-64\n\n3 packages (1 wheels), layout embedded, identity ab\n")
    assert "| demo | 1.0 MB | +200.0 kB |" in text
    assert "### 4 packages differ from " in text
    assert "| python | 3.12 h0 | 3.13 h1 |" in text
    assert "<details><summary>All 3 packages</summary>\n\n| package |" in text


def test_without_a_release_to_compare_with_only_the_build_is_shown(tmp_path: Path) -> None:
    text, notes = summarize(write_build(tmp_path / "new", NEW))
    assert notes == []
    assert "differ" not in text
    assert "| demo | 1.0 MB |  |" in text


@pytest.mark.parametrize(("tag", "words"), [("v1", ["--", "v1"]), ("--repo=x", ["--", "--repo=x"]), ("latest", [])])
def test_a_tag_is_downloaded_with_gh(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tag: str, words: list[str]
) -> None:
    (tmp_path / "gh").write_text(FAKE_GH.format(python=sys.executable))
    (tmp_path / "gh").chmod(0o755)
    settings = {"PATH": str(tmp_path), "RECORD": str(tmp_path / "record"), "GITHUB_REPOSITORY": "me/demo"}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    text, notes = summarize(write_build(tmp_path / "new", NEW), tag)
    asked = json.loads((tmp_path / "record").read_text())
    patterns = ["--pattern=demo.packages.txt", "--pattern=demo.info.json"]
    assert [word for word in asked if not word.startswith("--dir=")] == [
        *("release", "download", "--repo=me/demo", *patterns),
        *words,
    ]
    assert notes == []
    assert "### 3 packages differ from " in text
    _, notes = summarize(tmp_path / "new" / "demo.info.json", "v0")
    assert notes == ["no comparison with v0: release not found"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("demo.packages.txt", b"one\ttwo\n", "line 1 of the package list does not have five fields"),
        ("demo.packages.txt", b"\xff", "can't decode"),
        ("demo.packages.txt", b"\t\t\t\t\n" * (READ_LIMIT_BYTES // 5 + 1), "has more than 16000000 bytes"),
        ("demo.info.json", b"[]", "is not a JSON object"),
        ("demo.info.json", b'{"files": [1]}', "not subscriptable"),
    ],
)
def test_an_earlier_release_that_cannot_be_read_is_reported(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    old, new = write_build(tmp_path / "old", OLD).parent, write_build(tmp_path / "new", NEW)
    (old / name).write_bytes(content)
    text, (note,) = summarize(new, str(old))
    assert message in note
    assert "differ" not in text


def test_a_lock_with_very_many_packages_gives_a_summary_that_github_takes(tmp_path: Path) -> None:
    lines = "".join(f"{'|' * 90}{number}\t1\tb\thttps://x/{number}.conda\tff\n" for number in range(20_000))
    text, _ = summarize(write_build(tmp_path / "new", lines), str(write_build(tmp_path / "old", OLD).parent))
    assert len(text.encode()) < 1024 * 1024
    assert text.count(" more are not shown.") == 2


@given(st.text())
@example("<img src=x>")
@example("**a** _a_ ~~a~~ `a` [a](https://x) ![a](x)")
@example("a|b\\|c\n# d\r\n|-|")
def test_a_value_stays_text_in_a_table_whatever_it_contains(value: str) -> None:
    html = MARKDOWN.render(render_table(("title",), [(value,)], 10_000))
    expected = show(value if len(value) <= CELL_LIMIT else value[: CELL_LIMIT - 1] + "…").strip(" ")
    assert re.findall(r"(?s)<td>(.*)</td>", html) == [escape(expected, quote=True).replace("&#x27;", "'")]


@pytest.mark.parametrize("value", ["https://x.org", "www.x.org", "WWW.x.org", "@me", "#1", "me@x.org"])
def test_github_finds_nothing_to_link(value: str) -> None:
    assert not re.search(r"://|(?i:www\.)|[@]|(?<!&)#", escape_markdown(value))


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (-1_500_000, "-1.5 MB"), (2 * 10**12, "2,000.0 GB")],
)
def test_sizes_have_decimal_units(count: int, text: str) -> None:
    assert format_bytes(count) == text


def test_the_step_writes_the_summary_and_notes_what_is_missing(tmp_path: Path) -> None:
    info = write_build(tmp_path / "new", NEW)
    variables = {
        "PATH": "/nonexistent",
        "RUNNER_TEMP": str(tmp_path),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GITHUB_REPOSITORY": "me/demo",
        "ACTION_INPUTS": '{"compare-with": "v1"}',
        "INFO_PATHS": f"{info}\n{info}",
    }
    command = [sys.executable, str(SCRIPT), "summary"]
    done = subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("::notice::no comparison with v1: ")
    assert (tmp_path / "summary.md").read_text().count("## demo 2 for linux-64") == 2
