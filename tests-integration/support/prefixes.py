"""Look at a prefix as a table of entries, and find where two of them differ."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

RECORD_FIELDS_OF_A_CACHE = {"extracted_package_dir", "package_tarball_full_path", "link"}
"""Fields of a ``conda-meta`` record that name the package cache an installer used, and how it linked from there."""


UMASK = 0o022
"""The umask that prefixes to be compared are made with."""


def describe_prefix(prefix: Path, *, ignore: frozenset[str], modes: int = 0o7777) -> dict[str, tuple[str, Any]]:
    """Map every path below a prefix to its kind and content; directories only when they are empty.

    :param ignore: names of entries of the top folder, or paths, to leave out.
    :param modes: bits of modes that count.
    """
    entries: dict[str, tuple[str, Any]] = {}
    for path in sorted(prefix.rglob("*")):
        name = path.relative_to(prefix).as_posix()
        if name in ignore or name.split("/")[0] in ignore or name.startswith("conda-meta/"):
            continue
        if path.is_symlink():
            entries[name] = ("link", str(path.readlink()))
        elif path.is_file():
            entries[name] = (f"file {stat.S_IMODE(path.stat().st_mode) & modes:o}", path.read_bytes())
        elif not any(path.iterdir()):
            entries[name] = ("empty folder", None)
    return entries


def read_records(prefix: Path) -> dict[str, dict[str, Any]]:
    """Read ``conda-meta/*.json`` by package name, without what belongs to a cache."""
    records = {}
    for path in sorted((prefix / "conda-meta").glob("*.json")):
        record = json.loads(path.read_bytes())
        records[record["name"]] = {key: record[key] for key in record if key not in RECORD_FIELDS_OF_A_CACHE}
    return records


def describe_as_own(prefix: Path, *, ignore: frozenset[str]) -> dict[str, tuple[str, Any]]:
    """Describe rattler's prefix as a runtime must make it. Only rattler keeps modes whatever the umask."""
    return describe_prefix(prefix, ignore=ignore, modes=0o775 & ~UMASK)


def read_as_own(prefix: Path) -> dict[str, dict[str, Any]]:
    """Read rattler's records, which have the hash of a link's text instead of it, as a runtime must write them."""
    records = read_records(prefix)
    for record in records.values():
        _drop_what_scripts_removed(prefix, record)
        for path in record["paths_data"]["paths"]:
            place = prefix / path["_path"]
            if path["path_type"] == "softlink":
                path.pop("sha256_in_prefix", None)
                path["link_target"] = str(place.readlink())
            elif place.is_file() and "sha256" in path:
                _describe_what_scripts_made(place, path)
    return records


def _drop_what_scripts_removed(prefix: Path, record: dict[str, Any]) -> None:
    """Leave out what no longer exists when the link scripts are done."""
    record["files"] = [path for path in record["files"] if os.path.lexists(prefix / path)]
    paths = record["paths_data"]["paths"]
    record["paths_data"]["paths"] = [path for path in paths if os.path.lexists(prefix / path["_path"])]


def _describe_what_scripts_made(place: Path, path: dict[str, Any]) -> None:
    """Say what is there, where a link script has changed a file after it was recorded."""
    content = place.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    if sha256 != path.get("sha256_in_prefix", path["sha256"]):
        path.update(sha256_in_prefix=sha256, size_in_bytes=len(content))


def compare(own: Mapping[str, Any], rattlers: Mapping[str, Any]) -> list[str]:
    """List the differences of two tables, a line each."""
    lines = [f"only own: {name}" for name in sorted(own.keys() - rattlers.keys())]
    lines += [f"only rattlers: {name}" for name in sorted(rattlers.keys() - own.keys())]
    for name in sorted(own.keys() & rattlers.keys()):
        if own[name] != rattlers[name]:
            lines += _explain(name, own[name], rattlers[name])
    return lines


def _explain(name: str, own: object, rattlers: object) -> list[str]:
    """Say where two values differ, field by field and item by item as far down as both go."""
    if isinstance(own, dict) and isinstance(rattlers, dict):
        return [f"{name}.{line}" for line in compare(own, rattlers)]
    if isinstance(own, list) and isinstance(rattlers, list) and len(own) == len(rattlers):
        pairs = enumerate(zip(own, rattlers, strict=True))
        return [
            line for index, (one, other) in pairs if one != other for line in _explain(f"{name}[{index}]", one, other)
        ]
    return [f"differs: {name}: {_shorten(own)} and {_shorten(rattlers)}"]


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) < 400 else f"{text[:400]}..."
