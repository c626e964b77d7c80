"""``cs init``: write what a build needs into the manifest."""

from __future__ import annotations

from dataclasses import replace

from cs_manifest import CONFIG_KEYS

from ..commandline.flags import CACHE_DIR, COMMON, PROJECT
from ..commandline.settings import SETTINGS
from ..commandline.values import Command, Example, Flag, Group
from ..errors import CACHE_VARIABLE
from ..options import InitOptions


def run_init(options: InitOptions) -> int:
    """Add the table, check what it gives, and say what to do next."""
    from ..inspection.verdict import find_next_step
    from ..setup.adding import compose_manifest, find_project, inspect_result, render_difference, write_manifest
    from ..setup.report import paint_difference, render_added, render_verdict, warn_of_obstacles
    from ..setup.writing import require_writable
    from ..terminal.console import Console, print_lines

    project = find_project(options)
    if not options.dry_run:
        require_writable(project.manifest_path)  # before questions whose answers would be lost
    old, new, values = compose_manifest(options, project)
    if options.dry_run:
        print_lines(paint_difference(render_difference(project, old, new)))
        return 0
    write_manifest(project, old, new)
    print_lines(render_added(project.manifest_path.name, values))
    inspection = inspect_result(options, project)
    warn_of_obstacles(inspection, Console(quiet=options.quiet, verbose=options.verbose))
    print_lines(render_verdict(inspection, find_next_step(inspection, replace(options, overrides={}))))
    return 0


_QUESTIONS = ("source_environment", "delegate", "layout", "runtime", "runtime_version")
_PATHS = {key.attribute for key in CONFIG_KEYS if key.value_type in ("path", "paths")}
"""A path on the command line starts elsewhere than one in the manifest."""

_ANSWERS = tuple(flag for name in _QUESTIONS for flag in SETTINGS.flags if flag.attribute == name)
_OTHERS = tuple(flag for flag in SETTINGS.flags if flag.attribute not in {*_QUESTIONS, *_PATHS})

COMMAND = Command(
    name="init",
    description=(
        "Add the table `[tool.conda-ship]` to the manifest of a workspace, so that `cs build` can ship it. "
        "At a terminal it asks for environment, program and layout, unless a flag says so; elsewhere, or with `--yes`, "
        "it takes what fits most projects. Everything else in the manifest stays as it is, byte for byte. "
        "Nothing is downloaded."
    ),
    options=InitOptions,
    groups=(
        Group(title="What to write", flags=_ANSWERS),
        Group(
            title="How",
            flags=(
                Flag(name="--yes", short="-y", initial=False, help="do not ask"),
                Flag(
                    name="--dry-run",
                    initial=False,
                    help="show what would be added as a diff, write nothing",
                ),
            ),
        ),
        Group(title="Where", flags=(*PROJECT, CACHE_DIR)),
        Group(title="Output", flags=COMMON),
        Group(title="More settings", note="Each adds a key of `[tool.conda-ship]`.", flags=_OTHERS, folded=True),
    ),
    examples=(
        Example(line="cs init", text="answer up to three questions"),
        Example(line="cs init --yes --delegate http", text="ask nothing"),
        Example(line="cs init --dry-run", text="look first"),
    ),
    fixed={"platform": None, "offline": True, **dict.fromkeys(_PATHS)},
    variables=(CACHE_VARIABLE,),
    run=run_init,
)
