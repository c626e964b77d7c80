"""Package URLs (purl specification): the names of packages in a bill of materials."""

from __future__ import annotations

from urllib.parse import urlsplit

from cs_lock import PackageRecord, Wheel

_ANACONDA = "conda.anaconda.org"
"""The host whose channels conda tools know by their names alone."""


def name_record(record: PackageRecord) -> str:
    """Name a conda package, with build, channel, subdir and form of the archive."""
    kind = "conda" if record.file_name.endswith(".conda") else "tar.bz2"
    fields = {"build": record.build, "channel": name_channel(record.channel), "subdir": record.subdir, "type": kind}
    return _compose("conda", record, fields)


def name_channel(url: str | None) -> str | None:
    """Return a channel's address; of one on conda.anaconda.org only the name, as conda tools show it."""
    if url is None:
        return None
    parts = urlsplit(url)
    return (parts.path.strip("/") if parts.hostname == _ANACONDA else "") or url.rstrip("/")


def name_wheel(wheel: Wheel) -> str:
    """Name a wheel, with its file name.

    The index is named unless it is PyPI's own, a repository with its commit if the wheel was built from one and it is
    not on this machine.
    """
    source = wheel.source
    fields = {"file_name": wheel.file_name, "repository_url": source.index}
    if source.origin == "git" and not str(source.url).startswith("file:"):
        fields["vcs_url"] = f"git+{source.url}@{source.commit}"
    return _compose("pypi", wheel, fields)


def _compose(kind: str, package: PackageRecord | Wheel, fields: dict[str, str | None]) -> str:
    from packageurl import PackageURL

    qualifiers = {name: value for name, value in fields.items() if value}
    return PackageURL(kind, None, package.name, package.version, qualifiers).to_string()
