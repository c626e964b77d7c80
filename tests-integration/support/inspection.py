"""Is a prefix complete, is anything left next to it?"""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import zstandard


def read_records(prefix: Path) -> list[dict[str, Any]]:
    """Read every ``conda-meta/*.json``."""
    return [json.loads(path.read_text()) for path in sorted((prefix / "conda-meta").glob("*.json"))]


def read_marker(prefix: Path) -> dict[str, Any]:
    """Read the marker. While an upkeep command is at work its first byte, the brace, is a blank."""
    marker: dict[str, Any] = json.loads("{" + (prefix / ".demo.json").read_text()[1:])
    return marker


def find_faults(prefix: Path, *, packages: int) -> list[str]:
    """List what a prefix lacks of being complete: records, files, digests, the marker.

    :param packages: how many packages it must have.
    """
    records = read_records(prefix)
    faults = [] if len(records) == packages else [f"{len(records)} records instead of {packages}"]
    for record in records:
        faults += [f"{record['name']}: {fault}" for fault in _find_faults_of(record, prefix)]
    for name in ("history", "initial-state.explicit.txt"):
        if not (prefix / "conda-meta" / name).is_file():
            faults.append(f"no conda-meta/{name}")
    if read_marker(prefix)["runtime"] != "demo":
        faults.append("the marker is not conda-ship's")
    if (prefix / ".demo.staging").exists():
        faults.append("scratch space is left")
    return faults


def _find_faults_of(record: dict[str, Any], prefix: Path) -> Iterator[str]:
    listed = {entry["_path"]: entry for entry in record["paths_data"]["paths"]}
    if set(record["files"]) != set(listed):
        yield "files and paths_data disagree"
    for name, entry in listed.items():
        path = prefix / name
        if not os.path.lexists(path):
            yield f"{name} is missing"
            continue
        digest = entry.get("sha256_in_prefix") or entry.get("sha256")
        if not digest and entry["path_type"] == "hardlink":
            yield f"{name} has no digest"
        elif digest and not path.is_symlink() and hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            yield f"{name} has another digest"


def assert_complete(prefix: Path, *, packages: int) -> None:
    """Fail unless the prefix is whole."""
    assert find_faults(prefix, packages=packages) == []


def unpack_bundle(bundle: Path, folder: Path) -> None:
    """Write the archives of a bundle into a folder, as ``tar --zstd -xf`` does where there is a zstd."""
    with (
        bundle.open("rb") as file,
        zstandard.ZstdDecompressor().stream_reader(file) as stream,
        tarfile.open(fileobj=stream, mode="r|") as tar,
    ):
        for member in tar:
            content = tar.extractfile(member)
            assert content is not None
            (folder / member.name).write_bytes(content.read())


def list_names(directory: Path) -> list[str]:
    """Name the entries of a folder; a folder that is missing has none."""
    return sorted(entry.name for entry in directory.iterdir()) if directory.is_dir() else []


def snapshot(directory: Path) -> dict[str, tuple[object, ...]]:
    """Describe every path below ``directory``, itself included, so that any change shows."""
    found: dict[str, tuple[object, ...]] = {}
    for path in [directory, *sorted(directory.rglob("*"))]:
        status = path.lstat()
        content = path.read_bytes() if path.is_file() and not path.is_symlink() else b""
        target = str(path.readlink()) if path.is_symlink() else None
        found[str(path)] = (status.st_mode, status.st_ino, status.st_mtime_ns, status.st_uid, content, target)
    return found
