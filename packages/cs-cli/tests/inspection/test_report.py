"""The inspection as text: one screen."""

from __future__ import annotations

import hashlib
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cli_samples import Channel, Cs, Workspace, inspect_options, make_template, make_workspace
from cs_cli.inspection.details import render_details
from cs_cli.inspection.report import render_inspection
from cs_cli.inspection.summary import DelegateCheck, Inspection, PlatformSummary, Size, inspect_derivation
from cs_cli.problem_text import Setting, render_problems
from cs_cli.project.derivation import derive_project
from cs_cli.terminal.lines import Block
from cs_lock import Problem
from terminals import COLORS, run_at_terminal, show, to_plain

PLATFORMS = ("linux-64", "linux-aarch64", "osx-64", "osx-arm64", "win-64")


def inspect(*flags: str) -> Inspection:
    return inspect_derivation(derive_project(inspect_options(*flags), strict=False), platform=None)


def render(*flags: str) -> str:
    """Return what a pipe gets."""
    return "\n".join(to_plain(render_inspection(inspect(*flags))))


def render_long(*flags: str, unicode: bool = True) -> list[Block]:
    """Render with everything that is folded otherwise."""
    inspection = inspect(*flags)
    return render_inspection(inspection, more=render_details(inspection, unicode=unicode), is_long=True)


def make_large(directory: Path, *, exclude: str = "") -> Path:
    """Write a workspace of five platforms with a hundred packages, each of which needs two others."""
    channel = Channel(directory / "channel")
    ship = {"exclude": f'["{exclude}"]'} if exclude else {}
    made = make_workspace(directory / "w", channel, **ship)
    names = [f"a-library-of-some-kind-{number}" for number in range(97)] + ["python", "hello", "libmamba"]
    made.environments["ship"] = {
        platform: [make_record(name, platform, names[at + 1 : at + 3]) for at, name in enumerate(names)]
        for platform in PLATFORMS
    }
    return made.write()


def make_record(name: str, platform: str, needs: list[str]) -> dict[str, object]:
    digest = hashlib.sha256(f"{platform}/{name}".encode()).hexdigest()
    size = 10_000 + len(name) * 1_000_000
    return {
        "conda": f"https://conda.anaconda.org/conda-forge/{platform}/{name}-1.0-0.conda",
        "sha256": digest,
        "depends": [*needs, "__glibc >=2.17,<3.0.a0"] if platform.startswith("linux") else needs,
        "license": "GPL-3.0-only WITH GCC-exception-3.1" if len(name) == 6 else f"LicenseRef-{len(name)}",
        "size": size,
    }


def test_a_pipe_gets_one_line_a_platform(workspace: Workspace) -> None:
    text = render()
    (row,) = [line for line in text.splitlines() if line.startswith("linux-64")]
    assert row.split()[:2] == ["linux-64", "3"]
    assert re.search(r"^Largest      (python|hello|libz) ", text, re.MULTILINE)
    assert "Licences     BSD-3-Clause 2, Zlib 1  (--licenses)\n" in text
    assert "\n\nNo errors found, but the delegate was not checked: cs inspect --check-delegate" in text
    assert "\x1b" not in text


def test_five_platforms_with_a_hundred_packages_fit_one_screen(tmp_path: Path) -> None:
    lines = render("--root", str(make_large(tmp_path, exclude="libmamba"))).splitlines()
    assert len(lines) <= 24
    for platform in PLATFORMS:
        assert sum(line.startswith(f"{platform} ") for line in lines) == 1


@pytest.mark.parametrize("width", [50, 80, 100, 140, 200])
def test_no_line_is_wider_than_the_terminal(width: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.chdir(make_large(tmp_path, exclude="libmamba"))
    inspection = inspect()
    sized = replace(inspection, platforms=tuple(map(add_sizes, inspection.platforms)))
    for line in COLORS.sub("", show(*render_inspection(sized))).splitlines():
        assert cell_len(line) <= width, line


def add_sizes(platform: PlatformSummary) -> PlatformSummary:
    return replace(
        platform,
        file=Size(size_bytes=123_456_789, basis="estimated"),
        installed=Size(size_bytes=456_789_123, basis="measured"),
    )


@pytest.mark.parametrize("width", [50, 80, 200])
def test_columns_are_left_out_where_they_do_not_fit_and_lines_never_break(
    width: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    inspection = inspect("--root", str(make_large(tmp_path)))
    sized = replace(inspection, platforms=tuple(map(add_sizes, inspection.platforms)))
    lines = COLORS.sub("", show(*render_inspection(sized))).splitlines()
    start = next(at for at, line in enumerate(lines) if line.startswith("Platform"))
    assert [line.split()[0] for line in lines[start + 1 : start + 6]] == list(PLATFORMS)
    assert ("On disk" in lines[start], "Download" in lines[start]) == (width > 60, True)
    assert "Runtime file" in lines[start]


def test_a_pipe_has_all_columns_whatever_the_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inspection = inspect("--root", str(make_large(tmp_path)))
    blocks = render_inspection(replace(inspection, platforms=tuple(map(add_sizes, inspection.platforms))))
    texts = []
    for width in ("30", "300"):
        monkeypatch.setenv("COLUMNS", width)
        texts.append(to_plain(blocks))
    assert texts[0] == texts[1]
    assert "Platform       Packages  Download  Runtime file   On disk" in texts[0]
    (row,) = (line for line in texts[0] if line.startswith("linux-aarch64 "))
    assert row.endswith(" GB     ~123.5 MB  456.8 MB")
    assert "~ is an estimate" in texts[0]


@pytest.mark.parametrize("width", [50, 80, 200])
def test_a_name_and_its_number_stay_on_one_line(
    width: int, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    text = COLORS.sub("", show(*render_inspection(inspect())))
    assert all(item in text for item in ("BSD-3-Clause 2", "Zlib 1", "python 8"))


@pytest.mark.parametrize("width", [50, 80])
def test_paths_can_be_copied_at_any_width(width: int, tmp_path: Path, channel: Channel) -> None:
    root = make_workspace(tmp_path / "a name of several words, and a long one " / ("x" * 60), channel).write()
    written = run_at_terminal(
        [sys.executable, "-m", "cs_cli", "inspect", "--root", str(root)], width, {"TERM": "xterm"}
    )
    assert str(root / "conda.toml") in written
    assert str(root / "conda.lock") in written


def test_a_terminal_and_a_pipe_show_the_same_words(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "1000")
    flags = ("--exclude", "python", "--exclude", "numpy", "--require", "numpy")
    painted = show(*render_inspection(inspect(*flags)))
    assert "\x1b[1;31m" in painted
    assert [line.rstrip() for line in COLORS.sub("", painted).splitlines()] == render(*flags).splitlines()


def add_needs(workspace: Workspace, channel: Channel) -> None:
    old = channel.add("old", {}, "__glibc >=2.17")
    new = channel.add("new", {}, "__glibc >=2.28", constrains=["__cuda >=12", "__conda >=23"])
    records = [*workspace.environments["ship"]["linux-64"], old, new]
    workspace.environments["ship"] = {"linux-64": records, "linux-64-cuda": records, "linux-aarch64": records}
    workspace.write()


def test_what_the_packages_need_is_said_once_with_the_newest_version(workspace: Workspace, channel: Channel) -> None:
    add_needs(workspace, channel)
    (row,) = [line for line in render().splitlines() if line.startswith("Needs")]
    needs = ("__glibc >=2.28", "__cuda (if present) >=12", "__conda (if present) >=23")
    assert row == f"Needs        {', '.join(f'{one} (all platforms)' for one in needs)}"


def test_what_the_packages_need_has_their_names_in_the_long_form(workspace: Workspace, channel: Channel) -> None:
    add_needs(workspace, channel)
    text = "\n".join(to_plain(render_long()))
    where = "linux-64, linux-64-cuda, linux-aarch64"
    assert f"Needs __glibc >=2.28 (new), __cuda >=12, if present (new) on {where}.\n" in text
    assert f"Not checked by the runtime: __conda >=23, if present (new) on {where}." in text


def test_an_exclusion_is_a_line_with_what_it_saves(workspace: Workspace) -> None:
    (row,) = [line for line in render("--exclude", "python").splitlines() if line.startswith("Excluded")]
    size = sum(record["size"] for record in workspace.channel.records[:2])
    assert row.startswith("Excluded     python and one package that only it needs, which saves ")
    assert f"{size / 1000:.1f} kB" in row


def test_an_exclusion_is_one_line_for_platforms_where_it_does_not_do_the_same(tmp_path: Path, channel: Channel) -> None:
    made = make_workspace(tmp_path / "w", channel)
    made.environments["ship"]["linux-64-cuda"] = [*channel.records, channel.add("more", {})]
    made.environments["ship"]["linux-64-cuda"][1] = {**channel.records[1], "depends": ["libz", "more"]}
    made.specs = ("python", "hello")
    rows = [
        line for line in render("--root", str(made.write()), "--exclude", "python").splitlines() if "only it" in line
    ]
    assert len(rows) == 1


def test_exclusions_are_a_tree_in_the_long_form(workspace: Workspace) -> None:
    lines = to_plain(render_long("--exclude", "python"))
    start = lines.index("Exclusions")
    assert lines[start + 1 : start + 4] == [
        "  python (linux-64)",
        "  \u251c\u2500 libz also removed: nothing else needs it",
        "  \u2514\u2500 hello still needs python",
    ]


def test_a_tree_can_be_drawn_in_ascii(workspace: Workspace) -> None:
    text = "\n".join(to_plain(render_long("--exclude", "python", unicode=False)))
    assert text.partition("Exclusions")[2].isascii()  # further up there are paths
    assert "  |- libz also removed" in text
    assert "  `- hello still needs python" in text


def test_what_stays_says_who_keeps_it(workspace: Workspace) -> None:
    assert "python stays: the workspace asks for it" in "\n".join(to_plain(render_long("--exclude", "hello")))


def test_platforms_with_the_same_exclusion_share_a_tree(tmp_path: Path, channel: Channel) -> None:
    made = make_workspace(tmp_path / "w", channel)
    made.environments["ship"]["linux-64-cuda"] = list(channel.records)
    text = "\n".join(to_plain(render_long("--root", str(made.write()), "--exclude", "python")))
    assert "  python (linux-64, linux-64-cuda)" in text
    assert text.count("libz also removed") == 1


def test_errors_come_last_before_the_verdict_and_problems_have_hints(workspace: Workspace) -> None:
    text = render("--require", "numpy", "--exclude", "hallo")
    assert text.index("\nwarning: 'exclude' names 'hallo'") < text.index("\nerror: the required package 'numpy'")
    assert "\n  hint: did you mean 'hello'?\n" in text
    assert text.endswith("\n\nCannot ship: one error.")


PROBLEMS = st.lists(
    st.builds(
        lambda number, kind, severity, names, plural: Problem(
            kind=kind,
            severity=severity,
            message=f"package-{number}- has the problem {kind}",
            package=f"package-{number}-",
            platforms=tuple(sorted(names, key=PLATFORMS.index)),
            hint=f"do something about {kind}",
            plural=plural,
        ),
        st.integers(0, 99),
        st.sampled_from(["one", "two", "three"]),
        st.sampled_from(["error", "warning"]),
        st.sets(st.sampled_from(PLATFORMS), min_size=1),
        st.sampled_from([None, "have it", "have something else"]),
    ),
    max_size=40,
    unique_by=lambda problem: problem.message,
)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Inspection:
    return inspect("--root", str(make_large(tmp_path_factory.mktemp("large"))))


@given(problems=PROBLEMS)
def test_every_problem_is_there_once_with_its_platforms(problems: list[Problem], large: Inspection) -> None:
    for is_long in (False, True):
        lines = to_plain(render_inspection(replace(large, problems=tuple(problems)), is_long=is_long))
        for problem in problems:
            found = [line for line in lines if line.count(f"{problem.package}") and line.startswith(problem.severity)]
            same = [one for one in problems if one.package == problem.package and one.severity == problem.severity]
            assert sum(line.count(str(problem.package)) for line in found) == len(same)
            assert any(all(name in line for name in problem.platforms) or "(all platforms)" in line for line in found)
        assert sum("hint: " in line for line in lines) == len({(one.severity, one.kind) for one in problems})


def test_a_problem_of_several_entries_is_one_with_the_place_of_the_first(large: Inspection) -> None:
    problems = tuple(
        Problem(kind="x", message="this is wrong", line=10 + at, platform=name) for at, name in enumerate(PLATFORMS)
    )
    lines = to_plain(render_inspection(replace(large, problems=problems)))
    (line,) = [line for line in lines if "this is wrong" in line]
    assert line.startswith("error: ")
    assert line.endswith("conda.lock:10: this is wrong (all platforms)")
    assert lines[-1] == "Cannot ship: one error."


def test_many_problems_of_one_kind_take_four_lines_and_name_each_other_package_once(large: Inspection) -> None:
    problems = tuple(
        Problem(kind="x", message=f"the wheel {number} of {name}", platforms=(name,), package=f"pypi:wheel-{number}")
        for number in range(9)
        for name in PLATFORMS
    )
    lines = [one for one in to_plain(render_inspection(replace(large, problems=problems))) if one.startswith("error")]
    assert len(lines) == 4
    assert [lines[-1].count(f"pypi:wheel-{number}") for number in range(1, 9)] == [1] * 8
    assert "pypi:wheel-8 (all platforms)" in lines[-1]


def make_alike(count: int) -> tuple[Problem, ...]:
    """Make problems that differ in the package, its version and the place in the lock."""
    return tuple(
        Problem(
            kind="pypi-source",
            message=f"lib-{number} 1.{number} needs an archive: the lock has only the sdist lib-{number}",
            package=f"pypi:lib-{number}",
            platform=name,
            line=100 * number + at + 1,
            hint="put a matching wheel into a directory",
            plural="need an archive",
            plural_hint="put matching wheels into a directory",
        )
        for number in range(count)
        for at, name in enumerate(PLATFORMS)
    )


def test_problems_that_say_the_same_of_several_packages_are_one_line(large: Inspection) -> None:
    lines = to_plain(render_inspection(replace(large, problems=make_alike(17))))
    names = ", ".join(f"lib-{number}" for number in range(17))
    assert [line for line in lines if line.startswith(("error", "  hint"))] == [
        f"error: 17 PyPI packages need an archive: {names} (all platforms) (-v)",
        "  hint: put matching wheels into a directory",
    ]
    assert lines[-1] == "Cannot ship: 17 errors."


def test_a_package_that_is_the_only_one_with_its_problem_has_the_whole_message(large: Inspection) -> None:
    lines = to_plain(render_inspection(replace(large, problems=make_alike(1))))
    (line,) = [line for line in lines if line.startswith("error")]
    assert line.endswith("conda.lock:1: lib-0 1.0 needs an archive: the lock has only the sdist lib-0 (all platforms)")
    assert "  hint: put a matching wheel into a directory" in lines


@pytest.mark.parametrize("is_list", [False, True])
def test_what_follows_the_first_line_of_a_problem_is_below_its_text(
    is_list: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    blocks = render_problems(make_alike(9), Setting(path=Path("conda.lock"), is_list=is_list), is_long=False)
    lines = COLORS.sub("", show(*blocks)).splitlines()
    at = next(at for at, line in enumerate(lines) if line.lstrip().startswith("hint:"))
    assert at > 1
    first = lines[0].index("9 PyPI packages")
    assert {len(line) - len(line.lstrip()) for line in lines[1:at]} == {first}


def test_requested_packages_are_first_and_marked_wherever_problems_are_folded() -> None:
    problems = [replace(one, is_requested=one.package in ("pypi:lib-1", "pypi:lib-4")) for one in make_alike(5)]
    setting = Setting(path=Path("conda.lock"), platforms=PLATFORMS)
    alike = to_plain(list(render_problems(problems, setting, is_long=False)))
    names = "lib-1*, lib-4*, lib-0, lib-2, lib-3"
    assert alike[0] == f"error: 5 PyPI packages need an archive: {names} (all platforms) (* requested) (-v)"
    single = [replace(one, plural=None) for one in problems]
    rest = to_plain(list(render_problems(single, setting, is_long=False)))[3]
    assert rest == "error: 2 more like these: pypi:lib-4*, pypi:lib-3 (all platforms) (* requested) (-v)"


def test_the_long_form_has_each_problem_on_a_line(large: Inspection) -> None:
    lines = to_plain(render_inspection(replace(large, problems=make_alike(17)), is_long=True))
    assert sum(line.startswith("error: ") and "needs an archive" in line for line in lines) == 17


def test_many_packages_with_problems_of_one_kind_fit_one_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(make_large(tmp_path))
    text = COLORS.sub("", show(*render_inspection(replace(inspect(), problems=make_alike(18)))))
    assert text.count("\n") <= 30


def test_each_excluded_package_has_one_warning_for_all_that_need_it(tmp_path: Path) -> None:
    lines = render("--root", str(make_large(tmp_path, exclude="python"))).splitlines()
    warnings = [line for line in lines if line.startswith("warning: ") and "need" in line]
    assert len(warnings) == 1
    assert re.match(r"warning: \d+ packages need python, which 'exclude' drops: ", warnings[0])


def test_a_line_of_the_lock_is_named(workspace: Workspace) -> None:
    inspection = inspect()
    problem = Problem(kind="x", message="this is wrong", line=12)
    text = to_plain(render_inspection(replace(inspection, problems=(problem,))))
    assert "error: conda.lock:12: this is wrong" in text


def test_shipped_bytecode_is_a_column(workspace: Workspace, cs: Cs) -> None:
    lines = cs("inspect", "--bytecode", "shipped").out.splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith("Platform"))
    assert lines[at].endswith("Bytecode")
    assert lines[at + 1].rpartition("  ")[2].strip().startswith("~")


def test_a_platform_without_packages_is_a_row_of_the_table(tmp_path: Path, channel: Channel) -> None:
    made = make_workspace(tmp_path / "w", channel)
    made.environments["ship"] = {"linux-64": [], "linux-aarch64": [channel.add("tool", {}, subdir="linux-aarch64")]}
    made.specs = ()
    rows = [line.split() for line in render("--root", str(made.write())).splitlines()]
    assert ["linux-64", "0", "0", "B"] in rows


@pytest.mark.parametrize("known", [(), ("linux-64",), ("linux-64", "linux-64-cuda")])
def test_ready_is_said_only_when_the_delegate_is_known_everywhere(
    known: tuple[str, ...], tmp_path: Path, channel: Channel
) -> None:
    made = make_workspace(tmp_path / "w", channel)
    made.environments["ship"]["linux-64-cuda"] = list(channel.records)
    checks = tuple(DelegateCheck(platform=name, checked=True, found="bin/python") for name in known)
    inspection = replace(inspect("--root", str(made.write())), delegate_checks=checks)
    text = "\n".join(to_plain(render_inspection(inspection)))
    assert text.endswith("\n\nReady to ship.\nNext: cs build") == (len(known) == 2)
    where = {0: "not checked: ", 1: "not checked on linux-64-cuda: ", 2: "Delegate     bin/python (all"}
    assert where[len(known)] in text


@pytest.mark.parametrize(
    ("flags", "command"),
    [
        ((), "cs build --platform all"),
        (("--platform", "linux-64"), "cs build --platform linux-64"),
        (("--layout", "online"), "cs build --platform all (with the same flags)"),
    ],
)
def test_the_next_command_builds_what_was_shown(
    flags: tuple[str, ...], command: str, workspace: Workspace, channel: Channel, template: Path, cs: Cs
) -> None:
    workspace.environments["ship"]["linux-64-cuda"] = list(channel.records)
    workspace.write()
    assert f"Next: {command}\n" in cs("inspect", *flags).out


@pytest.mark.parametrize(
    ("platforms", "templates", "step"),
    [
        (("linux-64",), ("linux-64",), "cs build"),
        (("linux-64", "win-64"), ("linux-64", "win-64"), "cs build --platform all"),
        (("linux-64", "wasi-wasm32"), ("linux-64",), "cs build"),
        (("win-64",), ("win-64",), "cs build --platform win-64"),
        (
            ("linux-64", "osx-arm64", "win-64"),
            ("linux-64", "win-64"),
            'cs build (for linux-64; to build for the others, install "cs-cli[templates]")',
        ),
        (
            ("linux-64", "linux-64-cuda", "win-64"),
            ("linux-64",),
            'cs build --platform linux-64 (for linux-64; to build for the others, install "cs-cli[templates]")',
        ),
        (("linux-64",), (), 'cs build (first install "cs-cli[templates]", which has the template)'),
        (
            ("linux-64", "win-64"),
            (),
            'cs build --platform all (first install "cs-cli[templates]", which has the templates)',
        ),
    ],
)
def test_the_next_command_is_one_that_there_are_templates_for(
    platforms: tuple[str, ...],
    templates: tuple[str, ...],
    step: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    cs: Cs,
) -> None:
    monkeypatch.setattr("cs_cli.inspection.verdict.host_platform", lambda: "linux-64")
    monkeypatch.setenv("CONDA_SHIP_TEMPLATES", str(tmp_path / "templates"))
    for subdir in templates:
        make_template(tmp_path / "templates" / subdir / ("cs-template.exe" if subdir == "win-64" else "cs-template"))
    channel = Channel(tmp_path / "channel")
    made = make_workspace(tmp_path / "w", channel)
    made.environments["ship"] = {
        name: [channel.add("python", {"bin/python": b"#!"}, subdir=name.removesuffix("-cuda"))] for name in platforms
    }
    made.specs = ("python",)
    monkeypatch.chdir(made.write())
    assert cs("inspect").out.splitlines()[-1] == f"Next: {step}"


def test_a_package_with_the_same_problem_on_several_platforms_is_named_once(large: Inspection) -> None:
    problems = tuple(
        Problem(kind="x", message=f"the file of {package} for {name} is wrong", package=package, platform=name)
        for package in ("one", "two", "three")
        for name in PLATFORMS
    )
    lines = to_plain(render_inspection(replace(large, problems=problems)))
    (rest,) = [line for line in lines if "more like these" in line]
    assert rest == "error: 12 more like these: one (osx-arm64, win-64); two, three (all platforms) (-v)"


def test_the_long_form_says_nothing_twice_and_points_to_no_longer_one(tmp_path: Path) -> None:
    root = str(make_large(tmp_path, exclude="libmamba"))
    short, long = render("--root", root), "\n".join(to_plain(render_long("--root", root)))
    assert ("(-v)" in short, "(-v)" in long) == (True, False)
    assert f"  libmamba ({', '.join(PLATFORMS)})" in long
    for text in ("a-library-of-some-kind-10 25", "LicenseRef-25 87", "__glibc >=2.17"):
        assert (short.count(text), long.count(text)) == (1, 1)


def test_the_long_form_lists_the_largest_of_each_platform(tmp_path: Path, channel: Channel) -> None:
    made = make_workspace(tmp_path / "w", channel)
    records = made.environments["ship"]["linux-64"]
    huge = {**make_record("huge", "osx-64", []), "license": "MIT"}
    made.environments["ship"] |= {"linux-64-cuda": list(records), "osx-64": [*records, huge]}
    made.specs = ()
    rows = [line for line in to_plain(render_long("--root", str(made.write()))) if line.startswith(("Larg", "Lic"))]
    assert len(rows) == 4
    assert all("(linux-64, linux-64-cuda)" in row for row in (rows[0], rows[2]))
    assert all("huge" in row or "MIT 1" in row for row in (rows[1], rows[3]))
    assert all("(osx-64)" in row for row in (rows[1], rows[3]))


def test_the_list_of_licences_replaces_their_first_few(workspace: Workspace, cs: Cs) -> None:
    assert "(--licenses)" in cs("inspect").out
    text = cs("inspect", "--licenses").out
    assert text.count("Licences") == 1
    assert "(--licenses)" not in text
