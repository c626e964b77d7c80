"""Completions for bash, from version 3.2 (macOS) on; the package bash-completion is not needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..flags import COMMON
from ..table import SUMMARIES, list_groups
from ..values import Command, Flag, Positional
from .offers import (
    ASK,
    HELP,
    VERSION,
    iterate_names,
    list_first_words,
    list_second_words,
    list_words,
    name_function,
)

_START = f"""# Completions of cs for bash: eval "$(cs completions bash)"

_cs_offer() {{
    local word
    # No compgen -W: it would carry out what a name of the workspace says.
    while IFS= read -r word; do
        [[ -n $word && $word == "$cur"* ]] && COMPREPLY+=("$(printf %q "$word")")
    done <<< "$1"
}}

_cs_ask() {{
    _cs_offer "$({ASK} "$1" 2>/dev/null)"
}}

_cs_paths() {{
    local word
    while IFS= read -r word; do
        COMPREPLY+=("$word")
    done < <(compgen "$1" -- "$cur")
    compopt -o filenames 2>/dev/null || for word in "${{!COMPREPLY[@]}}"; do
        COMPREPLY[word]=$(printf %q "${{COMPREPLY[word]}}")
    done
}}
"""

_END = """
_cs() {
    local cur=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD-1]} command= word index
    # bash takes --flag=value apart at the equals sign.
    if [[ $cur == = ]]; then
        cur=
    elif [[ $flag == = ]]; then
        flag=${COMP_WORDS[COMP_CWORD-2]}
    fi
    COMPREPLY=()
    for ((index = 1; index < COMP_CWORD; index++)); do
        word=${COMP_WORDS[index]}
        [[ $word == -- ]] && return
        case "$command $word" in
%s        esac
    done
    case $command in
%s        *) _cs_first ;;
    esac
}

complete -F _cs cs
"""


def render_bash(commands: Iterable[Command]) -> str:
    """Render the script."""
    commands = tuple(commands)
    functions = [*map(_render_command, commands), *map(_render_group, list_groups()), _render_first()]
    names = [*SUMMARIES, *list_groups()]
    ways = "".join(f"            '{_step(name)}') command='{name}' ;;\n" for name in names)
    calls = "".join(f"        '{name}') {name_function(name)} ;;\n" for name in names)
    return "".join([_START, *functions, _END % (ways, calls)])


def _step(name: str) -> str:
    """Return what the script has seen when it gets to a command: the words before, and the last one."""
    first, _, second = name.partition(" ")
    return f"{first} {second}" if second else f" {first}"


def _render_command(command: Command) -> str:
    takers = [flag for flag in command.flags if flag.metavar is not None]
    cases = "".join(_render_case(flag) for flag in takers)
    return (
        f"\n{name_function(command.name)}() {{\n    case $flag in\n{cases}    esac\n"
        f"    if [[ $cur == -* ]]; then\n        _cs_offer '{_join(iterate_names(command))}'\n"
        f"    else\n        {_offer(command.positional)}\n    fi\n}}\n"
    )


def _render_case(flag: Flag) -> str:
    names = "|".join(name for name in flag.names)
    return f"        {names}) {_offer(flag)}; return ;;\n"


def _offer(taker: Flag | Positional | None) -> str:
    """Return the command that offers values."""
    words = () if taker is None else list_words(taker)
    kind = None if taker is None else taker.completion
    if words:
        return f"_cs_offer '{_join(words)}'"
    if kind == "command":
        return f"_cs_offer '{_join(word.text for word in list_first_words())}'"
    return {"file": "_cs_paths -f", "directory": "_cs_paths -d", None: ":"}.get(kind) or f"_cs_ask {kind}"


def _render_group(group: str) -> str:
    words = _join(word.text for word in list_second_words(group))
    return f"\n{name_function(group)}() {{\n    _cs_offer '{words}'\n}}\n"


def _render_first() -> str:
    cases = "".join(_render_case(flag) for flag in COMMON if flag.metavar is not None)
    names = [name for flag in (*COMMON, HELP, VERSION) for name in (flag.short, flag.name) if name]
    words = _join([*(word.text for word in list_first_words()), *names])
    return f"\n_cs_first() {{\n    case $flag in\n{cases}    esac\n    _cs_offer '{words}'\n}}\n"


def _join(words: Iterable[str] | Iterator[str]) -> str:
    """Put words on lines of their own, between single quotes."""
    return "\n".join(words)
