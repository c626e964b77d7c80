"""All commands of ``cs``, in the order in which people meet them."""

from __future__ import annotations

from importlib import import_module

from .values import Command

SUMMARIES = {
    "init": "write what a build needs into the manifest of a workspace",
    "inspect": "show what would ship and why; writes nothing",
    "build": "build the executable and its release files",
    "run": "build it and try it in a temporary directory",
    "verify": "check that a build is complete and undamaged",
    "sign": "sign what `cs build` has staged",
    "doctor": "check whether this machine has what a build needs",
    "cache info": "show where the package cache is, how large it is, and when it was used",
    "cache clean": "remove packages from the cache: all, or by age or size",
    "cache dir": "print the path of the package cache",
    "completions": "complete commands and flags in bash, zsh, fish and PowerShell",
    "help": "show what `cs` can do, or what a command does",
    "version": "show the versions of `cs` and what belongs to it",
}
"""What each command does, in one line without a full stop. The command itself is a module of ``cs_cli.commands``."""


def load_command(name: str) -> Command:
    """Load one command: the others, and what they need, are not imported.

    :param name: one of :data:`SUMMARIES`.
    """
    module = import_module(f"..commands.{name.replace(' ', '_')}", __package__)
    command: Command = module.COMMAND
    return command


def load_commands() -> tuple[Command, ...]:
    """Load all commands."""
    return tuple(map(load_command, SUMMARIES))


def list_groups() -> tuple[str, ...]:
    """List the first words of commands that have two."""
    return tuple(dict.fromkeys(name.partition(" ")[0] for name in SUMMARIES if " " in name))


def list_commands_of(group: str) -> tuple[str, ...]:
    """List the commands of a group; without a group, all of them."""
    return tuple(name for name in SUMMARIES if not group or name.startswith(f"{group} "))
