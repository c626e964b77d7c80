"""Questions at the terminal: pick one of several things, or type a name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..terminal.console import ask_line, print_lines
from ..terminal.lines import Block, Hanging, Piece, paint


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Something to pick.

    :ivar text: what it is, in a few words.
    """

    name: str
    text: str


def pick(question: str, choices: Sequence[Choice], *, default: str, check: Callable[[str], str | None]) -> str:
    """Ask until the answer is good: a number, a name, or nothing for the default.

    All of it goes to stdout, where the answers are: stderr may be a file.

    :param default: a name; empty if there is none.
    :param check: says what is wrong with a name that was typed, if anything is.
    """
    print_lines(_show(question, choices))
    hint = "Number or name" if choices else "Name"
    while True:
        answer = ask_line(f"{hint}{f' [{default}]' if default else ''}:") or default
        name = _resolve(answer, choices)
        problem = "type a name" if not name else check(name)
        if problem is None:
            return name
        print_lines([Hanging((paint("  !", "yellow"), f" {problem}"), len("! "))])


def _show(question: str, choices: Sequence[Choice]) -> list[Block]:
    blocks: list[Block] = ["", (paint(question, "bold"),)]
    width = max((len(choice.name) for choice in choices), default=0)
    for number, choice in enumerate(choices, 1):
        start = f"  {number:>2}  "
        if choice.text:
            name = Piece(choice.name.ljust(width), "cyan", whole=True)
            blocks.append(Hanging((start, name, f"  {choice.text}"), len(start.lstrip()) + width + 2))
        else:
            blocks.append((start, Piece(choice.name, "cyan", whole=True)))
    return blocks


def _resolve(answer: str, choices: Sequence[Choice]) -> str:
    """Return the name that an answer stands for: a name goes before a number."""
    if answer in [choice.name for choice in choices] or not answer.isdecimal():
        return answer
    number = int(answer)
    return choices[number - 1].name if 1 <= number <= len(choices) else answer
