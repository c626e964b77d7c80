"""Flags that several commands have."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import CACHE_VARIABLE, PASSPHRASE_VARIABLE, CliError
from ..terminal.streams import COLOR_CHOICES
from .values import Flag


def file_flag(name: str, *, help: str, metavar: str = "FILE", default: str | None = None) -> Flag:
    """Make a flag whose value is the path of a file."""
    return Flag(name=name, help=help, metavar=metavar, default=default, read=Path, completion="file")


def directory_flag(
    name: str, *, help: str, metavar: str = "DIR", default: str | None = None, initial: Path | None = None
) -> Flag:
    """Make a flag whose value is the path of a directory."""
    return Flag(
        name=name, help=help, metavar=metavar, default=default, initial=initial, read=Path, completion="directory"
    )


QUIET = Flag(name="--quiet", short="-q", initial=False, help="print errors and results only")
VERBOSE = Flag(name="--verbose", short="-v", initial=False, help="print all details")
ERROR_FORMAT = Flag(
    name="--error-format",
    metavar="FORMAT",
    choices=("text", "json"),
    default="`CONDA_SHIP_ERROR_FORMAT`, else `text`",
    help="how errors are printed: `text` or `json`",
)
COLOR = Flag(
    name="--color",
    metavar="WHEN",
    choices=COLOR_CHOICES,
    default="`auto`",
    help="when to use colours: at a terminal (`auto`), `always` or `never`",
)
COMMON = (QUIET, VERBOSE, COLOR, ERROR_FORMAT)
"""Those of every command; they can stand before the command, too."""
HELP_FLAGS = ("-h", "--help")
VERSION_FLAGS = ("-V", "--version")

JSON = Flag(name="--json", initial=False, help="print one JSON document")

ROOT = directory_flag(
    "--root",
    default="the nearest parent that has a manifest",
    help="project directory",
)
MANIFEST = file_flag(
    "--manifest",
    default="the one of the project directory",
    help="`conda.toml`, `pixi.toml` or `pyproject.toml`",
)
SOURCE_LOCK = file_flag(
    "--source-lock",
    default="the one next to the manifest",
    help="`conda.lock` or `pixi.lock`",
)
NO_LOCK_CHECK = Flag(
    name="--no-lock-check",
    attribute="lock_check",
    initial=True,
    constant=False,
    help="ship what is locked, even if it does not match the manifest",
)
PROJECT_FILES = (MANIFEST, SOURCE_LOCK, NO_LOCK_CHECK)
PROJECT = (ROOT, *PROJECT_FILES)

PLATFORM = Flag(
    name="--platform",
    metavar="NAME",
    completion="platform",
    default="this machine's",
    help="conda platform, such as `linux-64`, or the workspace's name of one",
)
TARGET = Flag(
    name="--target",
    metavar="TRIPLE",
    help="target triple, such as `aarch64-apple-darwin`: sets the platform and the file names",
)
TEMPLATE = file_flag(
    "--template",
    metavar="PATH",
    default="`CONDA_SHIP_TEMPLATE`, `CONDA_SHIP_TEMPLATES`, else an installed one",
    help="runtime template, or a directory of templates",
)
CACHE_DIR = directory_flag(
    "--cache-dir",
    default=f"`{CACHE_VARIABLE}`, else `conda-ship` in the system's cache directory",
    help="where downloaded packages are kept",
)
OFFLINE = Flag(name="--offline", initial=False, help="use downloaded packages only")
FETCHING = (CACHE_DIR, OFFLINE)

PASSPHRASE_FILE = file_flag(
    "--passphrase-file",
    default=f"`{PASSPHRASE_VARIABLE}`, else a question at the terminal",
    help="passphrase of an encrypted key, in the first line of a file",
)


def refuse_lone_passphrase(values: Mapping[str, Any], key: str) -> None:
    """Refuse a passphrase without a key.

    :param key: attribute of the flag that names the key.
    :raises CliError: ``usage``.
    """
    if values["passphrase_file"] is not None and values[key] is None:
        raise CliError("there is no key that it could be for", kind="usage", flag=PASSPHRASE_FILE.name)
