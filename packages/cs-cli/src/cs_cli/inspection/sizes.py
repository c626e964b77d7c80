"""How large a runtime is: what is downloaded, the file itself, and what it installs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from cs_bundle import BundleError
from cs_lock import PackageRecord, Wheel

from ..archives.remembered import recall_contents
from ..archives.store import ArchiveStore
from ..companions.files import SUFFIXES
from ..errors import CliError
from ..project.derivation import Derivation
from ..project.platforms import host_platform
from ..untrusted import read_document
from .summary import BytecodeCost, Inspection, PlatformSummary, Size

_COMPILED_SHARE = 0.69
"""Bytes of shipped bytecode for each byte of noarch python archive, measured on 131 packages with 9,312 modules."""

_PLAN_BYTES = 1030
"""Bytes of the plan for each package: 997 to 1,066 in 18 environments of public workspaces, of 88 to 217 packages."""

_LOCK_BYTES = 320
"""Bytes of the lock for each package and platform: from 264 to 503 in nine of these."""


def measure_sizes(inspection: Inspection, store: ArchiveStore, out_dir: Path) -> Inspection:
    """Add the sizes that are known on this machine, or can be estimated.

    :param store: whose cache may have looked into archives, and has the sizes of wheels.
    :param out_dir: where an earlier build may have left its own.
    :returns: the inspection with ``bytecode``, and platforms with the sizes of templates, runtimes and prefixes.
    """
    derivation = inspection.derivation
    platforms = [add_wheel_sizes(platform, store) for platform in add_template_sizes(inspection).platforms]
    builds = _read_builds(derivation, out_dir)
    costs: dict[str, BytecodeCost] = {}
    if derivation.config.bytecode == "shipped" and not derivation.lock.errors:
        costs = {one.name: _price_bytecode(one, builds.get(one.name)) for one in platforms}
    sized = [
        replace(
            one,
            file=_size_file(derivation, one, builds.get(one.name), costs.get(one.name)),
            installed=_size_prefix(one, store),
        )
        for one in platforms
    ]
    return replace(inspection, platforms=tuple(sized), bytecode=tuple(costs.values()))


def add_template_sizes(inspection: Inspection) -> Inspection:
    """Look for the template of each platform."""
    platforms = (replace(one, template_size_bytes=_find_template_size(one.subdir)) for one in inspection.platforms)
    return replace(inspection, platforms=tuple(platforms))


def add_wheel_sizes(platform: PlatformSummary, store: ArchiveStore) -> PlatformSummary:
    """Take the sizes of wheels from the cache: no lock has them."""
    if all(wheel.size_bytes is not None for wheel in platform.wheels):
        return platform
    wheels = [
        wheel if (path := _find(wheel, store)) is None else replace(wheel, size_bytes=_measure(path))
        for wheel in platform.wheels
    ]
    return replace(platform, wheels=tuple(wheels))


def _find(package: PackageRecord | Wheel, store: ArchiveStore) -> Path | None:
    try:
        return store.find(package)
    except (BundleError, CliError):  # it has an impossible name, or the place of the cache is unknown
        return None


def _measure(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _read_builds(derivation: Derivation, out_dir: Path) -> dict[str, dict[str, Any]]:
    """Read the ``info.json`` of builds of the same runtime lock with the same layout, by platform."""
    builds: dict[str, dict[str, Any]] = {}
    if derivation.is_pending or derivation.lock.errors:
        return builds
    for info in _list_infos(derivation.config.artifact_name, out_dir):
        try:
            locks = [file["sha256"] for file in info["files"] if file["role"] == "lock"]
            if info["layout"] == derivation.config.layout and locks == [derivation.lock.sha256]:
                builds[str(info["lock_platform"])] = info
        except (ValueError, KeyError, TypeError):
            continue
    return builds


def _list_infos(artifact_name: str, out_dir: Path) -> Iterator[dict[str, Any]]:
    for path in sorted(out_dir.glob(f"{artifact_name}*{SUFFIXES['info']}")):
        try:
            yield read_document(path)
        except (OSError, ValueError):
            continue


def _price_bytecode(platform: PlatformSummary, build: Mapping[str, Any] | None) -> BytecodeCost:
    """Return the size of shipped bytecode: as the last build measured it, otherwise estimated."""
    if build is not None and (measured := _take_size(build.get("parts"), "bytecode")):
        return BytecodeCost(platform=platform.name, size_bytes=measured, basis="measured")
    noarch = sum(record.size_bytes or 0 for record in platform.packages if record.noarch == "python")
    noarch += sum(wheel.size_bytes or 0 for wheel in platform.wheels if wheel.is_pure)
    return BytecodeCost(platform=platform.name, size_bytes=round(noarch * _COMPILED_SHARE), basis="estimated")


def _take_size(fields: Any, key: str) -> int | None:
    """Return a number of a document that anyone may have written; ``None`` if it is not one."""
    value = fields.get(key) if isinstance(fields, dict) else None
    return value if type(value) is int and 0 <= value < 1 << 63 else None


def _size_file(
    derivation: Derivation,
    platform: PlatformSummary,
    build: Mapping[str, Any] | None,
    bytecode: BytecodeCost | None,
) -> Size | None:
    """Return the size of the runtime: as it was built, or that of the template and everything that is stamped on it."""
    files = [one for one in (build or {}).get("files", ()) if one.get("role") == "runtime"]
    if (measured := _take_size(files[0] if files else None, "size_bytes")) is not None:
        return Size(size_bytes=measured, basis="measured")
    is_embedded = derivation.config.layout == "embedded"
    carried = [one for one in platform.locked if is_embedded or one.is_local]
    template = platform.template_size_bytes
    if template is None or platform.supplies or any(one.size_bytes is None for one in carried):
        return None
    described = platform.package_count * (_PLAN_BYTES + _LOCK_BYTES * len(derivation.lock.platforms))
    size = template + sum(one.size_bytes or 0 for one in carried) + described
    return Size(size_bytes=size + (0 if bytecode is None else bytecode.size_bytes), basis="estimated")


def _find_template_size(subdir: str) -> int | None:
    from cs_stamp import installed_directories, installed_scripts, locate_template

    path = locate_template(
        scripts_directories=installed_scripts(),
        directories=installed_directories(),
        environ=os.environ,
        platform=subdir,
        host_platform=host_platform(),
    )
    return None if path is None else _measure(path)


def _size_prefix(platform: PlatformSummary, store: ArchiveStore) -> Size | None:
    """Add up what the archives in the cache install.

    Those that were not looked into yet are estimated like the others, if these are at least half of all bytes.
    """
    seen = installed = 0
    known = 0
    for one in platform.locked:
        path = _find(one, store)
        contents = None if path is None else recall_contents(path)
        if contents is not None and one.size_bytes is not None:
            seen, installed, known = seen + one.size_bytes, installed + contents.installed_size_bytes, known + 1
    total = platform.download_size_bytes
    if known == platform.package_count:
        return Size(size_bytes=installed, basis="measured")
    if platform.unsized_count or seen * 2 < total or not seen:
        return None
    return Size(size_bytes=round(installed * total / seen), basis="estimated")
