"""Completions for fish."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..flags import COMMON
from ..table import SUMMARIES, list_groups
from ..values import Command, Flag, Positional
from .offers import ASK, HELP, VERSION, Word, list_first_words, list_flags, list_second_words, list_words, plain

_START = """# Completions of cs for fish: cs completions fish > ~/.config/fish/completions/cs.fish

function __cs_command --description 'the command that was typed, in full'
    set -l command
    for word in (commandline -opc)[2..-1]
        test "$word" = --; and break
        set -l name (string trim "$command $word")
        contains -- "$name" %s; and set command $name
    end
    string join ' ' -- $command
end

function __cs_is --description 'whether this command was typed, and no -- after it'
    set -l command (__cs_command)
    not contains -- -- (commandline -opc); and test "$command" = "$argv[1]"
end

complete -c cs -f
"""


def render_fish(commands: Iterable[Command]) -> str:
    """Render the script."""
    lines = [*_offer_words("", list_first_words()), *_offer_flags("", (*COMMON, HELP, VERSION))]
    for group in list_groups():
        lines += [*_offer_words(group, list_second_words(group)), *_offer_flags(group, (HELP,))]
    for command in commands:
        lines += _offer_flags(command.name, list_flags(command))
        if command.positional is not None:
            lines.append(f"{_start(command.name)} {_offer(command.positional)}")
    names = " ".join(map(_quote, (*SUMMARIES, *list_groups())))
    return "\n".join([_START % names, *lines, ""])


def _start(command: str) -> str:
    return f"complete -c cs -n {_quote(f'__cs_is {_quote(command)}')}"


def _offer_words(command: str, words: Iterable[Word]) -> Iterator[str]:
    for word in words:
        yield f"{_start(command)} -f -a {word.text} -d {_quote(word.help)}"


def _offer_flags(command: str, flags: Iterable[Flag]) -> Iterator[str]:
    for flag in flags:
        short = f" -s {flag.short[1:]}" if flag.short else ""
        value = "" if flag.metavar is None or flag.optional else f" {_offer(flag)}"
        yield f"{_start(command)}{short} -l {flag.name[2:]}{value} -d {_quote(plain(flag.help))}"


def _offer(taker: Flag | Positional) -> str:
    """Return what offers values; ``-x`` and ``-r`` say that a flag must have one."""
    words, is_flag = list_words(taker), isinstance(taker, Flag)
    if taker.completion == "command":
        words = tuple(word.text for word in list_first_words())
    if taker.completion == "file":
        return "-r -F" if is_flag else "-F"
    start = "-x" if is_flag else "-f"
    if words:
        return f"{start} -a {_quote(' '.join(words))}"
    if taker.completion == "directory":
        return f"{start} -a '(__fish_complete_directories)'"
    return f"{start} -a '({ASK} {taker.completion} 2>/dev/null)'" if taker.completion else start


def _quote(text: str) -> str:
    """Quote a text for fish."""
    inner = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{inner}'"
