"""From the command line to a runtime lock: find the project, read it, derive what ships."""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from cs_lock import RuntimeLock, SourceLock, derive, read_lock
from cs_manifest import Project, RequestedSpec, ShipConfig, combine_specs, discover, load_config, requested_specs

from .arguments import config_overrides


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """Everything that is known of a build before an archive is looked at."""

    project: Project
    config: ShipConfig
    requested: tuple[RequestedSpec, ...]
    source: SourceLock
    lock: RuntimeLock

    def requested_on(self, platform: str) -> dict[str, str]:
        """Map the conda packages that the workspace asks for on a platform to their match specs.

        :param platform: name of the platform in the lock.
        """
        return combine_specs([spec for spec in self.requested if spec.kind == "conda"], platform)


def derive_project(arguments: argparse.Namespace, *, strict: bool = True) -> Derivation:
    """Read manifest and source lock and derive the runtime lock.

    :param strict: refuse an environment that cannot ship; else the lock's ``problems`` say why it cannot.
    :raises ManifestError: if the manifest is at fault.
    :raises LockError: if the lock is.
    """
    project = discover(arguments.root, manifest=arguments.manifest, source_lock=arguments.source_lock)
    config = load_config(project, config_overrides(arguments))
    source = read_lock(project.source_lock_path)
    requested = requested_specs(project, config.source_environment)
    lock = derive(
        source,
        environment=config.source_environment,
        exclude=config.exclude,
        require=config.require,
        requested=_names_by_platform(source, config, requested),
        features={spec.name: spec.feature for spec in requested},
        strict=strict,
    )
    return Derivation(project=project, config=config, requested=requested, source=source, lock=lock)


def _names_by_platform(
    source: SourceLock, config: ShipConfig, requested: tuple[RequestedSpec, ...]
) -> dict[str, frozenset[str]]:
    platforms = [platform.name for platform in source.platforms(config.source_environment)]
    return {
        platform: frozenset(spec.name for spec in requested if spec.platforms is None or platform in spec.platforms)
        for platform in platforms
    }
