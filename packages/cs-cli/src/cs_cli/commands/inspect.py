"""``cs inspect``: what would ship, and why."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..commandline.flags import COMMON, FETCHING, JSON, PLATFORM, PROJECT
from ..commandline.settings import SETTINGS
from ..commandline.values import Command, Example, Flag, Group
from ..commandline.variables import DOWNLOADS
from ..errors import EXIT_FAILED
from ..options import InspectOptions

if TYPE_CHECKING:
    from ..inspection.summary import Inspection
    from ..project.derivation import Derivation


def run_inspect(options: InspectOptions) -> int:
    """Print what would ship; the exit status says whether it can."""
    from ..inspection.summary import inspect_derivation
    from ..project.derivation import derive_project
    from ..project.platforms import pick_platform
    from ..terminal.console import print_json, print_lines

    derivation = derive_project(options, strict=False)
    wanted = options.platform
    platform = pick_platform(derivation.lock.platforms, wanted, flag="--platform").name if wanted else None
    licenses = _recall_licenses(derivation, options)
    summary = inspect_derivation(
        derivation,
        platform=platform,
        wheel_licenses=licenses,
        lists_licenses=options.licenses or options.html is not None,
    )
    inspection = _check_delegates(summary, options)
    if options.html is not None:
        from ..inspection.page.writing import write_page

        written = write_page(inspection, licenses or {}, options.html)
    if options.json:
        print_json(inspection.to_dict())
    elif options.html is not None:
        print_lines([written])
    else:
        from ..inspection.report import render_inspection
        from ..terminal.streams import takes_unicode

        print_lines(render_inspection(inspection, unicode=takes_unicode(sys.stdout)))
    return 0 if inspection.can_ship else EXIT_FAILED


def _recall_licenses(derivation: Derivation, options: InspectOptions) -> dict[str, str | None] | None:
    """Return the licences of wheels, as far as this machine has them; ``None`` if nobody asks for licences."""
    if not options.licenses and options.html is None and derivation.license_policy.is_empty:
        return None
    from ..archives.store import open_store
    from ..licenses.checks import recall_wheel_licenses

    wheels = [wheel for platform in derivation.lock.platforms for wheel in derivation.lock.wheels(platform)]
    return recall_wheel_licenses(wheels, open_store(options), derivation.project.lock_directory)


def _check_delegates(inspection: Inspection, options: InspectOptions) -> Inspection:
    """Look for the delegate in the cache, and download the rest if asked to."""
    from ..archives.store import archives_of_packages, open_store
    from ..delegate.search import check_delegates
    from ..project.protected_inputs import list_inputs, refuse_outputs
    from ..terminal.console import Console

    download, store = options.check_delegate, open_store(options)
    if download:
        beside = inspection.derivation.project.lock_directory
        shown = [one for platform in inspection.platforms for one in platform.locked]
        folders = store.folders(archives_of_packages(shown, beside))
        refuse_outputs(list_inputs(inspection.derivation), files=(), folders=folders)
    return check_delegates(inspection, store, Console(quiet=options.quiet, verbose=options.verbose), download=download)


_LICENSES = Flag(name="--licenses", attribute="licenses", initial=False, help="list the packages of each licence")
_HTML = Flag(
    name="--html",
    attribute="html",
    metavar="FILE",
    read=Path,
    completion="file",
    help="write a page for a browser instead, which needs no other file and no network",
)
_CHECK_DELEGATE = Flag(
    name="--check-delegate",
    attribute="check_delegate",
    initial=False,
    help="look for the delegate in the package archives; downloads those that are not in the cache",
)

COMMAND = Command(
    name="inspect",
    description=(
        "Show what would ship and why: input files, environment, exclusions, packages, problems. "
        "Writes nothing but the FILE of `--html`, and with `--check-delegate` to the package cache."
    ),
    options=InspectOptions,
    groups=(
        Group(title="What to inspect", flags=(*PROJECT, replace(PLATFORM, default="all"))),
        Group(title="What to show", flags=(_LICENSES, _HTML, _CHECK_DELEGATE)),
        Group(title="Where", flags=FETCHING),
        Group(title="Output", flags=(JSON, *COMMON)),
        SETTINGS,
    ),
    examples=(
        Example(line="cs inspect", text="what would ship, on all platforms"),
        Example(line="cs inspect --platform linux-64 --licenses", text="licences on one platform"),
        Example(line="cs inspect --html report.html", text="what makes it large, as a page for a browser"),
        Example(line="cs inspect --exclude tk", text="what changes without a package"),
    ),
    variables=DOWNLOADS,
    run=run_inspect,
)
