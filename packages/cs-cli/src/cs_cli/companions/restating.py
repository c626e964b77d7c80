"""What the files beside a runtime say once the runtime has been signed for its platform."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any

from ..untrusted import parse_object
from .files import SUFFIXES, StagedFile, render_json
from .provenance import UNSIGNED, dump_statement, read_statement

RESTATED_ROLES = ("sbom", "spdx", "info", "provenance")
"""Roles of the files that name the runtime's digest, or that of such a file; the checksums follow from all of them."""

_SIGNED_VERSION = 2
"""Of a CycloneDX document: the second one with its serial number."""
_SERIAL_LENGTH = 36


def restate_documents(
    stem: str, documents: Mapping[str, bytes], runtime: StagedFile, listed_sha256: str
) -> dict[str, bytes]:
    """Describe a runtime as it has been signed, and not as it was built.

    :param documents: by role, those of :data:`RESTATED_ROLES` that exist; the provenance without an envelope.
    :param runtime: as it has been signed.
    :param listed_sha256: hex digest that the documents state.
    :returns: all of them, by role.
    :raises ValueError: if one is damaged.
    """
    restated = {
        role: render_json(
            restate(documents[role].replace(listed_sha256.encode(), runtime.sha256.encode())), indent=None
        )
        for role, restate in _BILLS.items()
        if role in documents
    }
    files = [runtime, *_describe(stem, restated)]
    restated["info"] = _restate_info(documents["info"], files)
    files = [runtime, *_describe(stem, restated)]
    restated["provenance"] = _restate_statement(documents["provenance"], files, runtime.name)
    return restated


def _describe(stem: str, documents: Mapping[str, bytes]) -> Iterator[StagedFile]:
    for role, data in documents.items():
        name = f"{stem}{SUFFIXES[role]}"
        yield StagedFile(name=name, role=role, size_bytes=len(data), sha256=sha256(data).hexdigest())


def _restate_cyclonedx(data: bytes) -> dict[str, Any]:
    return {**parse_object(data), "version": _SIGNED_VERSION}


def _restate_spdx(data: bytes) -> dict[str, Any]:
    """Give the document another name: SPDX has no versions of a document."""
    document = parse_object(data)
    name = document["documentNamespace"]
    start, serial = name[:-_SERIAL_LENGTH], name[-_SERIAL_LENGTH:]
    return {**document, "documentNamespace": f"{start.removesuffix('signed-')}signed-{serial}"}


_BILLS: Mapping[str, Callable[[bytes], dict[str, Any]]] = {"sbom": _restate_cyclonedx, "spdx": _restate_spdx}


def _restate_info(data: bytes, files: Iterable[StagedFile]) -> bytes:
    document, changed = parse_object(data), {one.name: one.to_dict() for one in files}
    return render_json({**document, "files": [changed.get(one["name"], one) for one in document["files"]]})


def _restate_statement(payload: bytes, files: Iterable[StagedFile], runtime: str) -> bytes:
    statement, document = read_statement(payload), parse_object(payload)
    digests = {one.name: one.sha256 for one in files}
    unsigned = statement.unsigned.get(runtime, statement.subjects[runtime])
    subjects = [
        {**one, "digest": {"sha256": digests[one["name"]]}} if one["name"] in digests else one
        for one in document["subject"]
    ]
    for one in subjects:
        if one["name"] == runtime:
            one["annotations"] = {UNSIGNED: {"sha256": unsigned}}
    return dump_statement({**document, "subject": subjects})
