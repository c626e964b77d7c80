"""Only a template that refuses to run, and a runtime that does what it should, are accepted."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest
from smoke import Case, SmokeError, boot, check_refusal

CASE = Case(platform="linux-64")
REFUSAL = 'echo "cs-template: error: this is an unstamped template" >&2; exit 78'
# What a runtime does: installs and prints its arguments, reports, removes itself.
RUNTIME = """\
case $1 in
    status) test -d "$SMOKE_PREFIX" ;;
    uninstall) rm -r "$SMOKE_PREFIX" ;;
    *) mkdir -p "$SMOKE_PREFIX" || exit 1; printf '%s\\n' "$@"; exit 7 ;;
esac
"""


def write_program(directory: Path, script: str, name: str = "cs-template") -> Path:
    """Write a program that pretends to be a template or a runtime."""
    program = directory / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def test_a_template_that_refuses_is_accepted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write_program(tmp_path, REFUSAL)
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    check_refusal(CASE)


@pytest.mark.parametrize("script", ["exit 78", REFUSAL.replace("78", "0"), "kill -9 $$"])
def test_a_template_must_start_and_refuse(script: str, tmp_path: Path) -> None:
    with pytest.raises(SmokeError, match="the template does not refuse to run: status"):
        check_refusal(Case(platform="linux-64", template=write_program(tmp_path, script)))


def test_a_template_must_be_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    with pytest.raises(SmokeError, match="not installed"):
        check_refusal(CASE)


def test_a_program_of_another_platform_is_started_by_what_runs_it(tmp_path: Path) -> None:
    starter = write_program(tmp_path, 'test "$1" = an-option && shift && exec sh "$@"', "starter")
    check_refusal(
        Case(platform="win-64", template=write_program(tmp_path, REFUSAL), starter=[str(starter), "an-option"])
    )


def test_a_runtime_that_does_what_it_should_is_accepted(tmp_path: Path) -> None:
    boot(CASE, write_program(tmp_path, RUNTIME), tmp_path / "prefix")


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ("exit 7", "exit 0", "the first run of .+: status 0"),
        ("'%s\\n'", "'%s '", "the first run of .+: status 7, output 'one two three '"),
        ("mkdir -p", "mkdir", "the second run of .+ File exists"),
        ("test -d", "test -f", "status: status 1"),
        ("rm -r", "rm", "uninstall -y: status 1"),
        ("rm -r", "true", "uninstall left"),
    ],
)
def test_a_runtime_that_does_something_else_is_refused(right: str, wrong: str, problem: str, tmp_path: Path) -> None:
    script = RUNTIME.replace(right, wrong)
    with pytest.raises(SmokeError, match=problem):
        boot(CASE, write_program(tmp_path, script), tmp_path / "prefix")


def test_paths_are_spelled_as_the_platform_does(tmp_path: Path) -> None:
    assert CASE.spell(Path("/a/b")) == "/a/b"
    assert Case(platform="win-64").spell(Path("/a b/c")) == "Z:\\a b\\c"
