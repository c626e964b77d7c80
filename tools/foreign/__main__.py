"""``python -m foreign``."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from . import debian, kits
from .compiling import QUICK, build_template, environment
from .errors import ForeignError
from .places import TEMPLATE
from .running import run
from .targets import TARGETS, find_target

_CALLS = {
    "cargo": "call cargo for a platform: cargo win-64 clippy --workspace",
    "run": "run a command that starts programs of a platform: run linux-aarch64 dist/demo",
}


def parse(words: list[str] | None) -> argparse.Namespace:
    """Read the command line."""
    subdirs = [target.subdir for target in TARGETS]
    parser = argparse.ArgumentParser(
        prog="python -m foreign", description="Build and run templates for other platforms."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    template = commands.add_parser("template", help="build the template and print its path")
    template.add_argument("subdir", choices=subdirs)
    template.add_argument("--quick", action="store_true", help="for tests: compiled sooner, larger and slower")
    wheel = commands.add_parser("wheel", help="build wheels of the template, of every platform if none is named")
    wheel.add_argument("subdirs", nargs="*", metavar="SUBDIR", help=f"one of {', '.join(subdirs)}")
    wheel.add_argument("--out", type=Path, default=Path("dist"), help="folder for the wheels")
    for name, words_of_help in _CALLS.items():
        call = commands.add_parser(name, help=words_of_help)
        call.add_argument("subdir", choices=subdirs)
        call.add_argument("words", nargs=argparse.REMAINDER)
    missing = commands.add_parser("missing", help="name the kits that a platform needs and Debian would be asked for")
    missing.add_argument("subdirs", nargs="+", choices=subdirs)
    commands.add_parser("pin", help="write requirements/debian.lock anew")
    return parser.parse_args(words)


def main(words: list[str] | None = None) -> int:
    """Carry one command out."""
    arguments = parse(words)
    if arguments.command == "pin":
        debian.write_pins()
    elif arguments.command == "missing":
        found = [kit for subdir in arguments.subdirs for kit in kits.list_missing(find_target(subdir))]
        print("".join(f"{kit}\n" for kit in dict.fromkeys(found)), end="")
    elif arguments.command == "template":
        profile = QUICK if arguments.quick else "release"
        print(build_template(find_target(arguments.subdir), profile=profile))
    elif arguments.command == "wheel":
        for subdir in arguments.subdirs or [target.subdir for target in TARGETS]:
            # It needs what only the sessions that build wheels install.
            from .wheels import build_wheels

            print(*build_wheels(find_target(subdir), arguments.out), sep="\n")
    else:
        target = find_target(arguments.subdir)
        if arguments.command == "cargo":
            os.chdir(TEMPLATE)
            return run(target, ["cargo", *arguments.words], environment(target))
        return run(target, arguments.words, {})
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ForeignError as error:
        sys.exit(f"error: {error}")
