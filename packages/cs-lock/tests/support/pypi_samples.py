"""Entries of PyPI packages, as each lock version has them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from rattler import LockFile

from cs_lock import LocalArchive, RuntimeLock, derive, read_lock

FILES = "https://files.pythonhosted.org/packages/ab/cd"
COMMIT = "0106aced5faa299e6ede89d1230bd6784f2c3660"
Entry = dict[str, Any]


def digest(text: str) -> str:
    """Return a SHA-256 that is the same for the same text."""
    return hashlib.sha256(text.encode()).hexdigest()


def wheel(name: str, *requires: str, version: str = "1.0", tag: str = "py3-none-any", **fields: Any) -> Entry:
    """Return the entry of a wheel of PyPI."""
    location = f"{FILES}/{name.replace('-', '_')}-{version}-{tag}.whl"
    return {"pypi": location, "name": name, "version": version, "sha256": digest(location)} | _listed(requires) | fields


def located(location: str, name: str, *requires: str, **fields: Any) -> Entry:
    """Return an entry without a digest."""
    return {"pypi": location, "name": name, "version": "1.0"} | _listed(requires) | fields


def _listed(requires: Sequence[str]) -> Entry:
    return {"requires_dist": list(requires)} if requires else {}


def in_version(entry: Entry, version: int) -> Entry:
    """Return an entry as locks of a version have it."""
    if version not in (4, 5) or "pypi" not in entry:
        return entry
    fields = {key: value for key, value in entry.items() if key not in ("pypi", "index")}
    is_url = "://" in entry["pypi"]
    return {"kind": "pypi", "url" if is_url else "path": entry["pypi"], **fields}


def python(package: Callable[..., Any], subdir: str = "linux-64", version: str = "3.12.4", **fields: Any) -> Any:
    """Return the conda package of a Python."""
    return package("python", subdir=subdir, version=version, build="h1_0_cpython", **fields)


def derive_wheels(path: Path, **options: Any) -> RuntimeLock:
    """Derive the default environment."""
    return derive(read_lock(path), environment="default", **options)


def built(
    name: str, *requires: str, version: str = "1.0", tag: str = "py3-none-any", is_built: bool = True
) -> LocalArchive:
    """Return a wheel of this machine."""
    path = Path("/home/anna/dist", f"{name.replace('-', '_')}-{version}-{tag}.whl")
    return LocalArchive.of_wheel(
        path, sha256=digest(str(path)), size_bytes=7, requires_dist=requires, is_built=is_built
    )


def conda_archive(name: str, *depends: str, subdir: str = "linux-64", **fields: Any) -> LocalArchive:
    """Return a conda package of this machine."""
    index: Mapping[str, Any] = {
        "name": name,
        "version": "1.0",
        "build": "h0_0",
        "build_number": 0,
        "subdir": subdir,
        "depends": list(depends),
        **fields,
    }
    path = Path("/home/anna/dist", f"{name}-1.0-h0_0.conda")
    return LocalArchive.of_conda(path, index, sha256=digest(f"{subdir}/{name}"), size_bytes=7)


def write_as_rattler(content: bytes, folder: Path) -> bytes:
    """Let rattler read a lock and write it."""
    path = folder / "rattler.lock"
    path.write_bytes(content)
    LockFile.from_path(path).to_path(path)
    return path.read_bytes()


def entries_of(lock: RuntimeLock) -> list[Entry]:
    """Return the entries of a rendered lock."""
    entries: list[Entry] = yaml.safe_load(lock.render())["packages"]
    return entries
