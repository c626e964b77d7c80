"""``cs run``: build a runtime and try it."""

from __future__ import annotations

from ..commandline.flags import COMMON, FETCHING, PLATFORM, PROJECT, TARGET, TEMPLATE, directory_flag
from ..commandline.settings import SETTINGS
from ..commandline.values import Command, Example, Group, Positional
from ..commandline.variables import DOWNLOADS, TEMPLATES
from ..options import RunOptions


def run_run(options: RunOptions) -> int:
    """Build a runtime, install it, run it; the exit status is its own."""
    from ..building.preparation import prepared_build
    from ..run import run_runtime

    with prepared_build(options) as request:
        return run_runtime(
            request.plan, request.materials, options.arguments, request.console, install_path=options.install_path
        )


_INSTALL_PATH = directory_flag(
    "--install-path",
    default="a temporary directory",
    help="install there and keep it",
)

COMMAND = Command(
    name="run",
    description="Build a runtime, install it into a temporary prefix, and run it with ARGS.",
    options=RunOptions,
    groups=(
        Group(title="What to run", flags=(*PROJECT, PLATFORM, TARGET, TEMPLATE)),
        Group(title="Where", flags=(_INSTALL_PATH, *FETCHING)),
        Group(title="Output", flags=COMMON),
        SETTINGS,
    ),
    positional=Positional(
        attribute="arguments", metavar="ARGS", many=True, help="arguments of the runtime; after `--`, flags too"
    ),
    examples=(
        Example(line="cs run", text="run it without arguments"),
        Example(line="cs run -- --help", text="pass flags to it"),
        Example(line="cs run --install-path try", text="keep what was installed, so that the next run starts at once"),
    ),
    variables=(*TEMPLATES, *DOWNLOADS),
    run=run_run,
)
