"""What people type wrong, and what `cs` answers."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_samples import Cs
from cs_cli import __version__
from cs_cli.commandline.parsing import parse_arguments
from cs_cli.commandline.table import SUMMARIES, load_command
from cs_cli.errors import CliError

SLIPS = [
    ("biuld", "unknown command 'biuld'", "did you mean 'build'? cs help lists all commands"),
    ("Build", "unknown command 'Build'", "did you mean 'build'? cs help lists all commands"),
    ("frobnicate", "unknown command 'frobnicate'", "cs help lists all commands"),
    ("cache claen", "unknown command 'claen' of cs cache", "did you mean 'clean'? see cs cache --help"),
    ("help biuld", "unknown command 'biuld'", "did you mean 'build'? cs help lists all commands"),
    ("build --layuot online", "unknown flag '--layuot'", "did you mean '--layout'? see cs build --help"),
    ("build --layuot=online", "unknown flag '--layuot'", "did you mean '--layout'? see cs build --help"),
    ("build --outdir x", "unknown flag '--outdir'", "did you mean '--out-dir'? see cs build --help"),
    ("build -quiet", "unknown flag '-quiet'", "did you mean '--quiet'? see cs build --help"),
    ("build -x", "unknown flag '-x'", "see cs build --help"),
    ("build --foo", "unknown flag '--foo'", "see cs build --help"),
    ("build --channels x", "unknown flag '--channels'", "see cs build --help"),
    ("build --frobnicate", "unknown flag '--frobnicate'", "see cs build --help"),
    ("build --install-path p", "unknown flag '--install-path'", "it is a flag of cs run"),
    ("verify dist --dry-run", "unknown flag '--dry-run'", "it is a flag of cs "),
    ("run -t hi", "unknown flag '-t'", "to pass -t to the runtime: cs run -- -t hi; see cs run --help"),
    ("run a -c 'b c'", "unknown flag '-c'", "to pass -c to the runtime: cs run -- -c 'b c'; see cs run --help"),
    ("run --out-dir x", "unknown flag '--out-dir'", "it is a flag of cs "),
    ("--dry-rnu build", "unknown flag '--dry-rnu'", "see cs --help"),
    (
        "--out-dir x build",
        "unknown flag '--out-dir'",
        "it is a flag of cs ",
    ),
    ("--quite build", "unknown flag '--quite'", "did you mean '--quiet'? see cs --help"),
    ("build --layout", "--layout needs a value: LAYOUT", "see cs build --help"),
    ("build --layout --offline", "--layout needs a value: LAYOUT", "see cs build --help"),
    ("build --quiet=yes", "--quiet takes no value", "see cs build --help"),
    ("build --color blue", "--color: 'blue' is not one of auto, always, never", None),
    ("build --color alway", "--color: 'alway' is not one of auto, always, never", "did you mean 'always'?"),
    ("completions bsh", "SHELL: 'bsh' is not one of bash, zsh, fish, powershell", "did you mean 'bash'?"),
    ("verify", "PATH is missing: a directory written by cs build, a runtime or a bundle", "see cs verify --help"),
    ("build dist", "unexpected argument 'dist'", "see cs build --help"),
    ("sign dist other", "unexpected argument 'other'", "see cs sign --help"),
]


@pytest.mark.parametrize(("words", "message", "hint"), SLIPS)
def test_the_first_line_says_what_is_wrong_and_the_second_what_was_meant(
    words: str, message: str, hint: str | None, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = cs(*shlex.split(words))
    first, *others = outcome.err.splitlines()
    assert (outcome.status, outcome.out, first) == (2, "", f"error: {message}")
    assert others == [] if hint is None else others[0].startswith(f"  hint: {hint}")


def test_a_word_behind_dashes_is_no_slip(cs: Cs) -> None:
    assert parse_arguments(["run", "--", "--layuot"]).command == "run"
    assert cs("verify", "--", "-missing").err.startswith("error: -missing: no such file or directory")


def test_without_a_command_the_help_goes_to_stderr(cs: Cs) -> None:
    """As in uv, so that a script in which the variable of the command is empty fails."""
    outcome = cs()
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err == cs("-h").out
    assert cs("cache").err == cs("cache", "-h").out


@pytest.mark.parametrize(
    ("words", "same"),
    [
        (("help", "build"), ("build", "--help")),
        (("--help", "build"), ("build", "--help")),
        (("help",), ("--help",)),
        (("help", "cache"), ("cache", "--help")),
        (("help", "cache", "clean"), ("cache", "clean", "--help")),
        (("build", "--no-such-flag", "-h"), ("build", "-h")),
        (("-q", "build", "-h"), ("build", "-h")),
    ],
)
def test_help_can_be_asked_for_in_several_ways(words: tuple[str, ...], same: tuple[str, ...], cs: Cs) -> None:
    outcome = cs(*words)
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome == cs(*same)


def test_flags_of_every_command_may_stand_before_it() -> None:
    words = ["--color=never", "-v", "--error-format", "json"]
    assert parse_arguments([*words, "build", "-q"]) == parse_arguments(["build", *words, "-q"])


def test_the_version_is_short_unless_more_is_asked_for(cs: Cs) -> None:
    assert cs("--version").out == cs("-V").out == f"cs {__version__}\n"
    assert cs("version").out == cs("--version", "--verbose").out == cs("-V", "-v").out
    assert cs("version").out.startswith(f"cs {__version__}\nPython ")


def test_versions_name_the_template_and_the_packages(cs: Cs, template: object) -> None:
    assert f"for linux-64  {template}" in cs("version").out


@given(st.sampled_from(sorted(SUMMARIES)), st.data())
def test_a_flag_with_two_letters_swapped_is_recognised(name: str, data: st.DataObject) -> None:
    flags = [flag.name for flag in load_command(name).flags if len(flag.name) > 6]
    flag = data.draw(st.sampled_from(flags))
    place = data.draw(st.integers(2, len(flag) - 2))
    wrong = f"{flag[:place]}{flag[place + 1]}{flag[place]}{flag[place + 2 :]}"
    known = {one for flag in load_command(name).flags for one in flag.names}
    if wrong in known:
        return
    with pytest.raises(CliError) as caught:
        parse_arguments([*name.split(), wrong])
    assert "did you mean '--" in (caught.value.hint or "")
