"""The command line, and what the documentation says of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_samples import build_options, run_options
from cs_cli.commandline.help import render_help
from cs_cli.commandline.parsing import parse_arguments
from cs_cli.commandline.table import load_command
from cs_cli.errors import CliError
from cs_manifest import CONFIG_KEYS, ConfigKey
from terminals import to_plain

COMMANDS = ("inspect", "build", "run", "verify", "sign")
PAGE = Path(__file__).parents[4] / "docs" / "reference" / "cs.md"
SWITCHES = {f"--no-{key.name}" for key in CONFIG_KEYS if key.value_type == "boolean"}
SETTINGS = {flag for key in CONFIG_KEYS for flag in key.flags} | SWITCHES


def flags_of(command: str) -> set[str]:
    """Return the long flags of a command."""
    names = {name for flag in load_command(command).flags for name in flag.names}
    return {name for name in names if name.startswith("--")}


@pytest.mark.parametrize("command", ["inspect", "build", "run"])
def test_every_key_of_the_manifest_is_a_flag_with_its_alias(command: str) -> None:
    assert flags_of(command) >= SETTINGS


def test_flags_that_were_given_override_the_manifest() -> None:
    words = ["--layout", "online", "--exclude-packages", "a", "--exclude", "b", "--no-freeze-base"]
    assert build_options(*words).overrides == {"layout": "online", "exclude": ["a", "b"], "freeze-base": False}
    assert build_options().overrides == {}


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (["--freeze-base"], True),
        (["--freeze-base=true"], True),
        (["--freeze-base=false"], False),
        (["--no-freeze-base"], False),
        (["--freeze-base", "--no-freeze-base"], False),
        (["--freeze-base=yes"], "yes"),
    ],
)
def test_a_switch_takes_true_and_false_too_and_leaves_other_words_to_be_refused(
    words: list[str], value: bool | str
) -> None:
    assert build_options(*words).overrides == {"freeze-base": value}


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["--exclude=a,b", "--exclude", "c"], ["a", "b", "c"]),
        (["--exclude= a, b\nc,\n"], ["a", "b", "c"]),
        (["--exclude= ,"], [""]),
    ],
)
def test_a_list_is_split_at_commas_and_white_space(words: list[str], names: list[str]) -> None:
    assert build_options(*words).overrides == {"exclude": names}


@pytest.mark.parametrize(
    ("words", "paths"),
    [
        (["--archives=a b,c", "--archives", "d"], ["a b,c", "d"]),
        (["--archives=a\n b \n\n"], ["a", "b"]),
    ],
)
def test_a_list_of_paths_is_split_at_line_ends_alone(words: list[str], paths: list[str]) -> None:
    assert build_options(*words).overrides == {"archives": paths}


@pytest.mark.parametrize("key", CONFIG_KEYS, ids=lambda key: key.name)
def test_help_says_what_a_key_means_its_words_and_its_default(key: ConfigKey) -> None:
    lines = to_plain(render_help("build", is_long=True, width=80))
    text = " ".join(" ".join(lines).split())
    assert key.help.replace("`", "") in text
    assert all(word in text for word in key.choices)
    assert not key.choices or f"default: {key.default}" in text


@pytest.mark.parametrize(
    ("words", "arguments"),
    [
        ([], []),
        (["--", "-c", "x"], ["-c", "x"]),
        (["--", "a", "--", "--help"], ["a", "--", "--help"]),
        (["plain"], ["plain"]),
        (["-q", "plain", "--", "-q"], ["plain", "-q"]),
        (["--", ""], [""]),
    ],
)
def test_everything_behind_the_first_dashes_is_the_runtimes(words: list[str], arguments: list[str]) -> None:
    assert run_options(*words).arguments == tuple(arguments)


def test_abbreviations_are_refused() -> None:
    with pytest.raises(CliError, match="unknown flag '--lay'"):
        parse_arguments(["build", "--lay", "online"])
