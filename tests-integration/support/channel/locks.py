"""Write solved records as a source lock, in every version that we read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

Record = Mapping[str, Any]
Environments = Mapping[str, Mapping[str, Sequence[Record]]]
"""Environment name to platform to records."""

VERSIONS = ("conda-1", "pixi-4", "pixi-5", "pixi-6", "pixi-7")

_FIELDS = (
    "sha256", "md5", "depends", "constrains", "features", "track_features", "license", "license_family", "size",
    "timestamp", "python_site_packages_path",
)  # fmt: skip


def write_lock(path: Path, environments: Environments, *, channel_url: str, version: str) -> None:
    """Write a lock.

    :param version: one of :data:`VERSIONS`.
    """
    tool, _, number = version.partition("-")
    body = _body(environments, channel_url, int(number), keep_timestamp=tool == "pixi")
    path.write_text(yaml.safe_dump(body, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _body(environments: Environments, channel_url: str, number: int, *, keep_timestamp: bool) -> dict[str, Any]:
    platforms = sorted({platform for solves in environments.values() for platform in solves})
    records = {
        record["url"]: record for solves in environments.values() for solve in solves.values() for record in solve
    }
    body: dict[str, Any] = {"version": number}
    if number == 7:
        body["platforms"] = [{"name": platform} for platform in platforms]
    body["environments"] = {name: _environment(solves, channel_url) for name, solves in environments.items()}
    write = _record_of_version_5 if number in (4, 5) else _record_of_version_6
    body["packages"] = [write(records[url], keep_timestamp) for url in sorted(records)]
    return body


def _environment(solves: Mapping[str, Sequence[Record]], channel_url: str) -> dict[str, Any]:
    references = {name: [{"conda": record["url"]} for record in records] for name, records in solves.items()}
    return {"channels": [{"url": channel_url + "/"}], "packages": references}


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
