"""What has changed since an earlier build."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from cli_samples import Channel, Cs, Workspace, make_workspace
from cs_cli.inspection.changes import render_changes, render_markdown
from cs_cli.inspection.diff import KINDS, Comparison, compare_packages
from cs_cli.inspection.earlier import EarlierPlatform, _pair
from cs_cli.inspection.packages import ListedPackage
from cs_cli.inspection.summary import PlatformSummary
from terminals import to_plain

OPPOSITE = {"added": "removed", "removed": "added", "changed": "changed"}


def make_package(number: int, version: str, build: str, size: int | None, kind: str = "conda") -> ListedPackage:
    assert kind in ("conda", "pypi")
    return ListedPackage(
        key=f"{kind}:p{number}",
        kind="pypi" if kind == "pypi" else "conda",
        name=f"p{number}",
        version=version,
        build=build,
        size_bytes=size,
        license=None,
        sha256=f"{number}-{version}-{build}".encode().hex(),
    )


PACKAGES = st.lists(
    st.builds(
        make_package,
        st.integers(0, 20),
        st.sampled_from(["1", "2"]),
        st.sampled_from(["a", "b"]),
        st.one_of(st.none(), st.integers(0, 10**9)),
        st.sampled_from(["conda", "pypi"]),
    ),
    unique_by=lambda one: one.key,
)


@given(PACKAGES)
def test_nothing_differs_from_itself(packages: list[ListedPackage]) -> None:
    found = compare_packages("linux-64", packages, reversed(packages))
    assert (found.changes, found.before_count, found.before_size_bytes) == (
        (),
        found.after_count,
        found.after_size_bytes,
    )


@given(PACKAGES, PACKAGES)
def test_the_other_way_round_everything_is_the_opposite(one: list[ListedPackage], two: list[ListedPackage]) -> None:
    there, back = compare_packages("p", one, two), compare_packages("p", two, one)
    assert {(x.package.key, OPPOSITE[x.kind], x.after, x.before) for x in there.changes} == {
        (x.package.key, x.kind, x.before, x.after) for x in back.changes
    }
    assert [there.count(kind) for kind in KINDS] == [back.count(kind) for kind in ("removed", "added", "changed")]
    for change in there.changes:
        (other,) = (x for x in back.changes if x.package.key == change.package.key)
        assert change.growth_bytes == (None if other.growth_bytes is None else -other.growth_bytes)


@given(PACKAGES, PACKAGES)
def test_the_changes_make_one_list_of_the_other(one: list[ListedPackage], two: list[ListedPackage]) -> None:
    changed = {package.key: package for package in one}
    for change in compare_packages("p", one, two).changes:
        if change.after is None:
            del changed[change.package.key]
        else:
            changed[change.package.key] = change.after
    assert {key: one.sha256 for key, one in changed.items()} == {one.key: one.sha256 for one in two}


@given(PACKAGES, PACKAGES)
def test_the_sizes_add_up(one: list[ListedPackage], two: list[ListedPackage]) -> None:
    found = compare_packages("p", one, two)
    growths = [change.growth_bytes for change in found.changes]
    if found.before_size_bytes is not None and found.after_size_bytes is not None:
        same = {x.key for x in one} & {x.key for x in two} - {x.package.key for x in found.changes}
        sizes = [{x.key: x.size_bytes or 0 for x in some} for some in (one, two)]
        kept = sum(sizes[1][key] - sizes[0][key] for key in same)
        assert sum(growth or 0 for growth in growths) + kept == found.after_size_bytes - found.before_size_bytes


@given(PACKAGES, PACKAGES)
def test_text_and_markdown_have_each_change_once(one: list[ListedPackage], two: list[ListedPackage]) -> None:
    found = compare_packages("linux-64", one, two)
    for text in (render_changes, render_markdown):
        lines = to_plain(text(Comparison(earlier="old", platforms=(found, found))))
        for change in found.changes:
            name = change.package.key if change.package.kind == "pypi" else change.package.name
            assert sum(bool(re.search(rf"(?<![\w:]){name}(?!\d)", line)) for line in lines) == 1


def show_in_markdown(version: str, earlier: str) -> list[str]:
    found = compare_packages("linux-64", [], [make_package(1, version, "a", None)])
    return to_plain(render_markdown(Comparison(earlier=earlier, platforms=(found, found))))


def read_markdown(lines: list[str]) -> list[list[str]]:
    """Parse Markdown; return the text of each paragraph and cell, and the kind of whatever is not text.

    A comment parts two texts; no text is a reference to a person or an issue, and no address is a link.
    """
    assert not re.search(r"(?<!\\)://|www\.", "".join(lines), re.IGNORECASE)
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    inline = [token.children or [] for token in parser.parse("\n".join(lines)) if token.type == "inline"]
    texts = [one.content for one in itertools.chain(*inline) if one.type == "text"]
    assert not [text for text in texts if re.search(r"[@#][^\W_]|\bGH-\d", text, re.IGNORECASE)]
    shown = [[one for one in tokens if one.content != "<!-- -->"] for tokens in inline]
    return [_join(tokens) for tokens in shown]


def _join(tokens: list[Token]) -> list[str]:
    """Return the texts, those next to each other as one, and the kinds of all else."""
    groups = itertools.groupby(tokens, key=lambda one: one.type == "text")
    texts = [
        ["".join(one.content for one in some)] if is_text else [one.type for one in some] for is_text, some in groups
    ]
    return list(itertools.chain(*texts))


SPECIAL = [*"ab1_*`~[]()<>&#@;\\|!{}+-.:é ", "GH-", "gh-", "https://", "www.", "WWW."]
TEXTS = st.lists(st.sampled_from(SPECIAL), min_size=1).map("".join).map(str.strip).filter(bool)


@given(TEXTS, TEXTS)
def test_text_from_outside_is_text_in_markdown(version: str, earlier: str) -> None:
    found = read_markdown(show_in_markdown(version, earlier))
    assert found.count([f"linux-64: 1 added since {earlier}; one package"]) == 2
    assert [version] in found


@pytest.mark.parametrize("text", ["1.0 (-25.4 kB)", "py_0", "a-b.c+d!2{#}", "a > b", "R&D & co", r"dist\cx", "x]"])
def test_what_is_not_markup_is_as_it_was(text: str) -> None:
    lines = show_in_markdown(text, text)
    assert f"- linux-64: 1 added since {text}; one package" in lines
    assert f"| p1 |  | {text} | ? | all |" in lines


@pytest.mark.parametrize(
    "text",
    [
        "a|b",
        "<b>",
        "@jane",
        "v1#12",
        "GH-12",
        "https://x.org",
        "www.x.org",
        "[a](b)",
        "*x*",
        "_libgcc_mutex",
        "`x`",
        "~x~",
        "&lt;",
        r"\*",
    ],
)
def test_what_would_be_markup_is_escaped(text: str) -> None:
    assert f"since {text};" not in "\n".join(show_in_markdown("1", text))


@pytest.fixture
def built(workspace: Workspace, template: Path, cs: Cs) -> Path:
    """Build, then let the workspace have another version of a package, one more and one less."""
    outcome = cs("build")
    assert outcome.status == 0, outcome.err
    records = workspace.environments["ship"]["linux-64"]
    hello = workspace.channel.add(
        "hello", {"site-packages/hello.py": b"x" * 100}, "python", noarch="python", version="2.0"
    )
    more = workspace.channel.add("more", {}, "python")
    workspace.environments["ship"]["linux-64"] = [
        {**records[1], "depends": []},
        hello,
        more,
    ]
    workspace.specs = ("python", "hello", "more")
    workspace.write()
    return Path("dist")


def list_changes(cs: Cs, old: Path) -> dict[str, str]:
    outcome = cs("inspect", "--json", "--diff", old)
    document = json.loads(outcome.out)
    (platform,) = document["diff"]["platforms"]
    return {one["key"]: one["change"] for one in platform["changes"]}


CHANGES = {"conda:hello": "changed", "conda:libz": "removed", "conda:more": "added"}


@pytest.mark.parametrize(
    "name",
    ["", "demoz.packages.txt", "demoz.info.json", "demoz.runtime.lock", "demoz"],
    ids=lambda name: name or "dist",
)
def test_every_file_of_a_build_says_the_same(name: str, built: Path, cs: Cs) -> None:
    assert list_changes(cs, built / name) == CHANGES


@pytest.mark.parametrize("lost", ["demoz.runtime.lock", "demoz.info.json"])
def test_a_package_list_is_enough(lost: str, built: Path, cs: Cs) -> None:
    (built / lost).unlink()
    name = "demoz.info.json" if lost != "demoz.info.json" else "demoz.packages.txt"
    assert list_changes(cs, built / name) == CHANGES


def test_another_source_lock_is_derived_with_the_settings_of_today(
    workspace: Workspace, cs: Cs, tmp_path: Path
) -> None:
    old = tmp_path / "old.lock"
    shutil.copy(workspace.directory / "conda.lock", old)
    workspace.environments["ship"]["linux-64"].append(workspace.channel.add("more", {}, "python"))
    workspace.write()
    assert list_changes(cs, old) == {"conda:more": "added"}
    assert list_changes(cs, workspace.directory / "conda.lock") == {}


def test_the_differences_as_text(built: Path, cs: Cs) -> None:
    outcome = cs("inspect", "--diff", built)
    assert outcome.status == 0, outcome.err
    assert [line.split()[:2] for line in outcome.out.splitlines()[1:4]] == [
        ["+", "more"],
        ["-", "libz"],
        ["~", "hello"],
    ]
    assert "\n1 added, 1 removed, 1 changed since dist; 3 packages, " in outcome.out


def test_the_differences_as_markdown(built: Path, cs: Cs) -> None:
    outcome = cs("inspect", "--diff", built, "--format", "markdown")
    assert outcome.status == 0, outcome.err
    assert (
        "**Changed**\n\n| Package | Before | After | Size |\n|---|---|---|---:|\n| hello | 1.0 | 2.0 | " in outcome.out
    )


def test_without_differences_that_is_said(workspace: Workspace, template: Path, cs: Cs) -> None:
    assert cs("build").status == 0
    assert cs("inspect", "--diff", "dist").out == "no package differs from dist (3 packages)\n"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent", "absent does not exist"),
        ("conda.toml", "is not a runtime, a lock or a package list"),
        ("empty", "is a directory without a build"),
        ("x.packages.txt", "is not a package list of cs build"),
        ("address.packages.txt", "cannot be read: Invalid IPv6 URL"),
    ],
)
def test_what_cannot_be_compared_is_refused(name: str, message: str, workspace: Workspace, cs: Cs) -> None:
    (workspace.directory / "empty").mkdir()
    (workspace.directory / "x.packages.txt").write_text("python 3.11\n")
    (workspace.directory / "address.packages.txt").write_text("python\t3.11\t0\thttp://[::1/x\t00\n")
    outcome = cs("inspect", "--diff", workspace.directory / name, "--error-format", "json")
    error = json.loads(outcome.err)
    assert (outcome.status, error["kind"]) == (2, "not-comparable")
    assert message in error["message"]


def test_a_build_for_another_platform_is_refused(workspace: Workspace, template: Path, cs: Cs, tmp_path: Path) -> None:
    assert cs("build").status == 0
    made = make_workspace(tmp_path / "other", workspace.channel)
    made.environments["ship"] = {"osx-arm64": [Channel(tmp_path / "c").add("python", {}, subdir="osx-arm64")]}
    made.specs = ("python",)
    outcome = cs("inspect", "--root", made.write(), "--diff", Path("dist"))
    assert outcome.status == 2
    assert "has the packages of linux-64, which the environment does not ship for" in outcome.err


@pytest.mark.only("on Unix", "it has named pipes")
def test_a_pipe_is_refused_without_waiting_for_a_writer(workspace: Workspace, cs: Cs) -> None:
    os.mkfifo(workspace.directory / "runtime")
    outcome = cs("inspect", "--diff", workspace.directory / "runtime")
    assert (outcome.status, "runtime is not a regular file" in outcome.err) == (2, True)


def pair(platforms: dict[str, str], earlier: list[tuple[str | None, str | None]]) -> dict[str, tuple[str | None, ...]]:
    """Pair platforms, by name with their subdirs, with earlier ones, and return what each is compared with."""
    now = [PlatformSummary(name=name, subdir=subdir, packages=()) for name, subdir in platforms.items()]
    then = [EarlierPlatform(name=name, subdir=subdir, packages=()) for name, subdir in earlier]
    return {one.name: (other.name, other.subdir) for one, other in _pair(now, then)}


def test_a_platform_is_compared_with_the_earlier_one_of_its_name_else_of_its_subdir() -> None:
    gpu = {"gpu": "linux-64", "cpu": "linux-64"}
    assert pair(gpu, [("gpu", "linux-64"), ("cpu", "linux-64")]) == {name: (name, "linux-64") for name in gpu}
    assert pair({"new": "linux-64"}, [("old", "linux-64")]) == {"new": ("old", "linux-64")}
    assert pair({"linux-64": "linux-64"}, [(None, None)]) == {"linux-64": (None, None)}
    assert pair({"osx-64": "osx-64"}, [("linux-64", "linux-64")]) == {}


def test_two_platforms_of_one_subdir_are_not_compared_with_the_same_earlier_one() -> None:
    """Which of them it was, nothing says."""
    gpu = {"gpu": "linux-64", "cpu": "linux-64"}
    assert pair(gpu, [("old", "linux-64")]) == {}
    assert pair(gpu, [(None, "linux-64")]) == {}


def test_what_it_is_compared_with_is_named_as_it_was_given(workspace: Workspace, cs: Cs, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    shutil.copy("conda.lock", tmp_path / "one")
    for path, shown in (
        ("../one/conda.lock", "../one/conda.lock"),
        (Path("conda.lock").resolve(), "conda.lock"),
        (tmp_path / "one" / "conda.lock", str(tmp_path / "one" / "conda.lock")),
    ):
        assert cs("inspect", "--diff", path).out == f"no package differs from {shown} (3 packages)\n"
        assert json.loads(cs("inspect", "--json", "--diff", path).out)["diff"]["earlier"] == str(path)
    assert cs("inspect", "--diff", "../one").err.startswith("error: --diff: ../one is a directory without a build\n")
    assert cs("inspect", "--diff", "../nope").err.startswith("error: --diff: ../nope does not exist\n")
