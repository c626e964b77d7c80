"""Does a lock have what its workspace asks for? Match specs are judged by rattler."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ._environments import Reference
from ._errors import LockError
from ._locations import derive_location_fields, find_file_name, is_local_archive
from ._pypi_records import PypiRecord
from ._records import PackageRecord, parse_dependency_name
from ._source import SourceLock

# Patterns, not compiled ones: most runs need few of them.
_BRACKET = r"""[\[,]\s*(\w+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^,\]\s]*))"""
_ADDRESS = r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//(?:[^/?#]*@)?([^?#]*)"
_TOKEN = r"/t/[^/]+"
# rattler's records cannot have these fields, so no record would match.
_NOT_JUDGED = {"features", "track_features"}
# These fields are locations, which are compared here and not by rattler.
_JUDGED_HERE = {"channel", "fn", "url"}
# A lock may leave these out; then they cannot be compared.
_OPTIONAL = ("license", "license_family", "md5", "sha256")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """A match spec, or a requirement, that a lock does not satisfy.

    :ivar found: the package that the lock has instead; ``None`` if it has no package of that name.
    """

    platform: str
    spec: str
    found: PackageRecord | PypiRecord | None


def find_mismatches(source: SourceLock, environment: str, specs: Mapping[str, Iterable[str]]) -> list[Mismatch]:
    """Find the match specs that the packages of an environment do not satisfy.

    A spec that rattler cannot read counts as satisfied if the package is there, because the solver could read it.
    So does one for a source or a damaged package, of which only the name is known.

    :param source: the lock.
    :param environment: name of the environment.
    :param specs: match specs by the platform's name; platforms that the lock does not have are left out.
    :returns: in the order of the specs.
    :raises LockError: if there is no such environment.
    """
    references = source.environment(environment).references
    mismatches = []
    for platform, wanted in specs.items():
        names = {spec: parse_dependency_name(spec) for spec in wanted}
        if not names or platform not in references:
            continue
        locked = _collect(source, environment, platform, set(names.values()))
        for spec, name in names.items():
            record = locked.get(name)
            if name not in locked or (record is not None and not satisfies(record, spec)):
                mismatches.append(Mismatch(platform=platform, spec=spec, found=record))
    return mismatches


def satisfies(record: PackageRecord, spec: str) -> bool:
    """Tell whether a package is what a match spec asks for.

    :param record: the package.
    :param spec: match spec; one that rattler cannot read is satisfied by every package of the name.
    """
    if record.name != parse_dependency_name(spec):
        return False
    if re.fullmatch(r"[\w.-]+", spec):
        return True  # A name alone does not need rattler, whose import takes longer than everything else here.
    fields = {name: a or b or c for name, a, b, c in (re.findall(_BRACKET, spec) if "[" in spec else ())}
    if not (_has_location(record, fields) and _has_channel(record, spec, fields)):
        return False
    if fields.keys() & {*_NOT_JUDGED, *(name for name in _OPTIONAL if not getattr(record, name))}:
        return True
    others = [f'{name}="{value}"' for name, value in fields.items() if name not in _JUDGED_HERE]
    return _matches(record, spec.partition("[")[0] + (f"[{','.join(others)}]" if others else ""))


def _collect(source: SourceLock, environment: str, platform: str, names: set[str]) -> dict[str, PackageRecord | None]:
    """Return the packages with these names; ``None`` for one of which only the name is known."""
    references = [one for one in source.environment(environment).references[platform] if one.kind != "pypi"]
    # Most file names contain the package's name: the others are read only if a name was not found.
    likely = [one for one in references if one.location.rpartition("/")[2].rsplit("-", 2)[0] in names]
    found: dict[str, PackageRecord | None] = {}
    for places in (likely, references):
        if names <= found.keys():
            break
        for reference in places:
            for name, record in _read(source, reference):
                if name in names:
                    found.setdefault(name, record)
    return found


def _read(source: SourceLock, reference: Reference) -> list[tuple[str, PackageRecord | None]]:
    """Read a package: its name and record, or, if the record cannot be read, every name that it may have."""
    try:
        if reference.kind == "conda":
            record = source.archive(reference)
            return [(record.name, record)]
        error = None
    except LockError as damage:
        error = damage
    file_name = derive_location_fields(reference.location)["name"] or ""
    return [(source.foreign(reference, error).name, None), (file_name.lower(), None)]


def _has_location(record: PackageRecord, fields: Mapping[str, str]) -> bool:
    wanted, file_name = fields.get("url"), fields.get("fn")
    if wanted and not is_local_archive(wanted):
        if _normalize(wanted) != _normalize(record.url):
            return False
    elif wanted:
        # Directories differ from machine to machine; the name of the file does not.
        file_name = find_file_name(wanted)
    return not file_name or file_name in (record.file_name, find_file_name(record.location or record.url))


def _has_channel(record: PackageRecord, spec: str, fields: Mapping[str, str]) -> bool:
    wanted = fields.get("channel") or spec.partition("[")[0].rpartition("::")[0]
    wanted = wanted.removesuffix("/").removesuffix(f"/{record.subdir}")
    return not wanted or record.channel is None or is_channel(record.channel, wanted)


def is_channel(url: str, wanted: str) -> bool:
    """Tell whether a channel of a lock may be the one that a workspace names.

    :param url: of the channel, as the lock has it.
    :param wanted: address, or a name: then only the end of the address counts, not the host. It is not known here which
        channel a directory of this machine or ``defaults`` stands for: they may be any.
    """
    if wanted == "defaults" or _is_local(wanted):
        return True
    own, other = _normalize(url), _normalize(wanted)
    return own == other if "://" in wanted else own.endswith(f"/{other}")


def _is_local(channel: str) -> bool:
    """Tell whether a channel is a directory of the machine that solved it, which a lock may name in any way."""
    return channel.startswith(("file:", "/", ".", "~", "\\")) or channel[1:3] in (":/", ":\\")


def _normalize(address: str) -> str:
    """Write an address without what differs from machine to machine: scheme, credentials, query, capitals."""
    match = re.match(_ADDRESS, address)
    return re.sub(_TOKEN, "", match[1] if match else address).rstrip("/").lower()


def _matches(record: PackageRecord, spec: str) -> bool:
    from rattler import MatchSpec
    from rattler import PackageRecord as RattlerRecord
    from rattler.exceptions import InvalidMatchSpecError, InvalidPackageNameError, InvalidVersionError
    from rattler.package import BuildString

    try:
        parsed = MatchSpec(spec, strict=False)
        judged = RattlerRecord(
            record.name,
            record.version,
            BuildString(record.build),
            record.build_number,
            record.subdir,
            sha256=bytes.fromhex(record.sha256) or None,
            md5=bytes.fromhex(record.md5 or "") or None,
            license=record.license,
            license_family=record.license_family,
        )
    except (InvalidMatchSpecError, InvalidPackageNameError, InvalidVersionError, ValueError, OverflowError):
        return True
    return parsed.subdir in (None, record.subdir) and parsed.matches(judged)
