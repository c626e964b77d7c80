"""What is wrong with a command line, and what was probably meant."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from ..errors import CliError
from .flags import COMMON, QUIET, VERBOSE, VERSION_FLAGS
from .table import SUMMARIES, list_groups, load_commands
from .values import Command, Completion, Flag, Positional


def unknown_command(name: str) -> CliError:
    """Return the error for a command that does not exist."""
    group, word, *_ = [*name.split(" "), ""]
    if group in list_groups():
        known = [one.partition(" ")[2] for one in SUMMARIES if one.startswith(f"{group} ")]
        return _usage(f"unknown command {word!r} of cs {group}", _suggest(word, known), f"see cs {group} --help")
    known = list(dict.fromkeys(one.partition(" ")[0] for one in SUMMARIES))
    return _usage(f"unknown command {group!r}", _suggest(group, known), "cs help lists all commands")


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
    if owners := _list_owners(name):
        hints = [f"it is a flag of {_join(owners)}"]
    elif name in VERSION_FLAGS:
        hints = ["for the version: cs --version"]
    elif command.positional is not None and name == f"--{command.positional.metavar.lower()}":
        hints = [f"leave {name} out: cs {command.name} {command.positional.metavar}"]
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
    words = (*flag.choices, *flag.words)
    wanted = f"one of {', '.join(words)}" if words else flag.metavar
    return _usage(f"{flag.name} needs a value: {wanted}", see_help(command))


def opposite_flags() -> CliError:
    """Return the error for the two flags of which one takes back what the other asks for."""
    return CliError(f"cannot be used with {QUIET.name}", kind="usage", flag=VERBOSE.name)


def wrong_choice(word: str, choices: Sequence[str], name: str, command: Command) -> CliError:
    """Return the error for a value that is not one of a few words; it may be the name of a flag."""
    from .help import spell

    flag = next((flag for flag in command.flags if flag.name == f"--{word}"), None)
    hint = f"use {spell(flag)} instead" if flag else _suggest(word, choices)
    return CliError(f"{word!r} is not one of {', '.join(choices)}", kind="usage", flag=name, hint=hint)


def empty_value(name: str, completion: Completion | None) -> CliError:
    """Return the error for an empty value: often of a variable that is not set.

    :param completion: what the value is. Taken literally, an empty path would be the current directory.
    """
    thing = "path" if completion in ("file", "directory") else "value"
    hint = "for the current directory, give a dot: ." if completion == "directory" else None
    return CliError(f"the {thing} is empty", kind="usage", flag=name, hint=hint)


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
    is_known = flag in {name for one in command.flags for name in one.names}
    if not (word and is_known and any(map(os.path.isfile, found))):
        return None
    return f"for the workspace there: cs {command.name} {flag} {shlex.quote(word)}"


def see_help(command: Command) -> str:
    """Say where the flags of a command are described."""
    return " ".join(["see cs", *command.name.split(), "--help"])


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
