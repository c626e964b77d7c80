"""Locks built in code, of every version, sound and broken."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

CHANNEL = "https://conda.example.com/forge"
Package = dict[str, Any]
Environments = Mapping[str, Mapping[str, Sequence[Package]]]


def build_package(
    name: str, *depends: str, version: str = "1.0", build: str = "h0_0", subdir: str = "linux-64", **fields: Any
) -> Package:
    """Return a record in the words of repodata, with its URL."""
    file_name = f"{name}-{version}-{build}.conda"
    digest = hashlib.sha256(f"{subdir}/{file_name}".encode()).hexdigest()
    record = {
        "name": name,
        "version": version,
        "build": build,
        "build_number": int(build[len(build.rstrip("0123456789")) :] or 0),
        "subdir": subdir,
        "url": f"{CHANNEL}/{subdir}/{file_name}",
        "sha256": digest,
        "md5": digest[:32],
        "depends": list(depends),
        "license": "BSD-3-Clause",
        "size": 1000 + len(name),
        "timestamp": 1700000000000,
    }
    if subdir == "noarch":
        record["noarch"] = "python" if "py" in build else "generic"
    return {**record, **fields}


def render_source(
    environments: Environments, version: int = 6, foreign: Sequence[Mapping[str, Any]] = (), **top: Any
) -> str:
    """Return a lock's text; ``foreign`` are entries of ``packages`` that every platform's list names."""
    names = sorted({platform for platforms in environments.values() for platform in platforms})
    records = {p["url"]: p for platforms in environments.values() for ps in platforms.values() for p in ps}
    document: dict[str, Any] = {"version": version}
    if version == 7:
        document["platforms"] = [{"name": name} for name in names]
    document["environments"] = {
        name: {
            "channels": [{"url": f"{CHANNEL}/"}],
            "packages": {
                platform: [*({"conda": p["url"]} for p in packages), *map(_selector, foreign)]
                for platform, packages in platforms.items()
            },
        }
        for name, platforms in environments.items()
    }
    document["packages"] = [*(_entry(record, version) for record in records.values()), *foreign]
    return yaml.safe_dump({**document, **top}, sort_keys=False, width=10**6)


def _selector(entry: Mapping[str, Any]) -> dict[str, Any]:
    if "kind" in entry:
        return {entry["kind"]: entry.get("url") or entry["path"]}
    return {key: entry[key] for key in ("conda", "pypi", "conda_source") if key in entry}


def _entry(record: Package, version: int) -> dict[str, Any]:
    """Return a record as a lock of the version has it."""
    fields = {key: value for key, value in record.items() if value not in ([], None) and key != "url"}
    if version in (4, 5):
        return {"kind": "conda", **fields, "url": record["url"]}
    derived = ["name", "version", "build", "subdir", "build_number"]
    if version == 1:
        derived += ["noarch", "timestamp"]
    for key in derived:
        fields.pop(key, None)
    return {"conda": record["url"], **fields}
