"""Write solved records as a source lock, in every version that we read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .index import PypiEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEntry:
    """A conda package that a lock knows only as source, in a directory of the workspace."""

    name: str
    version: str
    build: str
    subdir: str
    path: str
    depends: Sequence[str] = ()


Record = Mapping[str, Any]
Entry = Record | PypiEntry | SourceEntry
Environments = Mapping[str, Mapping[str, Sequence[Entry]]]
"""Environment name to platform to packages: repodata records, PyPI packages, source packages."""

VERSIONS = ("conda-1", "pixi-4", "pixi-5", "pixi-6", "pixi-7")

_FIELDS = (
    "sha256", "md5", "depends", "constrains", "features", "track_features", "license", "license_family", "size",
    "timestamp", "python_site_packages_path",
)  # fmt: skip


def write_lock(path: Path, environments: Environments, *, channel_url: str, version: str) -> None:
    """Write a lock.

    :param version: one of :data:`VERSIONS`; source packages need pixi-6 or pixi-7.
    """
    tool, _, number = version.partition("-")
    body = _body(environments, channel_url, int(number), keep_timestamp=tool == "pixi")
    path.write_text(yaml.safe_dump(body, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _body(environments: Environments, channel_url: str, number: int, *, keep_timestamp: bool) -> dict[str, Any]:
    platforms = sorted({platform for solves in environments.values() for platform in solves})
    entries = {
        tuple(_refer(entry, number).items()): entry
        for solves in environments.values()
        for solve in solves.values()
        for entry in solve
    }
    body: dict[str, Any] = {"version": number}
    if number == 7:
        body["platforms"] = [{"name": platform} for platform in platforms]
    body["environments"] = {name: _environment(solves, channel_url, number) for name, solves in environments.items()}
    body["packages"] = [_write(entries[place], number, keep_timestamp) for place in sorted(entries)]
    return body


def _environment(solves: Mapping[str, Sequence[Entry]], channel_url: str, number: int) -> dict[str, Any]:
    references = {name: [_refer(entry, number) for entry in entries] for name, entries in solves.items()}
    return {"channels": [{"url": channel_url + "/"}], "packages": references}


def _refer(entry: Entry, number: int) -> dict[str, str]:
    """Name an entry as environments do."""
    if isinstance(entry, PypiEntry):
        return {"pypi": entry.location}
    if isinstance(entry, SourceEntry):
        return {"conda_source": f"{entry.name}[0123abcd] @ {entry.path}"} if number == 7 else {"conda": entry.path}
    return {"conda": entry["url"]}


def _write(entry: Entry, number: int, keep_timestamp: bool) -> dict[str, Any]:
    if isinstance(entry, SourceEntry):
        return _source_of_version_7(entry) if number == 7 else _source_of_version_6(entry)
    if isinstance(entry, PypiEntry):
        return _pypi_of_version_5(entry) if number in (4, 5) else _pypi_of_version_6(entry, number)
    return (_record_of_version_5 if number in (4, 5) else _record_of_version_6)(entry, keep_timestamp)


def _pypi_of_version_5(entry: PypiEntry) -> dict[str, Any]:
    place = {"url" if entry.is_remote else "path": entry.location}
    return {"kind": "pypi", "name": entry.name, "version": entry.version or "0.0.0", **place, **_pypi_fields(entry)}


def _pypi_of_version_6(entry: PypiEntry, number: int) -> dict[str, Any]:
    version = entry.version if number == 7 else entry.version or "0.0.0"
    index = {"index": entry.index} if number == 7 and entry.index else {}
    head = {"pypi": entry.location, "name": entry.name, **({"version": version} if version else {})}
    return {**head, **_pypi_fields(entry), **index}


def _pypi_fields(entry: PypiEntry) -> dict[str, Any]:
    fields = {
        "sha256": entry.sha256,
        "requires_dist": list(entry.requires_dist),
        "requires_python": entry.requires_python,
    }
    return {name: value for name, value in fields.items() if value}


def _source_of_version_6(entry: SourceEntry) -> dict[str, Any]:
    return {
        "conda": entry.path,
        "name": entry.name,
        "version": entry.version,
        "build": entry.build,
        "subdir": entry.subdir,
        "depends": list(entry.depends),
    }


def _source_of_version_7(entry: SourceEntry) -> dict[str, Any]:
    return {**_refer(entry, 7), "depends": list(entry.depends)}


def _record_of_version_5(record: Record, keep_timestamp: bool) -> dict[str, Any]:
    identity = {key: record[key] for key in ("name", "version", "build", "build_number", "subdir", "url")}
    noarch = {"noarch": record["noarch"]} if record.get("noarch") else {}
    return {"kind": "conda", **identity, **noarch, **_fields(record, keep_timestamp)}


def _record_of_version_6(record: Record, keep_timestamp: bool) -> dict[str, Any]:
    build_number = {"build_number": record["build_number"]} if record["build_number"] else {}
    return {"conda": record["url"], **build_number, **_fields(record, keep_timestamp)}


def _fields(record: Record, keep_timestamp: bool) -> dict[str, Any]:
    kept = [name for name in _FIELDS if keep_timestamp or name != "timestamp"]
    return {name: record[name] for name in kept if record.get(name) not in (None, [], "")}
