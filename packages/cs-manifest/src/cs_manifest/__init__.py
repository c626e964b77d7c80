"""What does a conda or Pixi workspace ask to ship?

``discover`` finds the manifest and the source lock, ``load_config`` reads ``[tool.conda-ship]``, ``requested_specs``
lists what an environment's features ask for. Only ``ask_version``, ``build_wheel`` and ``read_metadata`` run code of
the project.
"""

from ._backend import BackendSettings, BuiltWheel, build_wheel, read_metadata
from ._checkout import Checkout, Revision, compose_git_environ, read_checkout, read_revision
from ._config import InstallName, ShipConfig, load_config, resolve_install_name
from ._credentials import mask_credentials
from ._environment import Channel, Environment, Feature, list_environments, read_environment
from ._errors import ErrorKind, ManifestError, OverrideError
from ._keys import CONFIG_KEYS, ConfigKey
from ._metadata import list_metadata_files
from ._platforms import Platform, align_platforms
from ._project import MANIFEST_NAMES, ManifestKind, Project, discover
from ._requests import RequestedSpec, combine_specs, constrained_specs, describes_workspace, requested_specs
from ._suggested import suggest_settings
from ._version import ask_version

__all__ = [
    "CONFIG_KEYS",
    "MANIFEST_NAMES",
    "BackendSettings",
    "BuiltWheel",
    "Channel",
    "Checkout",
    "ConfigKey",
    "Environment",
    "ErrorKind",
    "Feature",
    "InstallName",
    "ManifestError",
    "ManifestKind",
    "OverrideError",
    "Platform",
    "Project",
    "RequestedSpec",
    "Revision",
    "ShipConfig",
    "align_platforms",
    "ask_version",
    "build_wheel",
    "combine_specs",
    "compose_git_environ",
    "constrained_specs",
    "describes_workspace",
    "discover",
    "list_environments",
    "list_metadata_files",
    "load_config",
    "mask_credentials",
    "read_checkout",
    "read_environment",
    "read_metadata",
    "read_revision",
    "requested_specs",
    "resolve_install_name",
    "suggest_settings",
]

__version__ = "0.1.0"
