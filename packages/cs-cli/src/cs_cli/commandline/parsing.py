"""From the words of a command line to the options of a command.

argparse takes the flags apart. Which command it is, what a value means, and what is wrong with the words is decided
here, and in ``slips.py``: argparse would say ``invalid choice`` and ``unrecognized arguments``.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from typing import Any, NoReturn

from ..errors import CliError
from ..options import HelpOptions, Options, ProjectOptions, VersionOptions
from . import slips
from .flags import COMMON, HELP_FLAGS, VERSION_FLAGS
from .table import SUMMARIES, list_groups, load_command
from .values import Command, Flag, Positional

_PATHS = ("file", "directory")
"""What a flag completes whose value is a path."""
_LETTERS = re.compile("-[hVqvy]{2,}")
"""Several flags of one letter in one word; none of them takes a value."""


class _Parser(argparse.ArgumentParser):
    """A parser of flags, without abbreviations: a flag added later must not change what a script means."""

    def __init__(self, flags: Sequence[Flag]) -> None:
        super().__init__(allow_abbrev=False, add_help=False, exit_on_error=False)
        for flag in flags:
            self.add_argument(*flag.names, **_translate(flag))

    def error(self, message: str) -> NoReturn:
        raise CliError(message, kind="usage")


def parse_arguments(words: Sequence[str]) -> Options:
    """Parse a command line.

    :param words: arguments without the program's name.
    :raises CliError: ``usage``.
    """
    own, rest = split_words(words)
    leading, name, following = _find_command(own)
    asked = [word for word in own if word in HELP_FLAGS]
    asks_version = any(word in VERSION_FLAGS for word in leading)
    is_alone = name in ("", *list_groups())
    if (asks_version or is_alone) and not asked:
        # There is no command to refuse wrong flags: `help` does, which has only those of every command.
        _take_flags(replace(load_command("help"), name=name), [word for word in leading if word not in VERSION_FLAGS])
    if asks_version:
        return VersionOptions(is_short=not {"-v", "--verbose"} & {*own}, json=False)
    if asked or is_alone:
        return HelpOptions(words=tuple(name.split()), is_long="--help" in asked, man=False, is_lost=not asked)
    command = load_command(name)
    return read_options(command, [*leading, *following], rest)


def read_options(command: Command, words: Sequence[str], rest: Sequence[str] = ()) -> Options:
    """Turn the words after a command into its options.

    :param rest: what came after ``--``.
    :raises CliError: ``usage``.
    """
    values, others = _take_flags(command, words)
    values |= _read_positional(command, [*others, *rest])
    values |= command.fixed
    if command.check is not None:
        command.check(values)
    if issubclass(command.options, ProjectOptions):
        from .settings import pick_overrides

        values["overrides"] = pick_overrides(values)
    return command.options(**{field.name: values[field.name] for field in fields(command.options)})


def split_words(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Cut a command line at the first ``--``; before it, each flag becomes a word of its own: ``-vy`` is ``-v -y``."""
    border = list(words).index("--") if "--" in words else len(words)
    own = [one for word in words[:border] for one in _part_letters(word)]
    return own, list(words[border + 1 :])


def _part_letters(word: str) -> list[str]:
    return [f"-{letter}" for letter in word[1:]] if _LETTERS.fullmatch(word) else [word]


def _find_command(words: Sequence[str]) -> tuple[list[str], str, list[str]]:
    """Find the command, its name in full, among the words.

    :returns: flags before it, the command (empty if there is none), and what follows it.
    :raises CliError: ``usage`` if there is no such command.
    """
    leading, following = _part_leading(words)
    if not following:
        return leading, "", []
    name = following.pop(0)
    if name in list_groups():
        between, following = _part_leading(following)
        leading += between
        name = " ".join([name, *following[:1]])
        del following[:1]
    if name not in SUMMARIES and name not in list_groups():
        raise slips.unknown_command(name)
    return leading, name, following


def _part_leading(words: Sequence[str]) -> tuple[list[str], list[str]]:
    count = _count_leading(words)
    return list(words[:count]), list(words[count:])


def _count_leading(words: Sequence[str]) -> int:
    """Count the words before the command: flags that every command has, with their values."""
    with_value = {name for flag in COMMON if flag.metavar for name in flag.names}
    known = {name for flag in COMMON for name in flag.names}
    index = 0
    while index < len(words) and words[index].startswith("-"):
        name, equals, _ = words[index].partition("=")
        if name not in known and words[index] not in (*HELP_FLAGS, *VERSION_FLAGS):
            raise slips.unknown_leading_flag(name)
        index += 2 if name in with_value and not equals else 1
    return min(index, len(words))


def _take_flags(command: Command, words: Sequence[str]) -> tuple[dict[str, Any], list[str]]:
    """Take the flags out of the words.

    :returns: the value of each flag by its attribute, and the words that are left.
    """
    parser = _Parser(command.flags)
    try:
        found, others = parser.parse_known_args(list(words))
    except argparse.ArgumentError as error:
        flag = next(flag for flag in command.flags if flag.name in (error.argument_name or "").split("/"))
        raise slips.wrong_form(flag, command, words) from None
    for word in others:
        if word.startswith("-") and word != "-":
            raise slips.unknown_flag(word, command, words)
    values = vars(found)
    for flag in command.flags:
        values[flag.attribute] = _read_value(flag, values[flag.attribute], command)
    if values.get("quiet") and values.get("verbose"):
        raise slips.opposite_flags()
    return values, others


def _translate(flag: Flag) -> dict[str, Any]:
    """Translate a flag for argparse, which keeps values as they were typed."""
    options: dict[str, Any] = {"dest": flag.attribute, "default": flag.initial}
    if flag.metavar is None:
        return {**options, "action": "store_const", "const": flag.constant}
    if flag.optional:
        return {**options, "nargs": "?", "const": flag.constant}
    return {**options, "default": None, "action": "append"} if flag.repeated else options


def _read_value(flag: Flag, value: Any, command: Command) -> Any:
    """Read what was typed for a flag; values that nobody typed are left alone."""
    has_words = flag.choices or flag.words  # the error for a wrong one lists them
    if flag.metavar and not has_words and (value == "" or (flag.repeated and "" in (value or ()))):
        raise slips.empty_value(flag.name, flag.completion)
    if flag.repeated:
        return flag.initial if value is None else [one for word in value for one in flag.read(word)]
    if not isinstance(value, str) or value is flag.initial:
        return value
    if flag.choices and value not in flag.choices:
        raise slips.wrong_choice(value, flag.choices, flag.name, command)
    return flag.read(value)


def _read_positional(command: Command, words: Sequence[str]) -> dict[str, Any]:
    positional = command.positional
    if positional is None:
        if words:
            raise slips.unexpected(words[0], command)
        return {}
    if positional.required and not words:
        raise slips.missing(positional, command)
    if not positional.many and len(words) > 1:
        raise slips.unexpected(words[1], command)
    values = list(_read_words(positional, words, command))
    return {positional.attribute: tuple(values) if positional.many else next(iter(values), None)}


def _read_words(positional: Positional, words: Sequence[str], command: Command) -> Iterator[Any]:
    for word in words:
        if positional.choices and word not in positional.choices:
            raise slips.wrong_choice(word, positional.choices, positional.metavar, command)
        if positional.completion in _PATHS and not word:
            raise slips.empty_value(positional.metavar, positional.completion)
        yield positional.read(word)
