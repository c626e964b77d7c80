"""Entries of a lock's ``packages``, read into records."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from ._blocks import Node
from ._credentials import judge_url, redact_url
from ._errors import LockError
from ._fields import RecordReader, resolve_scalars
from ._locations import (
    choose_subdir,
    derive_location_fields,
    find_file_name,
    find_scheme,
    is_archive_name,
    is_host_url,
    is_local_archive,
    is_local_channel,
    lower_scheme,
)
from ._platforms import split_subdir
from ._records import Noarch, PackageRecord, derive_build_number, derive_noarch

_PYTHON = re.compile(r"python(?![\w.-])")
_SCHEMES = ("http", "https", "oci")
# What a field is called in a record, and how it is read. Absent fields have the record's defaults.
_FIELDS: dict[str, tuple[str, Callable[[RecordReader, str], Any]]] = {
    "size": ("size_bytes", RecordReader.integer),
    **{name: (name, RecordReader.line) for name in ("arch", "platform", "features", "file_name", "channel")},
    **{name: (name, RecordReader.text) for name in ("license", "license_family")},
    "python_site_packages_path": ("python_site_packages_path", RecordReader.relative_path),
    **{name: (name, RecordReader.digest) for name in ("sha256", "md5", "legacy_bz2_md5", "attestations_sha256")},
    **{name: (name, RecordReader.texts) for name in ("depends", "constrains", "flags")},
    **{name: (name, RecordReader.groups) for name in ("extra_depends", "run_exports")},
    **{name: (name, RecordReader.integer) for name in ("build_number", "legacy_bz2_size")},
    "timestamp": ("timestamp", RecordReader.timestamp),
    "indexed_timestamp": ("indexed_timestamp", RecordReader.milliseconds),
    "track_features": ("track_features", RecordReader.words),
    "purls": ("purls", RecordReader.purls),
}
_IDENTITY = ("name", "version", "build", "subdir")
# What these are at the least: they become rows of lists, file names and parts of URLs.
_FORMS = {
    "name": re.compile(r"[a-z0-9_.-]+"),
    "version": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+!-]*"),
    "build": re.compile(r"[^\x00-\x20\x7f-\xa0/\\\u2028\u2029]+"),
}
_IDENTITY_LIMIT_BYTES = 250
"""``conda-meta/NAME-VERSION-BUILD.json`` is a file, and a file's name has at most 255 bytes."""
_UNUSABLE = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029]")
# What a prefix's record of a package says of the installation, and a lock of none.
_INSTALLED = frozenset({"files", "paths_data", "link", "requested_spec", "requested_specs"})
# Where a URL or a path is the whole value, and looked at as that.
_PLACES = frozenset({"conda", "url", "path", "channel"})
_SPECS = frozenset({"depends", "constrains", "extra_depends", "run_exports"})
_ADDRESS = re.compile(r"""(?:[A-Za-z][A-Za-z0-9+.-]*:[/\\]+|[/\\]{2})[^\s"'`]+""")
_ELSEWHERE = frozenset({*_IDENTITY, "noarch", "conda", "kind", "url", "path"})


def read_record(entry: Mapping[str, Node], location: str, key: str, *, lock_version: int) -> PackageRecord:
    """Make a record of an entry of a lock's ``packages``.

    :param entry: the entry; absent fields are derived from the location as rattler does.
    :param location: URL or path of the archive.
    :param key: key path of the entry, for messages.
    :param lock_version: of the format; in ``conda.lock`` version 1 no record says its noarch kind.
    :returns: the record.
    :raises LockError: when a field has the wrong type, one that is needed cannot be derived, or the URL cannot ship.
    """
    reader = RecordReader(entry, key)
    _check_url(location, "the package", key)
    is_local = is_local_archive(location)
    if not is_local:
        location = lower_scheme(location)
    derived = derive_location_fields(location)
    fields = _read_identity(reader, derived, location)
    build, subdir = fields["build"], fields["subdir"]
    fields["build_number"] = derive_build_number(build)
    fields["arch"], fields["platform"] = split_subdir(subdir)
    fields["file_name"] = derived["file_name"] or _name_archive(fields, location)
    fields["channel"] = derived["channel"]
    fields["sha256"] = ""
    extra = {}
    for name, value in entry.items():
        if known := _FIELDS.get(name):
            if value is not None:
                fields[known[0]] = known[1](reader, name)
        elif name in _INSTALLED:
            raise reader.mistyped(name, "no such field: it describes an installed package", value)
        elif name not in _ELSEWHERE:
            extra[name] = resolve_scalars(value)
    if entry.get("subdir") not in (None, subdir):
        fields["arch"], fields["platform"] = split_subdir(subdir)
    # The build string of the URL decides about noarch, even where the entry has another: rattler has it so.
    location_build = derived["build"] or build
    fields["noarch"] = _read_noarch(reader, subdir, location_build, fields.get("depends", ()), lock_version)
    # Locks of 2024 have the whole location there, if the workspace itself names the archive.
    fields["file_name"] = find_file_name(fields["file_name"])
    fields["channel"] = _choose_channel(fields["channel"], derived["channel"], key)
    if "purls" in fields:
        fields["purls"] = tuple(sorted(fields["purls"]))
    fields["url"] = f"./{fields['file_name']}" if is_local else location
    fields["location"] = location if is_local else None
    _check_address(fields, key)
    for name, value in entry.items():
        _check_text(name, value, key)
    return PackageRecord(**fields, extra=dict(sorted(extra.items())))


def _check_url(url: str, owner: str, key: str) -> None:
    """Refuse a URL that holds what must not ship, before anything is made of it."""
    verdict = judge_url(url)
    if verdict.exposure:
        raise LockError(verdict.describe(owner), kind=verdict.kind, key=key, hint=verdict.hint)


def _check_text(name: str, value: Node, key: str) -> None:
    """Refuse a URL with a secret within a field, such as one in a dependency.

    A query or a fragment is refused where packages are asked for; a licence may have one.
    """
    if isinstance(value, (list, dict)):
        for one in value.values() if isinstance(value, dict) else value:
            _check_text(name, one, key)
    elif isinstance(value, str) and ("/" in value or "\\" in value) and name not in _PLACES:
        for address in _ADDRESS.findall(value):
            verdict = judge_url(address)
            if verdict.exposure in ("user", "token", "encoding") or (verdict.exposure and name in _SPECS):
                raise LockError(
                    verdict.describe("the package"), kind=verdict.kind, key=f"{key}.{name}", hint=verdict.hint
                )


def _check_address(fields: Mapping[str, Any], key: str) -> None:
    """Refuse an archive that cannot be downloaded, or whose name a bundle cannot have."""
    url, file_name = fields["url"], fields["file_name"]
    if fields["location"] is None and not is_host_url(url):
        scheme = find_scheme(url)
        if scheme in _SCHEMES:
            raise LockError(f"{url!r} is not a valid URL", kind="invalid-url", key=key)
        message = f"packages cannot be fetched by {scheme}: {url}"
        raise LockError(message, kind="unknown-scheme", key=key, hint="use an https channel")
    if not is_archive_name(file_name):
        message = f"{file_name!r} is not a file name of the form NAME-VERSION-BUILD.conda"
        raise LockError(message, kind="invalid-file-name", key=key)


def _choose_channel(stated: str | None, derived: str | None, key: str) -> str | None:
    """Choose the channel that an entry states, unless it means nothing on another machine."""
    if not stated or stated == derived or is_local_channel(stated) or find_scheme(stated) is None:
        return derived
    _check_url(stated, "the package's channel", f"{key}.channel")
    if _UNUSABLE.search(stated):
        raise LockError(f"{stated!r} is not a valid URL", kind="invalid-url", key=f"{key}.channel")
    return f"{lower_scheme(stated).rstrip('/')}/"


def _name_archive(fields: Mapping[str, Any], location: str) -> str:
    """Name an archive whose location does not: a file can be renamed, a URL cannot."""
    if not is_local_archive(location):
        return find_file_name(location)
    suffix = ".tar.bz2" if location.endswith(".tar.bz2") else ".conda"
    return f"{fields['name']}-{fields['version']}-{fields['build']}{suffix}"


def _read_identity(reader: RecordReader, derived: Mapping[str, str | None], location: str) -> dict[str, Any]:
    """Read name, version, build and subdir, or derive them from the location."""
    fields: dict[str, Any] = {}
    for name in _IDENTITY:
        stated = reader.text(name)
        value = choose_subdir(stated, derived[name], location) if name == "subdir" else stated or derived[name]
        if not value:
            raise _describe_missing(name, location, reader.key)
        fields[name] = value
    fields["name"] = fields["name"].lower()
    for name, form in _FORMS.items():
        if not form.fullmatch(fields[name]):
            raise reader.mistyped(name, f"a valid {name} of a conda package", fields[name])
    identity = "-".join(fields[name] for name in ("name", "version", "build"))
    if len(identity.encode()) > _IDENTITY_LIMIT_BYTES:
        raise reader.mistyped("build", f"name, version and build of {_IDENTITY_LIMIT_BYTES} bytes at most", identity)
    return fields


def _describe_missing(field: str, location: str, key: str) -> LockError:
    """Say that an archive lacks a field."""
    hint = "its location is not of the form CHANNEL/SUBDIR/NAME-VERSION-BUILD.conda, so the entry must state it"
    return LockError(
        f"the package at {redact_url(location)} has no {field}", kind="missing-field", key=f"{key}.{field}", hint=hint
    )


def _read_noarch(
    reader: RecordReader, subdir: str, build: str, depends: tuple[str, ...], lock_version: int
) -> Noarch | None:
    """Read the noarch kind, or derive it by the rule of the lock's version."""
    value = reader.text("noarch")
    if value in ("python", "generic"):
        return "python" if value == "python" else "generic"
    if value is not None:
        # Recipes of the time before noarch python said "noarch: true".
        return "generic" if value == "true" else None
    if lock_version in (4, 5):
        return None
    noarch = derive_noarch(subdir, build)
    if noarch == "generic" and lock_version == 1 and any(_PYTHON.match(spec) for spec in depends):
        return "python"
    return noarch
