"""``cs sign``: sign what was built."""

from __future__ import annotations

import os
from pathlib import Path

from ..commandline.flags import COMMON, JSON, PASSPHRASE_FILE, file_flag, refuse_lone_passphrase
from ..commandline.values import Command, Example, Group, Positional
from ..errors import PASSPHRASE_VARIABLE
from ..options import SignOptions


def run_sign(options: SignOptions) -> int:
    """Sign all builds in a directory."""
    from ..signing.folder import sign_folder
    from ..signing.signer import load_signer
    from ..terminal.console import Console, print_json, print_lines

    console = Console(quiet=options.quiet, verbose=options.verbose)
    given = options.signing
    key = None if given is None else load_signer(given, options.path, os.environ, console)
    signing = sign_folder(options.path, key, console)
    if options.json:
        print_json({**signing.to_dict(), "warnings": console.warnings})
    else:
        print_lines(signing.lines)
    return 0


_KEY = file_flag(
    "--key",
    metavar="KEY",
    help="private key: Ed25519 or ECDSA P-256",
)

COMMAND = Command(
    name="sign",
    description=(
        "Check every build in a directory as `cs verify` does, and add a signature to its provenance. "
        "A signature with the same key is made only once. Where a runtime was signed for its platform since the "
        "build, checksums, info.json, bills of materials and provenance are changed to describe it."
    ),
    options=SignOptions,
    groups=(
        Group(title="Signature", flags=(_KEY, PASSPHRASE_FILE)),
        Group(title="Output", flags=(JSON, *COMMON)),
    ),
    positional=Positional(
        attribute="path",
        metavar="DIR",
        required=True,
        read=Path,
        completion="directory",
        help="a directory written by `cs build`",
    ),
    examples=(
        Example(line="cs sign dist --key release.pem", text="sign the builds in dist/"),
        Example(line="cs sign dist", text="describe a runtime that was signed for macOS or Windows"),
    ),
    variables=(PASSPHRASE_VARIABLE,),
    check=lambda values: refuse_lone_passphrase(values, "key"),
    run=run_sign,
)
