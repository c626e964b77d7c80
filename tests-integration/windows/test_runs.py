"""First and later runs of Windows runtimes: what the delegate gets, and what comes back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from support.windows import ARGUMENTS, REFUSED, WindowsHome, spell
from support.workshop import Workshop

Build = Callable[..., Path]


def read_arguments(output: str) -> list[str]:
    return [line.removeprefix("argument=") for line in output.splitlines() if line.startswith("argument=")]


def read_value(output: str, name: str) -> str | None:
    lines = [line for line in output.splitlines() if line.startswith(f"{name}=")]
    return lines[0].partition("=")[2] if lines else None


@pytest.mark.parametrize("layout", ["online", "external", "embedded"])
def test_the_first_run_installs_and_the_later_ones_start(
    layout: str, build: Build, windows_workshop: Workshop, windows_home: WindowsHome
) -> None:
    runtime = build(layout=f'"{layout}"')
    windows_workshop.server.asked.clear()
    first = windows_home.run(runtime, "one", "two words")
    assert (first.returncode, read_arguments(first.stdout)) == (0, ["one", "two words"]), first.stderr
    assert (windows_home.prefix / "conda-meta" / "history").is_file()
    assert bool(windows_workshop.server.asked) == (layout == "online")
    later = windows_home.run(runtime, "three")
    assert (later.returncode, later.stderr, read_arguments(later.stdout)) == (0, "", ["three"])
    assert read_value(later.stdout, "CONDA_PREFIX") == spell(windows_home.prefix)


def test_arguments_arrive_as_they_were_given(build: Build, windows_home: WindowsHome) -> None:
    windows_home.run(build(), "bootstrap")
    assert read_arguments(windows_home.run(build(), "x", *ARGUMENTS).stdout) == ["x", *ARGUMENTS]


@pytest.mark.parametrize("status", [0, 7, 77, 255])
def test_the_delegates_status_is_the_runtimes(status: int, build: Build, windows_home: WindowsHome) -> None:
    windows_home.extra["TOOL_STATUS"] = str(status)
    assert windows_home.run(build()).returncode == status


def test_files_hold_the_prefix_whatever_it_is_called(build: Build, windows_home: WindowsHome) -> None:
    for name in ("with space", "ünï 名", "a & b (c) ^d", "100% 'x'", "x" * 120):
        prefix = windows_home.directory / name / "demo"
        windows_home.extra["DEMO_PREFIX"] = spell(prefix).replace("%", "%%")
        completed = windows_home.run(build(), "bootstrap")
        assert completed.returncode == 0, completed.stderr
        assert "failed" not in completed.stderr, completed.stderr
        written = (prefix / "etc/prefix.txt").read_text("utf-8").strip().removeprefix("prefix=")
        assert written.replace("/", "\\") == spell(prefix)
        assert next((prefix / "share").rglob("deep.txt")).read_text() == "deep\n"
        assert (prefix / "share/ünïcode 名.txt").is_file()


def test_what_post_link_scripts_write_is_put_right_in_every_form(build: Build, windows_home: WindowsHome) -> None:
    windows_home.run(build(), "bootstrap")
    written = (windows_home.prefix / "post-link.txt").read_text("utf-8")
    native = spell(windows_home.prefix)
    assert written.split() == [
        *f"native={native}".split(),
        *f"slashes={native}".replace("\\", "/").split(),
        *f"escaped={native}".replace("\\", "\\\\").split(),
    ]


@pytest.mark.parametrize("delegate", ["batch", "batch.bat"])
@pytest.mark.parametrize("layout", ["online", "embedded"])
def test_a_script_can_be_the_delegate(delegate: str, layout: str, build: Build, windows_home: WindowsHome) -> None:
    runtime = build(delegate=f'"{delegate}"', layout=f'"{layout}"')
    completed = windows_home.run(runtime, "two words", "b")
    assert completed.returncode == 9, completed.stderr
    assert completed.stdout.split("\n")[:2] == ["first=two words", "second=b"]


def test_a_script_is_never_given_what_cmd_would_obey(build: Build, windows_home: WindowsHome) -> None:
    runtime = build(delegate='"batch"')
    windows_home.run(runtime, "bootstrap")
    planted = windows_home.directory / "planted"
    completed = windows_home.run(runtime, f'" & echo x>"{spell(planted)}" & "')
    assert not planted.exists()
    assert "first=" not in completed.stdout or completed.returncode == 9


def test_an_executable_named_with_its_ending_is_found(build: Build, windows_home: WindowsHome) -> None:
    assert read_arguments(windows_home.run(build(delegate='"tool.exe"'), "x").stdout) == ["x"]


def test_an_outer_environment_in_other_capitals_does_not_leak(build: Build, windows_home: WindowsHome) -> None:
    windows_home.extra.update({"Conda_Prefix": "outer", "conda_exe": "outer"})
    output = windows_home.run(build()).stdout
    assert read_value(output, "CONDA_PREFIX") == spell(windows_home.prefix)
    assert read_value(output, "CONDA_EXE") is None


def test_a_full_activation_runs_scripts_for_cmd(build: Build, windows_home: WindowsHome) -> None:
    completed = windows_home.run(build(activation='"full"'), "x")
    assert (read_value(completed.stdout, "HOOKED"), read_arguments(completed.stdout)) == ("yes", ["x"])
    assert "noise" not in completed.stdout


@pytest.mark.parametrize("package", REFUSED)
def test_a_name_that_windows_cannot_hold_is_refused(package: str, build: Build, windows_home: WindowsHome) -> None:
    completed = windows_home.run(build("tool", package), "bootstrap")
    assert completed.returncode == 66, completed.stderr
    assert package in completed.stderr
    assert not windows_home.prefix.exists()


def test_events_are_json(build: Build, windows_home: WindowsHome) -> None:
    completed = windows_home.run(build(), "--progress", "json", "bootstrap")
    events = [json.loads(line) for line in completed.stderr.splitlines()]
    assert [events[0]["event"], events[-1]["event"]] == ["start", "done"]
    assert events[0]["prefix"] == spell(windows_home.prefix)


def test_paths_are_shown_as_people_write_them(build: Build, windows_home: WindowsHome) -> None:
    runtime = build()
    windows_home.extra["DEMO_PREFIX"] = "\\\\?\\" + spell(windows_home.prefix)
    assert read_value(windows_home.run(runtime).stdout, "CONDA_PREFIX") == spell(windows_home.prefix)
    shown = windows_home.run(runtime, "status").stdout + windows_home.run(runtime, "uninstall", "-y").stdout
    assert spell(runtime) in shown
    assert "\\\\?\\" not in shown
