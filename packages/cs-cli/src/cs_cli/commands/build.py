"""``cs build``: the executable and its release files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..commandline.flags import (
    COMMON,
    FETCHING,
    JSON,
    PASSPHRASE_FILE,
    PLATFORM,
    PROJECT,
    TARGET,
    TEMPLATE,
    directory_flag,
    file_flag,
    refuse_lone_passphrase,
)
from ..commandline.settings import SETTINGS
from ..commandline.values import Command, Example, Flag, Group
from ..commandline.variables import DOWNLOADS, TEMPLATES
from ..errors import PASSPHRASE_VARIABLE
from ..options import BuildOptions

if TYPE_CHECKING:
    from ..terminal.lines import Block


def run_build(options: BuildOptions) -> int:
    """Build for one platform or for all, or say what would be built."""
    from ..building.preparation import prepared_builds
    from ..building.report import render_dry_run, render_outcome, render_paths
    from ..building.several import build_several, describe_plans
    from ..building.staging import refuse_occupied
    from ..project.platforms import ALL_PLATFORMS

    refuse_occupied(options.out_dir)
    with prepared_builds(options) as requests:
        warnings = requests[0].console.warnings
        if options.dry_run:
            plans = describe_plans(requests, options.out_dir, lock_check=options.lock_check)
            _print(options, plans.to_dict(), render_dry_run(plans), warnings)
            return 0
        outcome = build_several(requests, options.out_dir, keep_going=options.platform == ALL_PLATFORMS)
    _print(options, outcome.to_dict(), render_paths(outcome) if options.quiet else render_outcome(outcome), warnings)
    fault = outcome.fault()
    if fault is not None:
        raise fault
    return 0


def _print(options: BuildOptions, document: dict[str, Any], blocks: Iterable[Block], warnings: list[str]) -> None:
    """Print the result, in one of its forms."""
    from ..building.several import SCHEMA_VERSION
    from ..terminal.console import print_json, print_lines

    if options.json:
        print_json({"schema_version": SCHEMA_VERSION, **document, "warnings": warnings})
    else:
        print_lines(blocks)


_OUT_DIR = directory_flag(
    "--out-dir",
    initial=Path("dist"),
    default="`dist`",
    help="output directory",
)
_TARGET_LABEL = Flag(name="--target-label", metavar="LABEL", help="name the files STEM-LABEL")
_SIGN = file_flag(
    "--sign",
    metavar="KEY",
    help="sign the build's provenance with a private key",
)
_DRY_RUN = Flag(name="--dry-run", initial=False, help="check everything, write nothing")

COMMAND = Command(
    name="build",
    description="Build a runtime, its lock, package list and checksums in a directory.",
    options=BuildOptions,
    groups=(
        Group(
            title="What to build",
            flags=(
                *PROJECT,
                replace(PLATFORM, help=f"{PLATFORM.help}; `all` for every platform of the environment"),
                TARGET,
                TEMPLATE,
                _DRY_RUN,
            ),
        ),
        Group(title="Where", flags=(_OUT_DIR, _TARGET_LABEL, *FETCHING)),
        Group(title="Signature", flags=(_SIGN, PASSPHRASE_FILE)),
        Group(title="Output", flags=(JSON, *COMMON)),
        SETTINGS,
    ),
    examples=(
        Example(line="cs build", text="build for this machine's platform in dist/"),
        Example(line="cs build --dry-run", text="check everything, write nothing"),
        Example(line="cs build --platform all --layout embedded", text="build for all platforms, packages included"),
    ),
    variables=(*TEMPLATES, *DOWNLOADS, PASSPHRASE_VARIABLE, "SOURCE_DATE_EPOCH"),
    check=lambda values: refuse_lone_passphrase(values, "sign"),
    run=run_build,
)
