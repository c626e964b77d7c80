"""``cs sign``: describe runtimes that were signed for their platform, and sign every build in a directory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..building.staging import staging_directory
from ..companions.files import SUFFIXES, render_checksums
from ..companions.provenance import open_provenance
from ..errors import CliError
from ..terminal.console import Console, format_count
from ..verification.checks import Verification
from ..verification.checksums import SUFFIX, read_checksums
from ..verification.files import StagedFiles, reading
from ..verification.folder import verify_files
from ..verification.statements import Trust
from .envelope import Envelope
from .keys import key_id
from .restatement import Restatement, find_restatement

if TYPE_CHECKING:
    from .keys import PrivateKey

SCHEMA_VERSION = 1
"""Version of ``cs sign --json``; ``schemas/sign.schema.json`` is its schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedBuild:
    """One build in the directory.

    :ivar stem: first part of its file names.
    :ivar digests: what its checksum file lists, with the new digest of the provenance.
    :ivar envelope: its statement, signed.
    :ivar is_new: whether the signature was added; else it was there before, or there is no key.
    :ivar restatement: what its files say of a runtime that was signed for its platform.
    """

    stem: str
    digests: dict[str, str]
    envelope: Envelope
    is_new: bool
    restatement: Restatement | None

    @property
    def provenance_name(self) -> str:
        """Name of the provenance file."""
        return f"{self.stem}{SUFFIXES['provenance']}"

    def write(self, directory: Path) -> None:
        """Write provenance, checksums, and what else was restated."""
        for name, content in ({} if self.restatement is None else self.restatement.documents).items():
            (directory / name).write_bytes(content)
        if self.is_new:
            data = self.envelope.to_bytes()
            digests = {**self.digests, self.provenance_name: hashlib.sha256(data).hexdigest()}
            (directory / self.provenance_name).write_bytes(data)
            (directory / f"{self.stem}{SUFFIX}").write_bytes(render_checksums(digests))

    def describe(self, folder: Path, key: str | None) -> Iterator[str]:
        """Yield what was done.

        :param key: ID of the key.
        """
        if self.restatement is not None:
            lost = self.restatement.dropped
            note = f" ({format_count(lost, 'signature')} of the earlier provenance dropped)" if lost else ""
            path = folder / self.restatement.runtime
            yield f"{path}: signed for its platform since the build; its files describe it now{note}"
        if key is not None:
            yield f"{folder / self.provenance_name}: {'signed' if self.is_new else 'already signed'} with {key}"

    def to_dict(self) -> dict[str, Any]:
        """Return the build for ``--json``."""
        return {
            "file": self.provenance_name,
            "signed": self.is_new,
            "signatures": len(self.envelope.signatures),
            "restated": self.restatement is not None,
            "dropped_signatures": 0 if self.restatement is None else self.restatement.dropped,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """What was signed.

    :ivar key_id: of the key, if there is one.
    """

    folder: Path
    key_id: str | None
    builds: tuple[SignedBuild, ...]

    @property
    def lines(self) -> list[str]:
        """What was done with each build."""
        return [line for one in self.builds for line in one.describe(self.folder, self.key_id)]

    def to_dict(self) -> dict[str, Any]:
        """Return the document of ``--json``."""
        builds = [one.to_dict() for one in self.builds]
        return {"schema_version": SCHEMA_VERSION, "path": str(self.folder), "keyid": self.key_id, "builds": builds}


def sign_folder(folder: Path, key: PrivateKey | None, console: Console) -> Signing:
    """Sign the provenance of every build in a directory, all or none; first check that each is complete and undamaged.

    Files of a build whose runtime was signed for its platform are restated.

    :param key: ``None`` only to restate.
    :raises CliError: ``not-found``, ``provenance-missing``, ``provenance-damaged`` or ``provenance-mismatch``; what
        ``cs verify`` says if something else is wrong; ``usage`` if there is nothing to do without a key.
    """
    if not folder.is_dir():
        message = "is not a directory" if folder.exists() else "no such directory"
        raise CliError(message, kind="not-found", path=folder)
    files = StagedFiles(folder)
    restatements = _find_restatements(files)
    result, runtimes = verify_files(files, Trust(), console)
    if result.problems:
        raise Verification(results=(result,)).error()
    if key is None and not restatements:
        raise CliError("--key is missing, and no file needs an update", kind="usage", hint="give `--key KEY` to sign")
    files = _reread(folder, restatements)
    builds = tuple(_sign_build(files, one.stem, key, restatements.get(one.stem)) for one in runtimes)
    changed = [one for one in builds if one.is_new or one.restatement is not None]
    if changed:
        with staging_directory(folder) as staging:
            for one in changed:
                one.write(staging)
    return Signing(folder=folder, key_id=None if key is None else key_id(key.public_key()), builds=builds)


def _find_restatements(files: StagedFiles) -> dict[str, Restatement]:
    """Restate the builds that need it, by stem, and put their files in place of those in the directory."""
    found = {}
    for path in sorted(files.folder.glob(f"*{SUFFIX}")):
        stem = path.name.removesuffix(SUFFIX)
        restatement = find_restatement(files, stem)
        if restatement is not None:
            restatement.put_into(files)
            found[stem] = restatement
    return found


def _reread(folder: Path, restatements: Mapping[str, Restatement]) -> StagedFiles:
    """Forget what was read, but for the restated files."""
    files = StagedFiles(folder)
    for one in restatements.values():
        one.put_into(files)
    return files


def _sign_build(files: StagedFiles, stem: str, key: PrivateKey | None, restatement: Restatement | None) -> SignedBuild:
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
    signed = envelope if key is None else envelope.signed_with(key)
    return SignedBuild(
        stem=stem, digests=digests, envelope=signed, is_new=signed is not envelope, restatement=restatement
    )
