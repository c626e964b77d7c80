"""A command and its flags, as values: the parser, help, completions, man page and reference are made from them.

Texts have names of code in backticks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..options import Options

Completion = Literal["file", "directory", "command", "environment", "platform"]
"""What a shell offers for a value, besides the words of ``choices``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A flag of a command.

    :ivar name: as people type it, such as ``--quiet``.
    :ivar help: what it does, in one line without a full stop.
    :ivar attribute: field of the options that it sets; by default the one of its name.
    :ivar short: one letter, such as ``-q``.
    :ivar aliases: other names, which no help shows.
    :ivar metavar: placeholder for the value; ``None`` if it takes none.
    :ivar choices: the words that the value can be, which the parser checks.
    :ivar words: the words that the value can be, which somebody else checks.
    :ivar default: what holds without it, in words.
    :ivar initial: what holds without it, as a value.
    :ivar constant: value of a flag without one.
    :ivar optional: whether the flag can stand without its value, and then sets ``constant``.
    :ivar repeated: whether it can be given more than once.
    :ivar read: makes a value of what was typed; a list, if it is ``repeated``.
    :ivar completion: what a shell offers for the value.
    """

    name: str
    help: str
    attribute: str = ""
    short: str | None = None
    aliases: tuple[str, ...] = ()
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    default: str | None = None
    initial: object = None
    constant: object = True
    optional: bool = False
    repeated: bool = False
    read: Callable[[str], Any] = str
    completion: Completion | None = None

    def __post_init__(self) -> None:
        if not self.attribute:
            object.__setattr__(self, "attribute", self.name.removeprefix("--").replace("-", "_"))

    @property
    def names(self) -> tuple[str, ...]:
        """Everything that can be typed for it."""
        return (*filter(None, [self.short]), self.name, *self.aliases)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Flags that belong together.

    :ivar note: a sentence under the title.
    :ivar folded: whether the short help only names them.
    """

    title: str
    flags: tuple[Flag, ...]
    note: str | None = None
    folded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Positional:
    """What a command takes besides flags.

    :ivar attribute: field of the options that it sets.
    :ivar many: whether there can be several.
    :ivar required: whether there must be one.
    """

    metavar: str
    help: str
    attribute: str
    many: bool = False
    required: bool = False
    choices: tuple[str, ...] = ()
    read: Callable[[str], Any] = str
    completion: Completion | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A command line, and what it does."""

    line: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command of ``cs``.

    :ivar name: such as ``build``; of a command in a group, such as ``cache clean``.
    :ivar description: one or more sentences; the first says what it does.
    :ivar options: what its command line is as a value.
    :ivar run: carries it out and returns the exit status.
    :ivar fixed: fields of the options that it has no flag for.
    :ivar check: refuses values that do not go together; it gets all of them, by their fields.
    :ivar variables: environment variables that matter to it, of those in ``variables.py``.
    """

    name: str
    description: str
    options: type[Options]
    groups: tuple[Group, ...]
    run: Callable[[Any], int]
    positional: Positional | None = None
    examples: tuple[Example, ...] = ()
    variables: tuple[str, ...] = ()
    fixed: Mapping[str, object] = field(default_factory=dict)
    check: Callable[[Mapping[str, Any]], None] | None = None

    @property
    def flags(self) -> tuple[Flag, ...]:
        """All of its flags."""
        return tuple(flag for group in self.groups for flag in group.flags)

    @property
    def takes_rest(self) -> bool:
        """Whether everything after ``--`` goes to another program."""
        return self.positional is not None and self.positional.attribute == "arguments"
