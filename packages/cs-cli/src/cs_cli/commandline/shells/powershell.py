"""Completions for PowerShell, from version 5.1 on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..flags import COMMON
from ..table import list_groups
from ..values import Command, Flag, Positional
from .offers import ASK, HELP, VERSION, Word, list_first_words, list_flags, list_second_words, list_words, plain

_TEXT = """# Completions of cs for PowerShell: cs completions powershell | Out-String | Invoke-Expression

Register-ArgumentCompleter -Native -CommandName cs -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    # What follows each command: a word, and what it means.
    $words = @{
%s    }
    # What follows each flag that takes a value: words, or a block that finds them.
    $values = @{
%s    }

    $command = ''
    $previous = ''
    foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {
        if ($element.Extent.EndOffset -ge $cursorPosition -and $wordToComplete -ne '') { break }
        $previous = $element.Extent.Text
        if ($previous -eq '--') { return }
        $name = "$command $previous".Trim()
        if ($words.ContainsKey($name)) { $command = $name }
    }

    $found = @()
    if ($values.ContainsKey("$command $previous")) {
        $value = $values["$command $previous"]
        if ($value -is [scriptblock]) { $value = & $value }
        $found = $value | ForEach-Object { , @($_, $_) }
    } else {
        $found = $words[$command]
    }
    foreach ($one in $found) {
        if ($one[0] -like "$wordToComplete*") {
            $text = $one[0]
            if ($text -notmatch '^[A-Za-z0-9_.-]+$') { # a name of the workspace may be a command of PowerShell
                $text = [System.Management.Automation.Language.CodeGeneration]::EscapeSingleQuotedStringContent($text)
                $text = "'$text'"
            }
            [System.Management.Automation.CompletionResult]::new($text, $one[0], 'ParameterValue', $one[1])
        }
    }
}
"""


def render_powershell(commands: Iterable[Command]) -> str:
    """Render the script. Where nothing is offered, PowerShell completes files by itself."""
    commands = tuple(commands)
    following = {"": [*list_first_words(), *_list_flags((*COMMON, HELP, VERSION))]}
    following |= {group: [*list_second_words(group), *_list_flags((HELP,))] for group in list_groups()}
    following |= {one.name: [*_list_values(one.positional), *_list_flags(list_flags(one))] for one in commands}
    words = "".join(_render_words(name, words) for name, words in following.items())
    values = "".join(line for one in commands for line in _render_values(one))
    return _TEXT % (words, values)


def _list_flags(flags: Iterable[Flag]) -> Iterator[Word]:
    for flag in flags:
        for name in filter(None, (flag.short, flag.name)):
            yield Word(text=name, help=plain(flag.help))


def _list_values(positional: Positional | None) -> Iterator[Word]:
    if positional is not None:
        words = [word.text for word in list_first_words()] if positional.completion == "command" else positional.choices
        yield from (Word(text=word, help=plain(positional.help)) for word in words)


def _render_words(command: str, words: Iterable[Word]) -> str:
    pairs = "".join(f"            , @({_quote(word.text)}, {_quote(word.help)})\n" for word in words)
    return f"        {_quote(command)} = @(\n{pairs}        )\n"


def _render_values(command: Command) -> Iterator[str]:
    for flag in command.flags:
        words = list_words(flag)
        if words and not flag.optional:
            value = f"@({', '.join(map(_quote, words))})"
        elif flag.completion in ("environment", "platform"):
            value = f"{{ {ASK} {flag.completion} 2>$null }}"
        else:
            continue
        for name in flag.names:
            yield f"        {_quote(f'{command.name} {name}')} = {value}\n"


def _quote(text: str) -> str:
    """Quote a text for PowerShell."""
    inner = text.replace("'", "''")
    return f"'{inner}'"
