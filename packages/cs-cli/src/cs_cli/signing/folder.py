"""``cs sign``: add a signature to every build in a directory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..building.staging import staging_directory
from ..companions.files import SUFFIXES, render_checksums
from ..companions.provenance import open_provenance
from ..errors import CliError
from ..terminal.console import Console
from ..verification.checks import Verification
from ..verification.checksums import read_checksums
from ..verification.files import StagedFiles, reading
from ..verification.folder import verify_folder
from ..verification.statements import Trust
from .envelope import Envelope
from .keys import key_id

if TYPE_CHECKING:
    from .keys import PrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedBuild:
    """One build in the directory.

    :ivar stem: first part of its file names.
    :ivar digests: what its checksum file lists, with the new digest of the provenance.
    :ivar envelope: its statement, signed.
    :ivar is_new: whether the signature was added; else it was there before.
    """

    stem: str
    digests: dict[str, str]
    envelope: Envelope
    is_new: bool

    @property
    def provenance_name(self) -> str:
        """Name of the provenance file."""
        return f"{self.stem}{SUFFIXES['provenance']}"

    def write(self, directory: Path) -> None:
        """Write provenance and checksums."""
        data = self.envelope.to_bytes()
        digests = {**self.digests, self.provenance_name: hashlib.sha256(data).hexdigest()}
        (directory / self.provenance_name).write_bytes(data)
        (directory / f"{self.stem}{SUFFIXES['checksums']}").write_bytes(render_checksums(digests))


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """What was signed.

    :ivar key_id: of the key.
    """

    folder: Path
    key_id: str
    builds: tuple[SignedBuild, ...]

    @property
    def lines(self) -> list[str]:
        """One line for each build."""
        words = {True: "signed", False: "already signed"}
        return [f"{self.folder / one.provenance_name}: {words[one.is_new]} with {self.key_id}" for one in self.builds]

    def to_dict(self) -> dict[str, Any]:
        """Return the document of ``--json``."""
        builds = [
            {"file": one.provenance_name, "signed": one.is_new, "signatures": len(one.envelope.signatures)}
            for one in self.builds
        ]
        return {"path": str(self.folder), "keyid": self.key_id, "builds": builds}


def sign_folder(folder: Path, key: PrivateKey, console: Console) -> Signing:
    """Sign the provenance of every build in a directory, all or none; first check that each is complete and undamaged.

    :raises CliError: ``not-found``, ``provenance-missing``, ``provenance-damaged`` or ``provenance-mismatch``; what
        ``cs verify`` says if something else is wrong.
    """
    if not folder.is_dir():
        raise CliError("no such directory", kind="not-found", path=folder)
    result, runtimes = verify_folder(folder, Trust(), console)
    if result.problems:
        raise Verification(results=(result,)).error()
    files = StagedFiles(folder)
    builds = tuple(_sign_build(files, runtime.stem, key) for runtime in runtimes)
    changed = [one for one in builds if one.is_new]
    if changed:
        with staging_directory(folder) as staging:
            for one in changed:
                one.write(staging)
    return Signing(folder=folder, key_id=key_id(key.public_key()), builds=builds)


def _sign_build(files: StagedFiles, stem: str, key: PrivateKey) -> SignedBuild:
    name, checksums = (f"{stem}{SUFFIXES[role]}" for role in ("provenance", "checksums"))
    path, digests = files.path(name), read_checksums(files, checksums)
    if name not in digests:
        message = "this build has no provenance to sign"
        raise CliError(message, kind="provenance-missing", path=path, hint="build it again")
    # The very bytes that are signed: what was verified before may have been replaced.
    if files.hash(name) != digests[name]:
        message = f"it does not match {checksums}"
        raise CliError(message, kind="provenance-mismatch", path=path, hint="build it again")
    with reading(path, "provenance-damaged"):
        envelope = open_provenance(files.read(name))
    signed = envelope.signed_with(key)
    return SignedBuild(stem=stem, digests=digests, envelope=signed, is_new=signed is not envelope)
