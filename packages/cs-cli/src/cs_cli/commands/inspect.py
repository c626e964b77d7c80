"""``cs inspect``: what would ship, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..commandline.flags import COMMON, FETCHING, JSON, PLATFORM, PROJECT, directory_flag, file_flag
from ..commandline.settings import SETTINGS
from ..commandline.values import Command, Example, Flag, Group
from ..commandline.variables import DOWNLOADS
from ..errors import EXIT_FAILED, CliError
from ..options import InspectOptions


def run_inspect(options: InspectOptions) -> int:
    """Print what was asked for; the exit status says whether the environment can ship."""
    from ..inspection.answering import inspect

    return 0 if inspect(options) else EXIT_FAILED


_LIST = Flag(name="--list", initial=False, help="list all packages, with version, size, licence and build")
_WHY = Flag(name="--why", metavar="PACKAGE", help="show what asks for a package, and by which way it gets in")
_DIFF = file_flag(
    "--diff",
    metavar="OLD",
    help="show what has changed since an earlier build or another source lock; OLD is a package list, `info.json`, "
    "lock, directory or runtime",
)
_HTML = file_flag(
    "--html",
    help="write a page for a browser instead, which needs no other file and no network",
)
_LICENSES = Flag(name="--licenses", initial=False, help="list the packages of each licence")
_SORT = Flag(
    name="--sort",
    metavar="KEY",
    choices=("name", "size"),
    default="`name`",
    initial="name",
    help="order of `--list`: `name` or `size`",
)
_FORMAT = Flag(
    name="--format",
    metavar="FORM",
    choices=("text", "markdown"),
    default="`text`",
    initial="text",
    help="form of `--diff`: `text`, or `markdown` for release notes",
)
_CHECK_DELEGATE = Flag(
    name="--check-delegate",
    initial=False,
    help="look for the delegate in the package archives; downloads those that are not in the cache",
)
_OUT_DIR = directory_flag(
    "--out-dir",
    default="`dist`",
    initial=Path("dist"),
    help="where the last build is: what it measured need not be estimated",
)
_VIEWS = (_LIST, _WHY, _DIFF, _HTML, _LICENSES)
_ANSWERS = (_LIST, _WHY, _DIFF)
"""The views that show nothing of the delegate."""


def _check(values: Mapping[str, Any]) -> None:
    """Refuse flags of which one would change nothing.

    With ``--json`` there is one document for all views, so they go together.

    :raises CliError: ``usage``.
    """
    is_text = not values["json"]
    views = [flag.name for flag in _VIEWS if values[flag.attribute]]
    if len(views) > 1 and is_text:
        raise _refuse(views[1], f"cannot be used with {views[0]}")
    if values["sort"] != "name" and not (values["list"] and is_text):
        raise _refuse(_SORT.name, "is for the packages that --list lists")
    if values["format"] != "text" and not (values["diff"] and is_text):
        raise _refuse(_FORMAT.name, "is for the differences that --diff lists")
    answers = [flag.name for flag in _ANSWERS if values[flag.attribute]]
    if values["check_delegate"] and answers and is_text:
        raise _refuse(_CHECK_DELEGATE.name, f"cannot be used with {answers[0]}")


def _refuse(flag: str, why: str) -> CliError:
    return CliError(why, kind="usage", flag=flag)


COMMAND = Command(
    name="inspect",
    description=(
        "Show in one screen what would ship: runtime, platforms with their sizes, licences, exclusions, problems. "
        "Writes nothing but the FILE of `--html`, and with `--check-delegate` to the package cache."
    ),
    options=InspectOptions,
    groups=(
        Group(title="What to inspect", flags=(*PROJECT, replace(PLATFORM, default="all"))),
        Group(title="What to show", flags=(*_VIEWS, _SORT, _FORMAT, _CHECK_DELEGATE)),
        Group(title="Where", flags=(_OUT_DIR, *FETCHING)),
        Group(title="Output", flags=(JSON, *COMMON)),
        SETTINGS,
    ),
    examples=(
        Example(line="cs inspect", text="what would ship, on all platforms"),
        Example(line="cs inspect --why openssl", text="what asks for a package"),
        Example(line="cs inspect --list --sort size --platform linux-64", text="the largest packages first"),
        Example(line="cs inspect --diff dist --format markdown", text="what has changed since the last build"),
        Example(line="cs inspect --html report.html", text="what makes it large, as a page for a browser"),
        Example(line="cs inspect --exclude tk", text="what changes without a package"),
    ),
    check=_check,
    variables=DOWNLOADS,
    run=run_inspect,
)
