"""Packages of a lock that are source, or whose entries are damaged."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ._blocks import Node
from ._credentials import redact_url
from ._environments import ForeignPackage, PackageKind
from ._errors import LockError
from ._locations import derive_location_fields
from ._names import normalize_pypi_name, parse_requirement_name
from ._records import parse_dependency_name

_SOURCE_IDENTIFIER = re.compile(r"([^\[\s]+)\[[0-9a-fA-F]*\] @ ")


def read_foreign(
    entry: Mapping[str, Node], kind: PackageKind, location: str, key: str, error: LockError | None = None
) -> ForeignPackage:
    """Read the important fields of a package that cannot ship as it is, leniently.

    :param entry: of the lock's ``packages``; empty when it has none.
    :param kind: of the package.
    :param location: URL, path or source identifier (``name[hash] @ location``).
    :param key: key path of the entry.
    :param error: what is wrong with the entry.
    """
    version, license_text = entry.get("version"), entry.get("license")
    match = _SOURCE_IDENTIFIER.match(location)
    return ForeignPackage(
        kind=kind,
        name=_find_name(entry, kind, location),
        version=str(version) if isinstance(version, str) else None,
        location=location[match.end() :] if match else location,
        key=key,
        depends=_find_needs(entry, kind),
        license=str(license_text) if isinstance(license_text, str) else None,
        error=error,
    )


def _find_name(entry: Mapping[str, Node], kind: PackageKind, location: str) -> str:
    """Find a package's name; for a nameless one, the last part of its location."""
    name = entry.get("name")
    if not isinstance(name, str):
        match = _SOURCE_IDENTIFIER.match(location)
        name = match.group(1) if match else _name_from_location(redact_url(location))
    return normalize_pypi_name(name) if kind == "pypi" else str(name).lower()


def _find_needs(entry: Mapping[str, Node], kind: PackageKind) -> tuple[str, ...]:
    """Find the names of the packages that a package needs, as names of its own kind."""
    value = entry.get("requires_dist" if kind == "pypi" else "depends")
    specs = [str(item) for item in value if isinstance(item, str)] if isinstance(value, list) else []
    if kind != "pypi":
        return tuple(parse_dependency_name(spec) for spec in specs)
    return tuple(filter(None, map(parse_requirement_name, specs)))


def _name_from_location(location: str) -> str:
    """Guess a name from an archive's or a wheel's file name, or from the last part of a path."""
    if name := derive_location_fields(location)["name"]:
        return name
    last = location.partition("#")[0].partition("?")[0].rstrip("/").rpartition("/")[2]
    return re.sub(r"-[0-9].*$|\.git.*$", "", last) or location
