"""Entries of PyPI packages in a lock's ``packages``, read into records."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ._blocks import Node
from ._credentials import judge_url, redact_url
from ._errors import LockError
from ._fields import RecordReader
from ._locations import find_scheme
from ._names import normalize_pypi_name
from ._pypi_locations import Place, read_place
from ._pypi_records import PYPI_INDEX, PypiRecord
from ._pypi_requirements import check_requirement
from ._wheel_names import read_wheel_name

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_UNUSABLE = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029]")
_NAME_LIMIT = 200
_LOCK_AGAIN = "lock the workspace again"


def read_pypi_record(entry: Mapping[str, Node], location: str, key: str) -> PypiRecord:
    """Make a record of an entry of a lock's ``packages``.

    :param entry: the entry.
    :param location: as the lock gives it.
    :param key: key path of the entry, for messages.
    :raises LockError: when a field has the wrong type or form, the name is missing, or the location cannot ship.
    """
    reader = RecordReader(entry, key)
    stated = reader.line("name")
    place = read_place(location, stated, key)
    sha256 = reader.digest("sha256") or ""
    if place.form == "tree":
        sha256 = ""  # of pyproject.toml and its like, not of an archive
    elif sha256 and place.sha256 and sha256 != place.sha256:
        message = f"the lock gives {redact_url(location)} two digests"
        raise LockError(message, kind="conflicting-records", key=f"{key}.sha256", hint=_LOCK_AGAIN)
    return PypiRecord(
        name=_read_name(reader, stated, place, location),
        version=_read_version(reader),
        origin=place.origin,
        form=place.form,
        location=location,
        url=place.url,
        file_name=place.file_name,
        sha256=sha256 or place.sha256,
        index=_read_index(reader),
        requires_dist=_read_requirements(reader),
        requires_python=reader.line("requires_python") or None,
        subdirectory=_read_subdirectory(place, key),
        commit=place.commit,
        requested_revision=place.requested_revision,
        key=key,
    )


def _read_name(reader: RecordReader, stated: str | None, place: Place, location: str) -> str:
    """Read the name, or take that of a wheel from its file name."""
    if stated:
        if not _NAME.fullmatch(stated) or len(stated) > _NAME_LIMIT:
            raise reader.mistyped("name", "the name of a PyPI project", stated)
        return normalize_pypi_name(stated)
    if place.form == "wheel" and place.file_name:
        return read_wheel_name(place.file_name).name
    message = f"the PyPI package at {redact_url(location)} has no name"
    raise LockError(message, kind="missing-field", key=f"{reader.key}.name", hint=_LOCK_AGAIN)


def _read_version(reader: RecordReader) -> str | None:
    """Read the version, in its normal form (PEP 440)."""
    from packaging.version import InvalidVersion, Version

    text = reader.line("version")
    if text is None:
        return None
    try:
        return str(Version(text))
    except InvalidVersion as error:
        raise reader.mistyped("version", "the version of a PyPI package", text) from error


def _read_index(reader: RecordReader) -> str | None:
    """Read the URL of the index; one that is a directory means nothing on another machine."""
    index = reader.line("index")
    if index is None or index.rstrip("/") == PYPI_INDEX or find_scheme(index) in (None, "file"):
        return None
    verdict = judge_url(index)
    if verdict.exposure:
        raise LockError(verdict.describe("the index"), kind=verdict.kind, key=f"{reader.key}.index", hint=verdict.hint)
    if _UNUSABLE.search(index):
        raise reader.mistyped("index", "the URL of an index", index)
    return index


def _read_requirements(reader: RecordReader) -> tuple[str, ...]:
    requirements = enumerate(reader.texts("requires_dist"))
    return tuple(check_requirement(text, f"{reader.key}.requires_dist[{index}]") for index, text in requirements)


def _read_subdirectory(place: Place, key: str) -> str | None:
    """Return the project's folder in its source tree, which it must not leave."""
    folder = (place.subdirectory or "").strip("/")
    if _UNUSABLE.search(folder) or ".." in folder.split("/"):
        message = f"the project's folder {folder!r} is not in its source tree"
        raise LockError(message, kind="invalid-value", key=key, hint=_LOCK_AGAIN)
    return folder if folder not in ("", ".") else None
