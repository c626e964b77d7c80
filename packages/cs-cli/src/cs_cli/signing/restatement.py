"""A build whose runtime was signed for its platform: its other files are restated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256

from cs_stamp import StampError, is_as_built

from ..companions.files import SUFFIXES, StagedFile, render_checksums
from ..companions.provenance import open_provenance, read_statement
from ..companions.restating import RESTATED_ROLES, restate_documents
from ..errors import CliError
from ..verification.checksums import find_runtime, read_checksums
from ..verification.files import StagedFiles, reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Restatement:
    """What the files of a build say of its runtime as it is now.

    :ivar runtime: name of the runtime.
    :ivar documents: contents of the files that change, by name; the checksums are among them.
    :ivar dropped: number of signatures over the provenance as it was, which are not over the new one.
    """

    runtime: str
    documents: Mapping[str, bytes]
    dropped: int

    def put_into(self, files: StagedFiles) -> None:
        """Take the documents for those of the build."""
        for name, data in self.documents.items():
            files.put(name, data)


def find_restatement(files: StagedFiles, stem: str) -> Restatement | None:
    """Restate a build if its runtime was signed for its platform since, and nothing else has changed.

    Nothing of a build is restated that its checksums do not list as it is.

    :returns: ``None`` if there is nothing to restate, or something else is wrong, which a verification will say.
    """
    try:
        return _restate(files, stem)
    except (CliError, StampError):
        return None


def _restate(files: StagedFiles, stem: str) -> Restatement | None:
    checksums, provenance = (f"{stem}{SUFFIXES[role]}" for role in ("checksums", "provenance"))
    listed = read_checksums(files, checksums)
    runtime = find_runtime(listed, files.path(checksums), stem)
    signed = StagedFile(
        name=runtime, role="runtime", size_bytes=files.require(runtime).st_size, sha256=files.hash(runtime)
    )
    if signed.sha256 == listed[runtime]:
        return None
    documents = _read_documents(files, stem, listed)
    if documents is None:
        return None
    with reading(files.path(provenance), "provenance-damaged"):
        envelope = open_provenance(documents["provenance"])
        before = read_statement(envelope.payload).unsigned.get(runtime, listed[runtime])
        if not is_as_built(files.path(runtime), before):
            return None
        documents["provenance"] = envelope.payload
        restated = restate_documents(stem, documents, signed, listed[runtime])
    by_name = {f"{stem}{SUFFIXES[role]}": data for role, data in restated.items()}
    digests = {**listed, runtime: signed.sha256, **{name: sha256(data).hexdigest() for name, data in by_name.items()}}
    return Restatement(
        runtime=runtime,
        documents={**by_name, checksums: render_checksums(digests)},
        dropped=len(envelope.signatures),
    )


def _read_documents(files: StagedFiles, stem: str, listed: Mapping[str, str]) -> dict[str, bytes] | None:
    """Read the files to restate, by role; ``None`` if one of them is not as it was staged."""
    names = {role: f"{stem}{SUFFIXES[role]}" for role in RESTATED_ROLES}
    names = {role: name for role, name in names.items() if name in listed}
    documents = {role: files.read(name) for role, name in names.items()}
    return documents if all(files.hash(name) == listed[name] for name in names.values()) else None
