"""The key that signs: from its file, with its passphrase from a file, a variable or the terminal."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import PASSPHRASE_VARIABLE, CliError
from ..terminal.console import Console, ask_secret
from .keys import is_exposed, load_private_key

if TYPE_CHECKING:
    from ..options import SigningOptions
    from .keys import PrivateKey

_PASSPHRASE_LIMIT_BYTES = 1 << 12


def load_signer(options: SigningOptions, out_dir: Path, environ: Mapping[str, str], console: Console) -> PrivateKey:
    """Load the key that a command signs with.

    :param out_dir: directory whose files will be published: no secret may be in it.
    :param environ: where :data:`~cs_cli.errors.PASSPHRASE_VARIABLE` is looked for.
    :raises CliError: ``key-published``, ``not-found``, ``cannot-read``, ``key-invalid``, ``key-unsupported`` or
        ``key-passphrase``.
    """
    secrets = {"the key": options.key, "the passphrase": options.passphrase_file}
    for what, path in secrets.items():
        if path is not None:
            _refuse_published(path, out_dir, what)
    key = load_private_key(options.key, lambda: find_passphrase(options, environ))
    for what, path in secrets.items():
        if path is not None and is_exposed(path):
            console.warn(f"other users of this machine can read {what}: {path} (`chmod go= FILE` changes that)")
    return key


@contextlib.contextmanager
def hidden_passphrase(environ: MutableMapping[str, str]) -> Iterator[dict[str, str]]:
    """Hide the variable with the passphrase from the programs that a build starts: build backends, link scripts, git.

    :param environ: of this process.
    :returns: what was hidden, for :func:`load_signer`.
    """
    hidden = {name: environ.pop(name) for name in (PASSPHRASE_VARIABLE,) if name in environ}
    try:
        yield hidden
    finally:
        environ.update(hidden)


def find_passphrase(options: SigningOptions, environ: Mapping[str, str]) -> bytes:
    """Return the passphrase of a key: from the file that was given, the variable, or a question at the terminal.

    :raises CliError: ``key-passphrase`` if there is none; ``not-found`` or ``cannot-read`` if the file is not readable.
    """
    if options.passphrase_file is not None:
        return _read_passphrase(options.passphrase_file)
    if (given := environ.get(PASSPHRASE_VARIABLE)) is not None:
        return os.fsencode(given)
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        message = "the key is encrypted, and no passphrase was given"
        raise CliError(message, kind="key-passphrase", path=options.key)
    return ask_secret(f"Passphrase of {options.key}:").encode("utf-8", "surrogateescape")


def _read_passphrase(path: Path) -> bytes:
    """Read the first line of a file, which may be a pipe."""
    try:
        with path.open("rb") as file:
            data = file.read(_PASSPHRASE_LIMIT_BYTES)
    except FileNotFoundError:
        raise CliError("the passphrase file does not exist", kind="not-found", path=path) from None
    except OSError as error:
        message = f"the passphrase cannot be read: {error.strerror or error}"
        raise CliError(message, kind="cannot-read", path=path) from None
    return data.partition(b"\n")[0].removesuffix(b"\r")


def _refuse_published(path: Path, out_dir: Path, what: str) -> None:
    if Path(os.path.realpath(path)).is_relative_to(os.path.realpath(out_dir)):
        message = f"{what} is in {out_dir}, whose files you publish"
        raise CliError(message, kind="key-published", path=path, hint="move it to another directory")
