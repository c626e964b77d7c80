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
from cs_cli.options import RunOptions

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
    ("build --layout", "--layout needs a value: one of online, external, embedded", "see cs build --help"),
    ("build --layout --offline", "--layout needs a value: one of online, external, embedded", "see cs build --help"),
    ("build --quiet=yes", "--quiet takes no value", "see cs build --help"),
    ("build --out-dir", "--out-dir needs a value: DIR", "see cs build --help"),
    ("--color", "--color needs a value: one of auto, always, never", "see cs --help"),
    ("-q --error-format", "--error-format needs a value: one of text, json", "see cs --help"),
    ("--color inspect", "--color: 'inspect' is not one of auto, always, never", None),
    ("cache --color", "--color needs a value: one of auto, always, never", "see cs cache --help"),
    ("cache --frobnicate", "unknown flag '--frobnicate'", "see cs --help"),
    ("cache --cache-dir x info", "unknown flag '--cache-dir'", "it is a flag of cs "),
    ("build -vq", "--verbose: cannot be used with --quiet", None),
    ("-vq", "--verbose: cannot be used with --quiet", None),
    ("cache -vq", "--verbose: cannot be used with --quiet", None),
    ("-qvV", "--verbose: cannot be used with --quiet", None),
    ("-qv build", "--verbose: cannot be used with --quiet", None),
    ("-v build --quiet", "--verbose: cannot be used with --quiet", None),
    ("build -qx", "unknown flag '-qx'", "see cs build --help"),
    ("build -V", "unknown flag '-V'", "for the version: cs --version; see cs build --help"),
    ("build --version", "unknown flag '--version'", "for the version: cs --version; see cs build --help"),
    ("completions --shell zsh", "unknown flag '--shell'", "leave --shell out: cs completions SHELL; see"),
    ("verify --path dist", "unknown flag '--path'", "leave --path out: cs verify PATH; see"),
    ("inspect --format html", "--format: 'html' is not one of text, markdown", "use --html FILE instead"),
    ("inspect --format json", "--format: 'json' is not one of text, markdown", "use --json instead"),
    ("help biuld now", "unknown command 'biuld'", "did you mean 'build'? cs help lists all commands"),
    ("help build now", "unexpected argument 'now'", "see cs help build"),
    ("help help now", "unexpected argument 'now'", "see cs help help"),
    ("help cache clean now", "unexpected argument 'now'", "see cs help cache clean"),
    ("help cache claen now", "unknown command 'claen' of cs cache", "did you mean 'clean'? see cs cache --help"),
    ("build ''", "unexpected argument ''", "see cs build --help"),
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
    assert parse_arguments([*words, "build", "--offline"]) == parse_arguments(["build", *words, "--offline"])
    assert parse_arguments([*words, "cache", "info"]) == parse_arguments(["cache", *words, "info"])
    assert parse_arguments(["cache", "-V"]) == parse_arguments(["-V", "cache"])


def test_letters_may_be_one_word() -> None:
    letters = {"-h", "-V", *(flag.short for one in SUMMARIES for flag in load_command(one).flags if not flag.metavar)}
    assert {f"-{letter}" for letter in "hVqvy"} == letters - {None}
    assert parse_arguments(["-vV"]) == parse_arguments(["-v", "-V"])
    assert parse_arguments(["build", "-vh"]) == parse_arguments(["build", "-v", "-h"])
    assert parse_arguments(["-vv", "build"]) == parse_arguments(["build", "-v"])
    assert parse_arguments(["init", "-yq"]) == parse_arguments(["init", "-y", "-q"])
    options = parse_arguments(["run", "--", "-vq"])
    assert isinstance(options, RunOptions)
    assert options.arguments == ("-vq",)


def test_all_details_are_shown_however_they_are_asked_for(cs: Cs) -> None:
    """An error knows how long it may be before anything is parsed."""
    assert cs("verify", "--no-such-flag", "-yv").err == cs("verify", "--no-such-flag", "-y", "-v").err


def test_the_help_of_a_group_names_its_commands(cs: Cs) -> None:
    assert "\ncs help cache COMMAND describes a command.\n" in cs("cache", "-h").out
    assert "\ncs help COMMAND describes a command.\n" in cs("-h").out


@pytest.mark.parametrize(
    ("name", "flag"),
    [
        (name, flag.name)
        for name in SUMMARIES
        for flag in load_command(name).flags
        if flag.metavar and not (flag.choices or flag.words or flag.completion in ("file", "directory"))
    ],
)
def test_no_value_is_empty(name: str, flag: str, cs: Cs) -> None:
    """A script in which a variable is not set fails, instead of doing something else."""
    outcome = cs(*name.split(), f"{flag}=")
    assert (outcome.status, outcome.err) == (2, f"error: {flag}: the value is empty\n")


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
