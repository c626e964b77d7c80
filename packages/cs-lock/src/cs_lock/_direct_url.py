"""Where an installed PyPI package came from, as PEP 610 says it."""

from __future__ import annotations

from typing import Any

from ._pypi_records import PypiRecord


def describe_origin(record: PypiRecord) -> str | None:
    """Return the text of ``direct_url.json``, ``None`` for a package of an index or of this machine.

    :returns: JSON without blanks, keys sorted.
    """
    origin: dict[str, Any] = {"url": record.url}
    if record.origin == "url":
        origin["archive_info"] = _describe_digest(record.sha256)
    elif record.origin == "git" and record.url is not None and not record.url.startswith("file:"):
        origin["vcs_info"] = _describe_commit(record)
    else:
        return None
    if record.subdirectory:
        origin["subdirectory"] = record.subdirectory
    import json

    return json.dumps(origin, sort_keys=True, separators=(",", ":"))


def _describe_digest(sha256: str) -> dict[str, Any]:
    return {"hash": f"sha256={sha256}", "hashes": {"sha256": sha256}} if sha256 else {}


def _describe_commit(record: PypiRecord) -> dict[str, Any]:
    revision = {"requested_revision": record.requested_revision} if record.requested_revision else {}
    return {"vcs": "git", "commit_id": record.commit, **revision}
