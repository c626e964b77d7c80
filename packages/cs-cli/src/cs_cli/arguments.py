"""The command line of ``cs``; the flags of settings come from the table of keys in ``cs_manifest``."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from . import __version__
from .errors import PASSPHRASE_VARIABLE, CliError
from .options import (
    BuildOptions,
    InspectOptions,
    Options,
    ProjectOptions,
    RunOptions,
    SignOptions,
    VerifyOptions,
)
from .terminal.streams import COLOR_CHOICES

if TYPE_CHECKING:
    from cs_manifest import ConfigKey

_OPTIONS: dict[str, type[Options]] = {
    one.command: one for one in (InspectOptions, BuildOptions, RunOptions, VerifyOptions, SignOptions)
}
_LAST_BUILD = "where the last build is: sizes that it measured need no estimate; default: dist"
_EPILOG = "Exit status: 0 done, 1 failed, 2 wrong usage."


class _Parser(argparse.ArgumentParser):
    """A parser that raises, without abbreviations: a flag added later must not change what a script means."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "allow_abbrev": False})

    def error(self, message: str) -> NoReturn:
        raise CliError(message, kind="usage", hint=f"see {self.prog} --help")


def parse_arguments(words: Sequence[str]) -> Options:
    """Parse a command line.

    :param words: arguments without the program's name.
    :raises CliError: ``usage``.
    """
    command = next((word for word in words if not word.startswith("-")), None)
    if command != "run" or "--" not in words:
        return _read_options(build_parser(command).parse_args(words))
    # Everything after the first "--" is for the runtime, further "--" included.
    border = list(words).index("--")
    arguments = build_parser(command).parse_args(words[:border])
    arguments.arguments += words[border + 1 :]
    return _read_options(arguments)


def _read_options(arguments: argparse.Namespace) -> Options:
    """Turn what the parser found into the options of its command."""
    kind = _OPTIONS[arguments.command]
    values = vars(arguments)
    key = {BuildOptions: "sign", SignOptions: "key"}.get(kind)
    if key is not None and arguments.passphrase_file is not None and values[key] is None:
        raise CliError("there is no key that it could be for", kind="usage", flag="--passphrase-file")
    if issubclass(kind, ProjectOptions):
        values["overrides"] = config_overrides(arguments)
    if issubclass(kind, RunOptions):
        values["arguments"] = tuple(arguments.arguments)
    if issubclass(kind, VerifyOptions):
        values |= {"paths": tuple(arguments.paths), "keys": tuple(arguments.keys)}
    return kind(**{field.name: values[field.name] for field in fields(kind)})


def build_parser(command: str | None = None) -> argparse.ArgumentParser:
    """Build the parser of ``cs``.

    :param command: the only command whose flags are needed; ``None`` for all of them.
    """
    parser = _Parser(prog="cs", description="Turn one solved conda environment into one executable.", epilog=_EPILOG)
    parser.add_argument("-V", "--version", action="version", version=f"cs {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (summary, add_flags) in _COMMANDS.items():
        subparser = commands.add_parser(name, help=summary, epilog=_EPILOG)
        if command in (None, name):
            add_flags(subparser)
    return parser


def _add_inspect(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Show what would ship and why: input files, environment, exclusions, packages, problems. "
        "Writes nothing; with --check-delegate, to the package cache only."
    )
    _add_reporting(parser)
    _add_views(parser)
    _add_project(parser)
    parser.add_argument("--platform", metavar="NAME", help="show this platform only, such as linux-64")
    parser.add_argument("--out-dir", type=Path, default=Path("dist"), metavar="DIR", help=_LAST_BUILD)
    parser.add_argument(
        "--check-delegate",
        action="store_true",
        help="look for the delegate in the package archives; downloads those that are not in the cache",
    )
    _add_fetching(parser)


def _add_views(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what to show", "By default, one screen with everything that matters.")
    view = group.add_mutually_exclusive_group()
    view.add_argument("--list", action="store_true", help="list all packages, with version, size and licence")
    view.add_argument("--why", metavar="NAME", help="show what asks for a package, and by which way")
    view.add_argument(
        "--diff",
        type=Path,
        metavar="OLD",
        help="show what differs from an earlier build (its package list, info.json, lock, directory or the runtime "
        "itself), or from another source lock",
    )
    group.add_argument("--sort", choices=("name", "size"), default="name", help="order of --list; default: name")
    group.add_argument(
        "--format", choices=("text", "markdown"), default="text", help="markdown: write --diff for release notes"
    )
    group.add_argument("--licenses", action="store_true", help="list the packages of each licence")
    group.add_argument("-v", "--verbose", action="store_true", help="leave nothing out")
    group.add_argument("--json", action="store_true", help="print everything as one JSON document")


def _add_build(parser: argparse.ArgumentParser) -> None:
    parser.description = "Build a runtime, its lock, package list and checksums in a directory."
    _add_reporting(parser)
    _add_project(parser)
    _add_building(parser)
    parser.add_argument("--out-dir", type=Path, default=Path("dist"), metavar="DIR", help="default: dist")
    parser.add_argument("--target-label", metavar="LABEL", help="name the files STEM-LABEL")
    parser.add_argument("--sign", type=Path, metavar="KEY", help="sign the build's provenance with a private key")
    _add_passphrase(parser)
    parser.add_argument("--dry-run", action="store_true", help="check everything, write nothing")
    parser.add_argument("--json", action="store_true", help="print what was staged as one JSON document")


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.description = "Build a runtime, install it into a temporary prefix, and run it with ARGS."
    _add_reporting(parser)
    _add_project(parser)
    _add_building(parser)
    parser.add_argument("--install-path", type=Path, metavar="DIR", help="install there and keep it")
    parser.add_argument("arguments", nargs="*", metavar="ARGS", help="after --: arguments of the runtime")


def _add_verify(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Check directories written by cs build, runtimes and bundles against their checksums, stamp, lock and bundle."
    )
    _add_reporting(parser, quiet="print problems only")
    parser.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="a directory written by cs build, a runtime or a bundle"
    )
    parser.add_argument(
        "--key",
        dest="keys",
        action="append",
        default=[],
        type=Path,
        metavar="PUB",
        help="public key (PEM or DER) that must have signed the provenance; repeat it to allow several",
    )
    parser.add_argument("--require-signature", action="store_true", help="refuse to check anything without --key")
    parser.add_argument(
        "--provenance",
        type=Path,
        metavar="FILE",
        help="provenance of a PATH that is a file; default: STEM.provenance.json beside it",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    group = parser.add_argument_group("source", "Compare with a workspace: a directory, or its manifest.")
    group.add_argument(
        "--against", type=Path, metavar="WORKSPACE", help="derive lock and settings, and compare them; builds nothing"
    )
    group.add_argument("--rebuild", type=Path, metavar="WORKSPACE", help="build again, and compare every byte")
    _add_project_files(group)
    _add_template(group)
    _add_fetching(group)
    _add_settings(parser)
    parser.set_defaults(root=None, platform=None)


def _add_sign(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Check every build in a directory as cs verify does, and add a signature to its provenance. "
        "A signature with the same key is made only once. Where a runtime was signed for its platform since the "
        "build, checksums, info.json, bills of materials and provenance are changed to describe it."
    )
    _add_reporting(parser)
    parser.add_argument("path", type=Path, metavar="DIR", help="a directory written by cs build")
    parser.add_argument("--key", type=Path, metavar="KEY", help="private key: Ed25519 or ECDSA P-256")
    _add_passphrase(parser)
    parser.add_argument("--json", action="store_true", help="print what was signed as one JSON document")


def _add_passphrase(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--passphrase-file",
        type=Path,
        metavar="FILE",
        help=f"passphrase of an encrypted key; default: {PASSPHRASE_VARIABLE}, else a question at the terminal",
    )


def _add_reporting(parser: argparse.ArgumentParser, *, quiet: str = "print errors and results only") -> None:
    group = parser.add_argument_group("output")
    group.add_argument("-q", "--quiet", action="store_true", help=quiet)
    group.add_argument("--error-format", choices=("text", "json"), help="default: CONDA_SHIP_ERROR_FORMAT, else text")
    group.add_argument(
        "--color",
        choices=COLOR_CHOICES,
        help="default: auto, which means at a terminal; NO_COLOR and FORCE_COLOR change that",
    )


def _add_project(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("project")
    group.add_argument(
        "--root", type=Path, metavar="DIR", help="project directory; default: the nearest parent that has a manifest"
    )
    _add_project_files(group)
    _add_settings(parser)


def _add_project_files(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--manifest", type=Path, metavar="FILE", help="conda.toml, pixi.toml or pyproject.toml")
    group.add_argument("--source-lock", type=Path, metavar="FILE", help="conda.lock or pixi.lock")
    group.add_argument(
        "--no-lock-check",
        dest="lock_check",
        action="store_false",
        help="ship what is locked, even if it does not match the manifest",
    )


def _add_settings(parser: argparse.ArgumentParser) -> None:
    from cs_manifest import CONFIG_KEYS

    settings = parser.add_argument_group("settings", "Each sets a key of [tool.conda-ship] and overrides the manifest.")
    for key in CONFIG_KEYS:
        _add_key(settings, key)


def _add_key(group: argparse._ArgumentGroup, key: ConfigKey) -> None:
    options: dict[str, Any] = {"dest": key.attribute, "metavar": key.metavar, "help": _describe_key(key)}
    if key.value_type == "boolean":
        options |= {"nargs": "?", "const": True, "type": _read_switch, "metavar": "{true,false}"}
    elif key.is_list:
        options |= {"action": "extend", "type": _SPLITTERS.get(key.value_type, _split_list)}
    elif key.choices:
        # cs_manifest checks choices: it has a better message than argparse.
        options["metavar"] = "{" + ",".join(key.choices) + "}"
    group.add_argument(*key.flags, **options)
    if key.value_type == "boolean":
        text = f"the same as --{key.name}=false"
        group.add_argument(f"--no-{key.name}", dest=key.attribute, action="store_const", const=False, help=text)


def _describe_key(key: ConfigKey) -> str:
    default = key.default_text or (key.choices and str(key.default))
    parts = (
        key.help,
        default and f"default: {default}",
        key.is_list and key.value_type != "paths" and "separate names with commas, or repeat the flag",
        key.value_type == "paths" and "for more than one, repeat the flag",
    )
    return "; ".join(part for part in parts if part).replace("`", "").replace("%", "%%")


def _read_switch(word: str) -> bool | str:
    """Read the value of a boolean flag; ``cs_manifest`` refuses any other word."""
    return {"true": True, "false": False}.get(word, word)


def _split_list(text: str) -> list[str]:
    """Split a list at commas and white space. A list without names stays one empty name, which is refused."""
    return [name for name in re.split(r"[\s,]+", text) if name] or [""]


def _split_lines(text: str) -> list[str]:
    """Split a list of paths at line ends, as inputs of the action have them; paths may have spaces and commas."""
    return [line.strip() for line in text.splitlines() if line.strip()] or [""]


def _split_names(text: str) -> list[str]:
    """Split a list at commas and line ends: a licence with an exception has spaces."""
    return [name.strip() for name in re.split(r"[\n,]+", text) if name.strip()] or [""]


_SPLITTERS: dict[str, Callable[[str], list[str]]] = {"paths": _split_lines, "licenses": _split_names}


def _add_building(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("build")
    group.add_argument(
        "--platform",
        metavar="NAME",
        help="conda subdir, or the workspace's name of a platform; cs build also takes all; default: this machine's",
    )
    group.add_argument(
        "--target",
        metavar="TRIPLE",
        help="target triple, such as aarch64-apple-darwin: sets the platform and the file names",
    )
    _add_template(group)
    _add_fetching(group)


def _add_template(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--template",
        type=Path,
        metavar="PATH",
        help="runtime template, or a directory of templates; default: CONDA_SHIP_TEMPLATE, CONDA_SHIP_TEMPLATES, "
        "else an installed one",
    )


def _add_fetching(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    parser.add_argument("--cache-dir", type=Path, metavar="DIR", help="where downloaded packages are kept")
    parser.add_argument("--offline", action="store_true", help="use downloaded packages only")


def config_overrides(arguments: argparse.Namespace) -> dict[str, object]:
    """Pick the values of ``[tool.conda-ship]`` keys that were given as flags."""
    from cs_manifest import CONFIG_KEYS

    values = {key.name: getattr(arguments, key.attribute) for key in CONFIG_KEYS}
    return {name: value for name, value in values.items() if value is not None}


_COMMANDS = {
    "inspect": ("show what would ship and why; writes nothing", _add_inspect),
    "build": ("build the executable and its release files", _add_build),
    "run": ("build it and try it in a temporary directory", _add_run),
    "verify": ("check that a build is complete and undamaged", _add_verify),
    "sign": ("sign what cs build has staged", _add_sign),
}
