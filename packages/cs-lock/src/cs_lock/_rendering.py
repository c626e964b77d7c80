"""Write a lock: rattler-lock version 7.

Fields, order and layout are rattler's, so that rattler writes the same lock that it reads. One thing differs: scalars
that YAML 1.1 does not read as text (``no``, ``1_0``, ``1:30``, dates) are quoted, so that any YAML library reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from ._environments import Channel
from ._fields import LAST_SECOND
from ._locations import derive_rattler_fields
from ._platforms import Platform
from ._pypi_rendering import locate, render_wheel
from ._records import PackageRecord, derive_build_number, derive_noarch
from ._scalars import quote_digest, quote_scalar, render_texts
from ._wheels import Wheel

VERSION = 7
_RUN_EXPORTS = {
    name: place for place, name in enumerate(["weak", "strong", "noarch", "weak_constrains", "strong_constrains"])
}


def render_lock(
    environment: str,
    channels: Sequence[Channel],
    packages: Mapping[Platform, Iterable[PackageRecord]],
    wheels: Mapping[Platform, Iterable[Wheel]],
) -> bytes:
    """Write a lock with one environment.

    :param environment: its name.
    :param channels: its channels, the one with the highest priority first.
    :param packages: the conda packages of each platform, in any order.
    :param wheels: the wheels of each platform, in any order.
    :returns: UTF-8 YAML, the same for the same input.
    """
    packages = _spread_local(packages)
    platforms = sorted(packages, key=lambda platform: platform.name)
    lines = [f"version: {VERSION}", "platforms:" if platforms else "platforms: []"]
    for platform in platforms:
        lines += _render_platform(platform)
    lines += ["environments:", f"  {quote_scalar(environment)}:"]
    lines += ["    channels:" if channels else "    channels: []"]
    for channel in channels:
        lines += _render_channel(channel)
    records: dict[str, PackageRecord] = {}
    from_pypi: dict[str, Wheel] = {}
    lines.append("    packages:" if platforms else "    packages: {}")
    for platform in platforms:
        chosen = {record.url: record for record in packages[platform]}
        located = {locate(wheel): wheel for wheel in wheels[platform]}
        lines.append(f"      {quote_scalar(platform.name)}:" + ("" if chosen or located else " []"))
        lines += [f"      - conda: {quote_scalar(url)}" for url in sorted(chosen)]
        lines += [f"      - pypi: {quote_scalar(location)}" for location in sorted(located)]
        records.update(chosen)
        from_pypi.update(located)
    lines.append("packages:" if records or from_pypi else "packages: []")
    for url in sorted(records):
        lines += _render_record(records[url])
    for location in sorted(from_pypi):
        lines += render_wheel(from_pypi[location])
    return ("\n".join(lines) + "\n").encode()


def _spread_local(packages: Mapping[Platform, Iterable[PackageRecord]]) -> dict[Platform, list[PackageRecord]]:
    """Give local archives of one file name, for different subdirs, places of their own: ``./SUBDIR/FILE``."""
    chosen = {platform: list(records) for platform, records in packages.items()}
    subdirs: dict[str, set[str]] = {}
    for record in chain.from_iterable(chosen.values()):
        if record.is_local:
            subdirs.setdefault(record.file_name, set()).add(record.subdir)
    shared = {file_name for file_name, found in subdirs.items() if len(found) > 1}
    if not shared:
        return chosen

    def place(record: PackageRecord) -> PackageRecord:
        is_shared = record.is_local and record.file_name in shared
        return replace(record, url=f"./{record.subdir}/{record.file_name}") if is_shared else record

    return {platform: list(map(place, records)) for platform, records in chosen.items()}


def _render_platform(platform: Platform) -> list[str]:
    lines = [f"- name: {quote_scalar(platform.name)}"]
    if platform.subdir != platform.name:
        lines.append(f"  subdir: {platform.subdir}")
    if platform.virtual_packages:
        lines.append("  virtual-packages:")
        lines += [f"  - {quote_scalar(spec)}" for spec in platform.virtual_packages]
    return lines


def _render_channel(channel: Channel) -> list[str]:
    lines = [f"    - url: {quote_scalar(channel.url)}"]
    if channel.used_env_vars:
        lines.append("      used_env_vars:")
        lines += [f"      - {quote_scalar(name)}" for name in sorted(channel.used_env_vars)]
    return lines


def _render_record(record: PackageRecord) -> list[str]:
    """Write a record, without the fields that follow from its URL."""
    lines = [f"- conda: {quote_scalar(record.url)}", *_render_identity(record)]
    for key, digest in (
        ("sha256", record.sha256),
        ("md5", record.md5),
        ("legacy_bz2_md5", record.legacy_bz2_md5),
        ("attestations_sha256", record.attestations_sha256),
    ):
        if digest:
            lines.append(f"  {key}: {quote_digest(digest)}")
    lines += render_texts("depends", record.depends)
    lines += render_texts("constrains", record.constrains)
    if record.extra_depends:
        lines += _render_value("extra_depends", record.extra_depends, "  ")
    channel = derive_rattler_fields(record.url)["channel"]
    if record.channel != channel and record.channel:
        lines.append(f"  channel: {quote_scalar(record.channel.rstrip('/'))}")
    if record.features is not None:
        lines.append(f"  features: {quote_scalar(record.features)}")
    lines += render_texts("flags", record.flags)
    lines += render_texts("track_features", record.track_features)
    lines += _render_rest(record)
    return lines


def _render_identity(record: PackageRecord) -> list[str]:
    """Write the fields that identify a package, except those that follow from its URL."""
    derived = derive_rattler_fields(record.url)
    build, subdir = derived["build"] or record.build, derived["subdir"] or record.subdir
    lines = []
    for key, value in (("name", record.name), ("version", record.version), ("build", record.build)):
        if value != derived[key]:
            lines.append(f"  {key}: {quote_scalar(value)}")
    if record.build_number != derive_build_number(record.build):
        lines.append(f"  build_number: {record.build_number}")
    if record.subdir != derived["subdir"]:
        lines.append(f"  subdir: {record.subdir}")
    if record.noarch != derive_noarch(subdir, build):
        lines.append(f"  noarch: {record.noarch or 'false'}")
    return lines


def _render_rest(record: PackageRecord) -> list[str]:
    """Write the fields that few tools act on."""
    derived = derive_rattler_fields(record.url)
    fields: tuple[tuple[str, Any], ...] = (
        ("file_name", record.file_name if record.file_name != derived["file_name"] else None),
        ("license", record.license),
        ("license_family", record.license_family),
        ("purls", record.purls),
        ("run_exports", _order_run_exports(record.run_exports)),
        ("size", record.size_bytes),
        ("legacy_bz2_size", record.legacy_bz2_size),
        ("timestamp", _write_time(record.timestamp)),
        ("indexed_timestamp", record.indexed_timestamp),
        ("python_site_packages_path", record.python_site_packages_path),
        *record.extra.items(),
    )
    lines = []
    for key, value in fields:
        if value is not None:
            lines += _render_value(key, value, "  ")
    return lines


def _write_time(milliseconds: int | None) -> int | None:
    """Write a time so that readers take it for the same: they take a small number for seconds."""
    if milliseconds is None or milliseconds > LAST_SECOND:
        return milliseconds
    return milliseconds // 1000


def _order_run_exports(groups: Mapping[str, tuple[str, ...]] | None) -> dict[str, tuple[str, ...]] | None:
    """Sort run exports in rattler's order; those that rattler does not know come last."""
    if groups is None:
        return None
    return {name: groups[name] for name in sorted(groups, key=lambda name: (_RUN_EXPORTS.get(name, 9), name))}


def _render_value(key: str, value: Any, indent: str) -> list[str]:
    """Write a key and its value in block style."""
    if type(value) is int:
        return [f"{indent}{key}: {value}"]
    head = f"{indent}{quote_scalar(key)}:"
    if isinstance(value, Mapping):
        if not value:
            return [f"{head} {{}}"]
        return [head, *(line for name in value for line in _render_value(name, value[name], indent + "  "))]
    if isinstance(value, (list, tuple)):
        if all(isinstance(item, (str, int, float, type(None))) for item in value):
            return [head, *(f"{indent}- {_render_scalar(item)}" for item in value)] if value else [f"{head} []"]
        import json

        return [f"{head} {json.dumps(value, sort_keys=True)}"]
    return [f"{head} {_render_scalar(value)}"]


def _render_scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return quote_scalar(value) if isinstance(value, str) else repr(value)
