"""What is wrong with a command line, and what was probably meant."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from ..errors import CliError
from .flags import COMMON
from .table import SUMMARIES, list_groups, load_commands
from .values import Command, Flag, Positional


def unknown_command(name: str) -> CliError:
    """Return the error for a command that does not exist."""
    group, _, word = name.partition(" ")
    if group in list_groups():
        known = [one.partition(" ")[2] for one in SUMMARIES if one.startswith(f"{group} ")]
        return _usage(f"unknown command {word!r} of cs {group}", _suggest(word, known), f"see cs {group} --help")
    known = list(dict.fromkeys(one.partition(" ")[0] for one in SUMMARIES))
    return _usage(f"unknown command {name!r}", _suggest(name, known), "cs help lists all commands")


def unknown_leading_flag(name: str) -> CliError:
    """Return the error for an unknown flag before the command."""
    owners = _list_owners(name)
    hint = f"it is a flag of {_join(owners)}: put it after the command" if owners else None
    known = [one for flag in COMMON for one in flag.names]
    return _usage(f"unknown flag {name!r}", hint or _suggest(name, [*known, "--help", "--version"]), "see cs --help")


def unknown_flag(word: str, command: Command, words: Sequence[str]) -> CliError:
    """Return the error for a flag that a command does not have.

    :param words: all words after the command.
    """
    name = word.partition("=")[0]
    own = [one for flag in command.flags for one in flag.names if one.startswith("--")]
    hints = [_suggest(name, [*own, "--help"]) if len(name) > 2 else None]
    owners = _list_owners(name)
    if owners:
        hints = [f"it is a flag of {_join(owners)}"]
    if command.takes_rest:
        rest = shlex.join(words[list(words).index(word) :])
        hints.append(f"to pass {name} to the runtime: cs {command.name} -- {rest}")
    return _usage(f"unknown flag {name!r}", *hints, see_help(command))


def wrong_form(flag: Flag, command: Command, words: Sequence[str]) -> CliError:
    """Return the error for a flag without its value, or with one that it does not take."""
    if flag.metavar is None:
        typed = next((word for word in words if word.startswith("-") and not word.startswith("--")), "")
        if len(typed) > 2 and typed[:2] == flag.short:
            return unknown_flag(typed, command, words)
        return _usage(f"{flag.name} takes no value", see_help(command))
    return _usage(f"{flag.name} needs a value: {flag.metavar}", see_help(command))


def wrong_choice(word: str, choices: Sequence[str], name: str) -> CliError:
    """Return the error for a value that is not one of a few words."""
    return CliError(
        f"{word!r} is not one of {', '.join(choices)}", kind="usage", flag=name, hint=_suggest(word, choices)
    )


def empty_path(name: str) -> CliError:
    """Return the error for an empty path: often a variable that is not set; taken literally, the current directory."""
    return CliError("the path is empty", kind="usage", flag=name, hint="for the current directory, give a dot: .")


def missing(positional: Positional, command: Command) -> CliError:
    """Return the error for a command without what it is about."""
    return _usage(f"{positional.metavar} is missing: {positional.help.replace('`', '')}", see_help(command))


def unexpected(word: str, command: Command) -> CliError:
    """Return the error for a word too many."""
    return _usage(f"unexpected argument {word!r}", _place(word, command), see_help(command))


def _place(word: str, command: Command) -> str | None:
    """Say which flag takes a path, if the word is that of a workspace or of its manifest."""
    from cs_manifest import MANIFEST_NAMES

    path = Path(word)
    flag = "--manifest" if path.name in MANIFEST_NAMES else "--root"
    found = [path] if flag == "--manifest" else [path / name for name in MANIFEST_NAMES]
    if flag not in {name for one in command.flags for name in one.names} or not any(map(os.path.isfile, found)):
        return None
    return f"for the workspace there: cs {command.name} {flag} {shlex.quote(word)}"


def see_help(command: Command) -> str:
    """Say where the flags of a command are described."""
    return f"see cs {command.name} --help"


def _usage(message: str, *hints: str | None) -> CliError:
    hint = "; ".join(filter(None, hints)).replace("?;", "?")
    return CliError(message, kind="usage", hint=hint)


def _suggest(word: str, known: Sequence[str]) -> str | None:
    from cs_lock import did_you_mean

    return did_you_mean(word, known)


def _list_owners(name: str) -> list[str]:
    """List the commands that have a flag."""
    return [one.name for one in load_commands() if any(name in flag.names for flag in one.flags)]


def _join(names: Sequence[str]) -> str:
    return ", ".join(f"cs {name}" for name in names)
