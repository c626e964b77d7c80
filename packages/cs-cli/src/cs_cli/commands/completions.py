"""``cs completions``: what a shell offers when somebody presses Tab."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..commandline.flags import COMMON
from ..commandline.values import Command, Example, Flag, Group, Positional
from ..errors import CliError
from ..options import CompletionsOptions

SHELLS = ("bash", "zsh", "fish", "powershell")


def run_completions(options: CompletionsOptions) -> int:
    """Print a script for a shell, or names for such a script."""
    from ..terminal.console import print_lines
    from ..terminal.lines import whole

    lines = _list_names(options.values) if options.values else _render_script(options.shell or "").splitlines()
    print_lines([(whole(line),) for line in lines])
    return 0


def _render_script(shell: str) -> str:
    from ..commandline.shells.bash import render_bash
    from ..commandline.shells.fish import render_fish
    from ..commandline.shells.powershell import render_powershell
    from ..commandline.shells.zsh import render_zsh
    from ..commandline.table import load_commands

    renderers: dict[str, Callable[[Iterable[Command]], str]] = {
        "bash": render_bash,
        "zsh": render_zsh,
        "fish": render_fish,
        "powershell": render_powershell,
    }
    return renderers[shell](load_commands())


def _list_names(kind: str) -> list[str]:
    """List the names of a kind that the manifest has, without reading the lock; none if there is no manifest."""
    from cs_manifest import ManifestError, discover, list_environments, read_environment

    try:
        project = discover()
        environments = list_environments(project)
        if kind == "environment":
            return list(environments)
        found = [one.name for name in environments for one in read_environment(project, name).platforms]
    except ManifestError:
        return []
    return list(dict.fromkeys(found))


def _check(values: Mapping[str, Any]) -> None:
    """Refuse to guess for which shell."""
    if values["shell"] is None and values["values"] is None:
        raise CliError(f"SHELL is missing: {', '.join(SHELLS)}", kind="usage", hint="see cs completions --help")


COMMAND = Command(
    name="completions",
    description=(
        "Print a script that lets a shell complete commands, flags and their values. "
        "Let your shell read it when it starts."
    ),
    options=CompletionsOptions,
    groups=(
        Group(
            title="For the scripts",
            flags=(
                Flag(
                    name="--values",
                    metavar="KIND",
                    choices=("environment", "platform"),
                    help="print names that the workspace has, instead of a script",
                ),
            ),
        ),
        Group(title="Output", flags=COMMON),
    ),
    positional=Positional(attribute="shell", metavar="SHELL", choices=SHELLS, help="bash, zsh, fish or powershell"),
    examples=(
        Example(line='eval "$(cs completions bash)"', text="in ~/.bashrc"),
        Example(line='eval "$(cs completions zsh)"', text="in ~/.zshrc, after compinit"),
        Example(line="cs completions fish | source", text="in ~/.config/fish/config.fish"),
        Example(line="cs completions powershell | Out-String | Invoke-Expression", text="in $PROFILE"),
    ),
    check=_check,
    run=run_completions,
)
