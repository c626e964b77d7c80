"""Completions for zsh: for a directory of ``fpath``, as ``_cs``, or to evaluate."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..flags import COMMON
from ..table import list_groups
from ..values import Command, Flag, Positional
from .offers import (
    ASK,
    HELP,
    VERSION,
    Word,
    list_first_words,
    list_flags,
    list_second_words,
    list_words,
    name_function,
    plain,
)

_START = f"""#compdef cs
# Completions of cs for zsh: put this into a directory of fpath as _cs, or eval "$(cs completions zsh)"

_cs_ask() {{
    local -a names
    names=(${{(f)"$({ASK} $1 2>/dev/null)"}})
    compadd -a names
}}
"""

_END = """
if [[ $funcstack[1] == _cs ]]; then
    _cs "$@"
else
    compdef _cs cs
fi
"""


def render_zsh(commands: Iterable[Command]) -> str:
    """Render the script."""
    commands = tuple(commands)
    groups = list_groups()
    single = [command.name for command in commands if " " not in command.name]
    functions = [*map(_render_command, commands), *map(_render_group, groups)]
    top = _render_dispatcher("_cs", list_first_words(), [*single, *groups], (*COMMON, HELP, VERSION))
    return "".join([_START, *functions, top, _END])


def _render_command(command: Command) -> str:
    specs = [spec for flag in list_flags(command) for spec in _spell(flag)]
    if command.positional is not None:
        specs.append(_spell_positional(command.positional))
    return f"\n{name_function(command.name)}() {{\n    _arguments -s{_join(specs)}\n}}\n"


def _render_group(group: str) -> str:
    words = list_second_words(group)
    return _render_dispatcher(name_function(group), words, [f"{group} {word.text}" for word in words], (HELP,))


def _render_dispatcher(function: str, words: Iterable[Word], names: Iterable[str], flags: Iterable[Flag]) -> str:
    """Render a function that completes a word, and hands the rest on to the function of that word."""
    specs = [spec for flag in flags for spec in _spell(flag)]
    offered = "".join(f"\n                {_quote(f'{word.text}:{word.help}')}" for word in words)
    cases = "".join(f"                {name.rpartition(' ')[2]}) {name_function(name)} ;;\n" for name in names)
    return (
        f"\n{function}() {{\n    local context state state_descr line\n    typeset -A opt_args\n"
        f"    local -a words_offered\n    _arguments -s -C{_join([*specs, '1: :->first', '*:: :->rest'])}\n"
        f"    case $state in\n        first)\n            words_offered=({offered}\n            )\n"
        f"            _describe command words_offered ;;\n        rest)\n            case $words[1] in\n{cases}"
        f"            esac ;;\n    esac\n}}\n"
    )


def _spell(flag: Flag) -> Iterator[str]:
    """Return what ``_arguments`` takes for each name of a flag."""
    both = " ".join(filter(None, (flag.short, flag.name)))
    start = "*" if flag.repeated else f"({both})"
    help = re.sub(r"([\[\]\\:])", r"\\\1", plain(flag.help))
    for name in filter(None, (flag.short, flag.name)):
        yield f"{start}{name}{_spell_value(flag, help)}"


def _spell_value(flag: Flag, help: str) -> str:
    if flag.metavar is None:
        return f"[{help}]"
    sign = "=-" if flag.optional else "=" if flag.name.startswith("--") else "+"
    colons = "::" if flag.optional else ":"
    return f"{sign}[{help}]{colons}{flag.attribute}:{_act(flag)}"


def _spell_positional(positional: Positional) -> str:
    return f"{'*' if positional.many else '1'}:{positional.metavar}:{_act(positional)}"


def _act(taker: Flag | Positional) -> str:
    words = list_words(taker)
    if taker.completion == "command":
        words = tuple(word.text for word in list_first_words())
    if words:
        return f"({' '.join(words)})"
    known = {"file": "_files", "directory": "_files -/", None: " "}
    return known.get(taker.completion) or f"{{_cs_ask {taker.completion}}}"


def _join(specs: Iterable[str]) -> str:
    return "".join(f" \\\n        {_quote(spec)}" for spec in specs)


def _quote(text: str) -> str:
    """Quote a text for zsh."""
    inner = text.replace("'", "'\\''")
    return f"'{inner}'"
