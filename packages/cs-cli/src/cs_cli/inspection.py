"""``cs inspect``: what would ship, and why, as one value."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from cs_lock import PackageRecord

from .derivation import Derivation

SCHEMA_VERSION = 1
"""Version of ``cs inspect --json``; ``docs/reference/inspect.schema.json`` is its schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformSummary:
    """What ships for one platform.

    :ivar packed_size_bytes: sum of the archives' sizes; packages whose size the lock does not say count as 0.
    """

    name: str
    subdir: str
    packages: tuple[PackageRecord, ...]

    @property
    def packed_size_bytes(self) -> int:
        """Bytes of all archives together."""
        return sum(record.size_bytes or 0 for record in self.packages)

    @property
    def licenses(self) -> dict[str, int]:
        """Number of packages by licence, the commonest first."""
        counts = Counter(record.license or "unknown" for record in self.packages)
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def largest(self, count: int) -> list[PackageRecord]:
        """Return the packages with the largest archives."""
        return sorted(self.packages, key=lambda record: (-(record.size_bytes or 0), record.name))[:count]

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as JSON values."""
        return {
            "name": self.name,
            "subdir": self.subdir,
            "package_count": len(self.packages),
            "packed_size": self.packed_size_bytes,
            "licenses": self.licenses,
            "packages": [_package_to_dict(record) for record in self.packages],
        }


def _package_to_dict(record: PackageRecord) -> dict[str, Any]:
    return {
        "name": record.name,
        "version": record.version,
        "build": record.build,
        "subdir": record.subdir,
        "url": record.url,
        "sha256": record.sha256,
        "size": record.size_bytes,
        "license": record.license,
        "depends": list(record.depends),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """Everything that ``cs inspect`` shows."""

    derivation: Derivation
    platforms: tuple[PlatformSummary, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the inspection as the document of ``--json``."""
        project, config, lock = self.derivation.project, self.derivation.config, self.derivation.lock
        return {
            "schema_version": SCHEMA_VERSION,
            "manifest": str(project.manifest_path),
            "source_lock": str(project.source_lock_path),
            "lock_version": self.derivation.source.version,
            "source_environment": config.source_environment,
            "environments": list(self.derivation.source.environments),
            "runtime": config.runtime,
            "runtime_version": config.runtime_version,
            "artifact_name": config.artifact_name,
            "delegate": config.delegate,
            "layout": config.layout,
            "channels": [channel.url for channel in lock.channels],
            "runtime_lock_sha256": None if lock.errors else lock.sha256,
            "platforms": [platform.to_dict() for platform in self.platforms],
            "exclusions": [asdict(exclusion) for exclusion in lock.exclusions],
            "problems": [problem.to_dict() for problem in lock.problems],
        }


def inspect_derivation(derivation: Derivation, *, platform: str | None) -> Inspection:
    """Summarise a derivation.

    :param platform: name of the only platform to show.
    """
    wanted = [one for one in derivation.lock.platforms if platform in (None, one.name)]
    summaries = tuple(
        PlatformSummary(name=one.name, subdir=one.subdir, packages=derivation.lock.packages(one.name)) for one in wanted
    )
    return Inspection(derivation=derivation, platforms=summaries)
