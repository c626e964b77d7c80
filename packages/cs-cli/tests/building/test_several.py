"""Builds for several platforms in one run."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_projects import PythonProject
from tiny_executables import make_pe

from cli_projects import add_pypi
from cli_samples import (
    Channel,
    Cs,
    Workspace,
    build_options,
    contents,
    make_elf,
    make_template,
    make_wheel,
    wheel_files,
)
from cs_bundle import _fetch, cached_path, hash_file
from cs_cli.building.plan import possible_names, refuse_collisions
from cs_cli.building.preparation import prepared_builds
from cs_cli.building.report import render_outcome
from cs_cli.building.several import build_several
from cs_cli.errors import CliError
from cs_stamp import read_stamp, verify_stamp
from terminals import COLORS, show

PLATFORMS = ("linux-64", "linux-64-cuda", "linux-aarch64", "win-64")


@pytest.fixture
def several(workspace: Workspace, channel: Channel) -> Workspace:
    """Return a workspace that is solved for four platforms, two of them on one subdir."""
    hello = next(record for record in channel.records if "hello" in record["conda"])
    ship = workspace.environments["ship"]
    files = {"win-64": {"python.exe": b"MZ"}, "linux-aarch64": {"bin/python": b"#!"}}
    for subdir, one in files.items():
        ship[subdir] = [channel.add("python", one, subdir=subdir, version="3.11.7"), hello]
    ship["linux-64-cuda"] = list(ship["linux-64"])
    workspace.write()
    return workspace


@pytest.fixture
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory of templates that a build finds."""
    directory = tmp_path / "templates"
    make_template(directory / "linux-64" / "cs-template")
    make_template(directory / "linux-aarch64" / "cs-template", make_elf(machine=183))
    make_template(directory / "win-64" / "cs-template.exe", make_pe())
    monkeypatch.setenv("CONDA_SHIP_TEMPLATES", str(directory))
    return directory


def damage_archives(channel: Channel, subdir: str) -> None:
    """Make the archives of a subdir worthless; a build finds that out only when it copies them."""
    for path in (channel.directory / subdir).iterdir():
        path.write_bytes(bytes(path.stat().st_size))


@pytest.mark.parametrize("layout", ["online", "external", "embedded"])
def test_every_platform_is_built_under_its_name(layout: str, several: Workspace, templates: Path, cs: Cs) -> None:
    outcome = cs("build", "--platform", "all", "--layout", layout)
    assert outcome.status == 0, outcome.err
    stem = "demoz" if layout == "embedded" else "demo"
    staged = {path.name for path in Path("dist").iterdir()}
    paths = cs("build", "--platform", "all", "--layout", layout, "-q").out.splitlines()
    assert sorted(paths) == sorted(f"dist/{name}" for name in staged if name.removesuffix(".exe").endswith(PLATFORMS))
    assert all(path in outcome.out for path in paths)
    for platform in PLATFORMS:
        suffix = ".exe" if platform == "win-64" else ""
        header = verify_stamp(Path(f"dist/{stem}-{platform}{suffix}")).header
        info = json.loads(Path(f"dist/{stem}-{platform}.info.json").read_bytes())
        subdir = "linux-64" if platform == "linux-64-cuda" else platform
        assert (header.platform, info["platform"], info["lock_platform"]) == (subdir, subdir, platform)
        assert header.bundle_file_name == (f"{stem}-{platform}.bundle.tar.zst" if layout == "external" else None)
    assert cs("verify", "dist").status == 0


def test_each_build_has_a_line(several: Workspace, templates: Path, cs: Cs) -> None:
    lines = cs("build", "--platform", "all").out.splitlines()
    assert lines[0] == "Built 4 runtimes"
    assert lines[1].split() == ["Runtime", "Size", "Platform", "Packages", "Time"]
    suffixes = {"win-64": ".exe"}
    for line, platform in zip(sorted(lines[2:6]), sorted(PLATFORMS), strict=True):
        assert line.split()[0] == f"dist/demoz-{platform}{suffixes.get(platform, '')}"
        assert line.split()[3] == platform
    assert lines[6:8] == [
        "  beside each: lock, package list, SBOM, notices, metadata, provenance, checksums (dist/*)",
        "",
    ]
    assert lines[8:10] == ["Try it:    dist/demoz-linux-64", "Check it:  cs verify dist"]


@pytest.mark.parametrize("columns", [50, 80, 140])
@pytest.mark.usefixtures("templates", "xterm")
def test_the_end_of_several_builds_fits_its_terminal(
    columns: int, several: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    with prepared_builds(build_options("--platform", "all", "-q")) as requests:
        outcome = build_several(requests, Path("dist"), keep_going=True)
    text = COLORS.sub("", show(*render_outcome(outcome)))
    assert max(map(len, text.splitlines())) <= columns
    assert all(text.count(f"dist/demoz-{platform}") for platform in PLATFORMS)


def test_one_build_is_the_same_as_among_several(several: Workspace, templates: Path, cs: Cs) -> None:
    assert cs("build", "--platform", "all").status == 0
    for platform in PLATFORMS:
        assert cs("build", "--platform", platform, "--target-label", platform, "--out-dir", "alone").status == 0
    assert contents(Path("dist")) == contents(Path("alone"))


def test_what_the_platforms_share_is_fetched_once(
    several: Workspace, templates: Path, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[str] = []
    monkeypatch.setattr("cs_bundle.fetch_archives", count_missing(fetched))
    assert cs("build", "--platform", "all").status == 0
    assert sorted(fetched) == sorted(set(fetched))
    assert len(fetched) == len({record["conda"] for record in several.channel.records})


def count_missing(fetched: list[str]) -> Any:
    """Return a function that fetches as ever and notes what was not in the cache."""

    def run(requests: Any, cache: Path, **options: Any) -> Any:
        wanted = [one for one in requests if not cached_path(cache, one.sha256, one.file_name).exists()]
        fetched.extend(one.url for one in wanted)
        return _fetch.fetch_archives(requests, cache, **options)

    return run


def test_all_missing_templates_are_named_before_anything_is_fetched(
    several: Workspace, templates: Path, cs: Cs, tmp_path: Path
) -> None:
    (templates / "linux-aarch64" / "cs-template").unlink()
    (templates / "win-64" / "cs-template.exe").unlink()
    outcome = cs("build", "--platform", "all")
    assert outcome.status == 1
    assert "nothing was built: 2 of 4 platforms are not ready" in outcome.err
    for platform in ("linux-aarch64", "win-64"):
        assert f"- {platform}: no template for {platform} is installed" in outcome.err
    for command in ("pip install", "uv tool install", "pipx install --force"):
        assert f'`{command} "cs-cli[templates]"`' in outcome.err
        assert outcome.err.count(command) == 1
    assert not Path("dist").exists()
    assert not (tmp_path / "cache").exists()


def test_a_platform_that_fails_does_not_keep_the_others_from_being_built(
    several: Workspace, templates: Path, cs: Cs
) -> None:
    damage_archives(several.channel, "win-64")
    outcome = cs("build", "--platform", "all", "--json", "--error-format", "json")
    assert outcome.status == 1
    error, document = json.loads(outcome.err.splitlines()[-1]), json.loads(outcome.out)
    built = [info["lock_platform"] for info in document["builds"]]
    assert sorted(built) == ["linux-64", "linux-64-cuda", "linux-aarch64"]
    assert [failure["platform"] for failure in document["failures"]] == ["win-64"]
    assert (error["kind"], error["problems"]) == ("platforms-failed", document["failures"])
    assert error["message"] == f"1 of 4 platforms failed (built: {', '.join(built)})"
    assert not list(Path("dist").glob("*win-64*"))
    assert cs("verify", "dist").status == 0


def test_a_dry_run_lists_every_file(several: Workspace, templates: Path, cs: Cs) -> None:
    planned = json.loads(cs("build", "--platform", "all", "--dry-run", "--json").out)["builds"]
    assert not Path("dist").exists()
    assert cs("build", "--platform", "all").status == 0
    assert sorted(name for one in planned for name in one["files"]) == sorted(p.name for p in Path("dist").iterdir())


def test_shipped_bytecode_for_other_platforms_is_refused_before_anything_is_fetched(
    several: Workspace, templates: Path, cs: Cs, tmp_path: Path
) -> None:
    outcome = cs("build", "--platform", "all", "--bytecode", "shipped")
    assert outcome.status == 1
    assert "2 of 4 platforms are not ready" in outcome.err
    assert "- win-64: --bytecode: bytecode for win-64 cannot be compiled on linux-64" in outcome.err
    assert not (tmp_path / "cache").exists()


def test_a_platform_that_has_no_templates_is_left_out_with_a_warning(
    several: Workspace, templates: Path, cs: Cs
) -> None:
    ship = several.environments["ship"]
    ship["emscripten-wasm32"] = [several.channel.add("python", {}, subdir="emscripten-wasm32", version="3.11.7")]
    several.write()
    outcome = cs("build", "--platform", "all", "--no-lock-check")
    assert outcome.status == 0, outcome.err
    assert "warning: emscripten-wasm32: runtimes cannot be built for emscripten-wasm32" in outcome.err
    assert len(list(Path("dist").glob("*.info.json"))) == 4


@pytest.mark.parametrize("flag", ["--target-label=x", "--target=x86_64-pc-windows-msvc"])
def test_a_name_for_one_build_does_not_fit_several(flag: str, several: Workspace, templates: Path, cs: Cs) -> None:
    outcome = cs("build", "--platform", "all", flag)
    assert outcome.status == 2
    assert flag.partition("=")[0] in outcome.err


def test_no_build_replaces_the_template_of_another(several: Workspace, templates: Path, cs: Cs) -> None:
    Path("dist").mkdir()
    Path("dist/demoz-win-64.exe").hardlink_to(templates / "win-64" / "cs-template.exe")
    outcome = cs("build", "--platform", "all")
    assert outcome.status == 1
    assert "this would overwrite the template" in outcome.err
    assert [path.name for path in Path("dist").iterdir()] == ["demoz-win-64.exe"]


def plans(stems: tuple[str, ...]) -> Iterator[Any]:
    """Return what is looked at of plans with these stems."""
    return (SimpleNamespace(stem=stem, platform=stem) for stem in stems)


@given(st.lists(st.sampled_from(["a", "A", "a.exe", "a.exe.exe", "b", "a.info.json", "B"]), max_size=4, unique=True))
def test_plans_are_refused_exactly_if_they_may_share_a_file(stems: list[str]) -> None:
    names = [{name.lower() for name in possible_names(stem)} for stem in stems]
    collide = any(one & other for one, other in itertools.combinations(names, 2))
    if collide:
        with pytest.raises(CliError) as caught:
            refuse_collisions(plans(tuple(stems)))
        assert caught.value.kind == "names-collide"
    else:
        refuse_collisions(plans(tuple(stems)))


TAGS = {
    "linux-64": "manylinux_2_17_x86_64",
    "linux-64-cuda": "manylinux_2_17_x86_64",
    "linux-aarch64": "manylinux_2_17_aarch64",
    "win-64": "win_amd64",
}
BUILD_HOOK = """
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
class Hook(BuildHookInterface):
    def initialize(self, version, build_data):
        build_data["tag"] = "py3-none-linux_x86_64"
"""


@pytest.fixture
def tooled(several: Workspace, templates: Path, offline_pip: None) -> Workspace:
    """Return a workspace for four platforms with its own project, and with a wheel for each kind of machine."""
    for platform, tag in TAGS.items():
        wheel = make_wheel(Path(f"native-1.0-cp311-cp311-{tag}.whl"), wheel_files({}, name="native"))
        add_pypi(several, f"./{wheel}", "native", platforms=(platform,), sha256=hash_file(wheel))
    add_pypi(several, ".", "tool")
    PythonProject().write(several.write())
    return several


def list_wheels(platform: str) -> list[str]:
    """Return the wheels that the runtime for a platform installs."""
    suffix = ".exe" if platform.startswith("win-") else ""
    with read_stamp(Path("dist") / f"demoz-{platform}{suffix}") as stamp:
        return [wheel.file_name for wheel in stamp.read_plan().wheels]


def test_every_platform_gets_its_own_wheels_and_the_project_is_built_once(tooled: Workspace, cs: Cs) -> None:
    outcome = cs("build", "--platform", "all")
    assert outcome.status == 0, outcome.err
    assert outcome.err.count("building the PyPI package tool") == 1
    for platform, tag in TAGS.items():
        assert list_wheels(platform) == [f"native-1.0-cp311-cp311-{tag}.whl", "tool-1.5-py3-none-any.whl"]
    assert cs("verify", "dist").status == 0


def test_a_compiled_project_needs_wheels_for_the_other_platforms(tooled: Workspace, cs: Cs) -> None:
    PythonProject(backend="hatchling", files={"hatch_build.py": BUILD_HOOK}).write(tooled.directory)
    hooked = Path("pyproject.toml").read_text() + "[tool.hatch.build.targets.wheel.hooks.custom]\n"
    Path("pyproject.toml").write_text(hooked)
    outcome = cs("build", "--platform", "all", "--error-format", "json")
    assert outcome.status == 1
    assert json.loads(outcome.err.splitlines()[-1])["kind"] == "wheel-not-portable"
    assert not Path("dist").exists()
    for tag in set(TAGS.values()) - {TAGS["linux-64"]}:
        make_wheel(Path(f"pkgs/tool-1.5-py3-none-{tag}.whl"), wheel_files({}, name="tool", version="1.5"))
    outcome = cs("build", "--platform", "all", "--archives", "pkgs")
    assert outcome.status == 0, outcome.err
    assert outcome.err.count("building the PyPI package tool") == 1
    built = [name for platform in TAGS for name in list_wheels(platform) if name.startswith("tool")]
    assert built == [
        "tool-1.5-py3-none-linux_x86_64.whl",
        "tool-1.5-py3-none-linux_x86_64.whl",
        "tool-1.5-py3-none-manylinux_2_17_aarch64.whl",
        "tool-1.5-py3-none-win_amd64.whl",
    ]
