"""``cs inspect --list`` and ``--why``."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cli_projects import add_pypi
from cli_samples import Channel, Cs, Workspace, inspect_options, make_workspace
from cs_bundle import format_bytes
from cs_cli.inspection import reasons
from cs_cli.inspection.listing import sort_packages
from cs_cli.inspection.packages import list_packages
from cs_cli.inspection.reasons import Reasons
from cs_cli.inspection.summary import inspect_derivation
from cs_cli.project.derivation import derive_project

SCHEMA = resources.files("cs_cli") / "schemas" / "inspect.schema.json"
WHEEL = "https://files.pythonhosted.org/a-1.0-py3-none-any.whl"


def test_the_list_adds_up_to_the_total(workspace: Workspace, cs: Cs) -> None:
    outcome = cs("inspect", "--list")
    lines = outcome.out.splitlines()
    document = json.loads(cs("inspect", "--json").out)
    (platform,) = document["platforms"]
    sizes = {one["name"]: one["size_bytes"] for one in platform["packages"]}
    assert {line.split()[0]: " ".join(line.split()[2:4]) for line in lines[1:-1]} == {
        name: format_bytes(size) for name, size in sizes.items()
    }
    assert sum(sizes.values()) == platform["download_size_bytes"]
    assert lines[-1] == f"3 packages, {format_bytes(platform['download_size_bytes'])}"


def test_the_list_has_packages_of_both_kinds_with_version_licence_and_build(workspace: Workspace, cs: Cs) -> None:
    add_pypi(workspace, WHEEL, "a", version="1.0", sha256="a" * 64)
    add_pypi(workspace, ".", "own")
    workspace.write()
    rows = {line.split()[0]: line for line in cs("inspect", "--list").out.splitlines()}
    assert rows["a"].split() == ["a", "1.0", "?", "pypi", "?", "py3-none-any"]
    assert rows["libz"].split()[-3:] == ["conda", "Zlib", "0"]
    assert rows["own"].endswith("(not built yet)")
    assert rows["5"].endswith("and 2 of unknown size")


def test_the_list_is_sorted_by_name_or_by_size(workspace: Workspace) -> None:
    add_pypi(workspace, WHEEL, "a", version="1.0", sha256="a" * 64)
    workspace.write()
    (platform,) = inspect_derivation(derive_project(inspect_options(), strict=False), platform=None).platforms
    packages = list_packages(platform)
    assert [one.name for one in sort_packages(packages, "name")] == ["a", "hello", "libz", "python"]
    sizes = [one.size_bytes for one in sort_packages(packages, "size")]
    assert sizes[-1] is None
    assert sizes[:-1] == sorted((size for size in sizes[:-1] if size is not None), reverse=True)


def test_each_platform_has_a_list(tmp_path: Path, channel: Channel, cs: Cs) -> None:
    made = make_workspace(tmp_path / "w", channel)
    made.environments["ship"]["linux-64-cuda"] = list(channel.records)
    root = str(made.write())
    lines = cs("inspect", "--list", "--root", root).out.splitlines()
    assert [line for line in lines if line.startswith("linux")] == ["linux-64", "linux-64-cuda"]
    lines = cs("inspect", "--list", "--root", root, "--platform", "linux-64").out.splitlines()
    assert lines[0].startswith("Name ")
    every = cs("inspect", "--list", "--root", root)
    assert cs("inspect", "--list", "--root", root, "--platform", "all") == every


def test_why_names_the_chain_from_what_the_workspace_asks_for(workspace: Workspace, cs: Cs) -> None:
    outcome = cs("inspect", "--why", "libz")
    assert outcome.status == 0, outcome.err
    head, *chains = outcome.out.splitlines()
    assert head.startswith("libz 1.0, ")
    assert chains == ["  python > libz", "  and through these hello  (-v)"]
    assert cs("inspect", "--why", "libz", "-v").out.splitlines()[1:] == ["  python > libz", "  hello > python > libz"]
    assert "  the workspace asks for it (feature ship)\n" in cs("inspect", "--why", "python").out


def test_why_says_what_only_a_package_brings(workspace: Workspace, cs: Cs) -> None:
    workspace.specs = ("hello",)
    workspace.write()
    assert "  only it brings 1 more: libz\n" in cs("inspect", "--why", "python").out
    document = json.loads(cs("inspect", "--json", "--why", "python").out)
    sizes = {one["name"]: one["size_bytes"] for one in document["platforms"][0]["packages"]}
    assert document["why"][0]["owned_size_bytes"] == sizes["python"] + sizes["libz"] > 0


def test_the_reasons_of_a_platform_are_found_once(
    workspace: Workspace, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def find(**given: Any) -> Reasons:
        seen.append(given["platform"])
        return Reasons(**given)

    monkeypatch.setattr(reasons, "Reasons", find)
    assert json.loads(cs("inspect", "--json", "--why", "python").out)["why"]
    assert seen == ["linux-64"]


@pytest.mark.parametrize(
    ("flags", "kind", "text"),
    [
        (("--why", "pythn"), "package-not-found", "did you mean 'python'?"),
        (("--why", "zzzzzz"), "package-not-found", "cs inspect --list names all packages"),
        (("--why", "pypi:python"), "package-not-found", ""),
        (("--why", "python", "--exclude", "python"), "package-excluded", "python does not ship: it is in 'exclude'"),
        (
            ("--why", "libz", "--exclude", "python"),
            "package-excluded",
            "libz does not ship: only python needs it, which is in 'exclude'",
        ),
    ],
)
def test_why_a_package_does_not_ship(
    flags: tuple[str, ...], kind: str, text: str, workspace: Workspace, cs: Cs
) -> None:
    outcome = cs("inspect", *flags, "--error-format", "json")
    assert (outcome.status, json.loads(outcome.err)["kind"]) == (2, kind)
    assert text in outcome.err


def test_a_name_of_both_kinds_is_explained_twice(workspace: Workspace, cs: Cs) -> None:
    add_pypi(workspace, WHEEL.replace("/a-", "/libz-"), "libz", version="1.0", sha256="a" * 64)
    workspace.write()
    assert cs("inspect", "--why", "libz").out.count("libz 1.0") == 2
    assert cs("inspect", "--why", "pypi:libz").out.startswith("libz 1.0, from PyPI\n")


def test_the_document_has_the_answers_and_follows_the_schema(workspace: Workspace, cs: Cs, tmp_path: Path) -> None:
    add_pypi(workspace, WHEEL, "a", version="1.0", sha256="a" * 64)
    workspace.write()
    old = workspace.directory / "conda.lock"
    document = json.loads(cs("inspect", "--json", "--why", "libz", "--diff", old).out)
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_bytes())).validate(document)
    assert document["why"][0]["chains"] == [
        ["conda:python", "conda:libz"],
        ["conda:hello", "conda:python", "conda:libz"],
        ["pypi:a", "conda:python", "conda:libz"],
    ]
    assert document["diff"]["platforms"][0]["changes"] == []
    (platform,) = document["platforms"]
    packages = {one["key"]: one for one in (*platform["packages"], *platform["wheels"])}
    assert packages["conda:libz"]["needed_by"] == ["conda:python"]
    assert packages["conda:hello"]["features"] == ["ship"]
    assert packages["conda:libz"]["owner"] == "conda:python"
    assert all(needed in packages for one in packages.values() for needed in one["needed_by"])


@pytest.mark.parametrize(
    ("flags", "flag"),
    [
        (("--list", "--why", "python"), "--why"),
        (("--why", "python", "--diff", "dist"), "--diff"),
        (("--format", "markdown"), "--format"),
        (("--json", "--diff", "dist", "--format", "markdown"), "--format"),
        (("--list", "--licenses"), "--licenses"),
        (("--html", "x", "--licenses"), "--licenses"),
        (("--list", "--html", "x"), "--html"),
        (("--sort", "size"), "--sort"),
        (("--json", "--list", "--sort", "size"), "--sort"),
        (("--list", "--check-delegate"), "--check-delegate"),
    ],
)
def test_views_that_do_not_go_together_are_refused(
    flags: tuple[str, ...], flag: str, workspace: Workspace, cs: Cs
) -> None:
    outcome = cs("inspect", *flags, "--error-format", "json")
    assert (outcome.status, json.loads(outcome.err)["key"]) == (2, flag)


def test_all_views_go_into_one_document(workspace: Workspace, cs: Cs) -> None:
    flags = ("--list", "--licenses", "--why", "libz", "--diff", "conda.lock", "--html", "x.html")
    document = json.loads(cs("inspect", "--json", *flags).out)
    assert document["why"]
    assert document["diff"]
    assert document["platforms"][0]["license_groups"]
    assert (workspace.directory / "x.html").is_file()


def test_a_question_has_an_answer_even_if_the_environment_cannot_ship(workspace: Workspace, cs: Cs) -> None:
    broken = ("--require", "numpy")
    assert cs("inspect", *broken).status == 1
    assert cs("inspect", "--list", *broken).status == 0
    assert cs("inspect", "--why", "python", *broken).status == 0
    assert cs("inspect", "--json", "--why", "python", *broken).status == 0
