"""``cs verify``: is a build complete and undamaged?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..commandline.flags import COMMON, FETCHING, JSON, PROJECT_FILES, QUIET, TEMPLATE, directory_flag, file_flag
from ..commandline.settings import SETTINGS
from ..commandline.values import Command, Example, Flag, Group, Positional
from ..commandline.variables import DOWNLOADS, TEMPLATES
from ..errors import EXIT_FAILED
from ..options import VerifyOptions


def run_verify(options: VerifyOptions) -> int:
    """Print what was checked; the exit status says whether all of it is right."""
    from ..terminal.console import Console, print_json, print_lines
    from ..verification.verifying import verify_paths

    verification = verify_paths(options, Console(quiet=options.quiet, verbose=options.verbose))
    if options.json:
        print_json(verification.to_dict())
    elif not options.quiet:
        print_lines(verification.lines)
    if verification.problems and not options.json:
        raise verification.error()
    return EXIT_FAILED if verification.problems else 0


_KEY = Flag(
    name="--key",
    attribute="keys",
    metavar="PUB",
    read=lambda word: [Path(word)],
    repeated=True,
    initial=(),
    completion="file",
    help="public key (PEM or DER) that must have signed the provenance; repeat it to allow several",
)
_REQUIRE_SIGNATURE = Flag(
    name="--require-signature",
    initial=False,
    help="refuse to check anything without `--key`",
)
_PROVENANCE = file_flag(
    "--provenance",
    default="`STEM.provenance.json` beside it",
    help="provenance of a PATH that is a file",
)
_AGAINST = directory_flag(
    "--against",
    metavar="WORKSPACE",
    help="derive lock and settings, and compare them; builds nothing",
)
_REBUILD = directory_flag(
    "--rebuild",
    metavar="WORKSPACE",
    help="build again, and compare every byte",
)

COMMAND = Command(
    name="verify",
    description=(
        "Check directories written by `cs build`, runtimes and bundles against their checksums, stamp, lock and bundle."
    ),
    options=VerifyOptions,
    groups=(
        Group(title="Who built it", flags=(_KEY, _REQUIRE_SIGNATURE, _PROVENANCE)),
        Group(
            title="Source",
            note="Compare with a workspace: a directory, or its manifest.",
            flags=(_AGAINST, _REBUILD, *PROJECT_FILES, TEMPLATE, *FETCHING),
        ),
        Group(title="Output", flags=(JSON, replace(QUIET, help="print problems only"), *COMMON[1:])),
        SETTINGS,
    ),
    positional=Positional(
        attribute="paths",
        metavar="PATH",
        many=True,
        required=True,
        read=Path,
        completion="file",
        help="a directory written by `cs build`, a runtime or a bundle",
    ),
    examples=(
        Example(line="cs verify dist", text="check all builds in a directory"),
        Example(line="cs verify dist --key release.pub", text="only accept builds that this key signed"),
        Example(line="cs verify dist --against .", text="compare with the workspace"),
    ),
    fixed={"root": None, "platform": None},
    variables=(*TEMPLATES, *DOWNLOADS),
    run=run_verify,
)
