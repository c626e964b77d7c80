"""What ``[tool.conda-ship]`` and the command line ask for."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._condarc import read_condarc
from ._errors import ManifestError
from ._keys import CONFIG_KEYS, Activation, BuildWheels, Bytecode, Commands, InstallScheme, Layout, OnUpgrade, Sbom
from ._settings import TABLE, Setting, Settings, collect_settings
from ._values import check_file_name, check_identifier, check_prefix_name
from ._version import find_version

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ._project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallName:
    """Directory name of the prefix, which may depend on the runtime lock.

    :ivar base: the name itself, or its first part when it is made from the lock.
    :ivar from_runtime_lock: whether version and lock hash are appended.
    """

    base: str
    from_runtime_lock: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipConfig:
    """Every setting of a build, checked and with its default filled in.

    The fields are the keys of ``[tool.conda-ship]``; the reference page describes them. ``condarc`` is the text of
    ``condarc-file``. ``runtime_version`` is ``None`` when only the project's build backend knows it:
    ``cs_manifest.ask_version`` asks it.
    """

    runtime: str
    artifact_name: str
    runtime_version: str | None
    delegate: str
    layout: Layout
    source_environment: str
    exclude: tuple[str, ...]
    require: tuple[str, ...]
    archives: tuple[Path, ...]
    build_wheels: BuildWheels
    build_constraints: Path | None
    deny_licenses: tuple[str, ...]
    sbom: Sbom
    docs_url: str | None
    install_scheme: InstallScheme
    install_name: InstallName
    installer: str | None
    condarc_file: Path | None
    condarc: str | None
    freeze_base: bool
    bytecode: Bytecode
    commands: Commands
    on_upgrade: OnUpgrade
    activation: Activation

    @property
    def known_version(self) -> str:
        """The runtime's version, for callers that need one.

        :raises ValueError: when the build backend was not asked for it.
        """
        if self.runtime_version is None:
            raise ValueError("the build backend must be asked for the runtime's version first")
        return self.runtime_version


def load_config(project: Project, overrides: Mapping[str, object] | None = None) -> ShipConfig:
    """Read the settings of a build. No code of the project is run.

    :param project: from ``cs_manifest.discover``.
    :param overrides: values from the command line, by key (``-`` and ``_`` are the same); ``None`` means not given.
    :raises ManifestError: if keys are unknown, doubled or missing, or at the first wrong value.
    """
    settings = collect_settings(project, overrides or {})
    values = {key.attribute: _read(settings, key.name) for key in CONFIG_KEYS}
    condarc_path = values["condarc_file"]
    config = ShipConfig(**values, condarc=None if condarc_path is None else read_condarc(condarc_path))
    if config.runtime_version is not None:
        _check_name("install-name", _compose_install_name(config, "0" * 64), project)
    return config


def resolve_install_name(config: ShipConfig, lock_sha256: str) -> str:
    """Return the directory name of the prefix.

    :param lock_sha256: SHA-256 of the runtime lock, in hex.
    :returns: the name, or ``BASE-VERSION-HASH16`` with the hash's first 16 digits when it is made from the lock.
        Characters of a version that are not allowed in a directory name become ``_``.
    :raises ManifestError: when no file system takes the name.
    """
    if config.install_name.from_runtime_lock and not re.fullmatch(r"[0-9a-f]{64}", lock_sha256):
        raise ValueError("lock_sha256 must be 64 lower-case hexadecimal digits")
    return _check_name("install-name", _compose_install_name(config, lock_sha256))


def _check_name(key: str, name: str, project: Project | None = None) -> str:
    """Check a name that may be derived from others.

    :param project: the project whose manifest an error points at.
    """
    try:
        return check_prefix_name(name) if key == "install-name" else check_file_name(name)
    except ValueError as error:
        expected, path = str(error), (*TABLE, key)
    hint = f"change {key}"
    message = f"{name!r} is not a valid {key}: it must be {expected}"
    if project is not None:
        raise project.document.error(message, kind="value-invalid", key=path, expected=expected, hint=hint)
    raise ManifestError(message, kind="value-invalid", key=".".join(path), expected=expected, hint=hint)


def _compose_install_name(config: ShipConfig, lock_sha256: str) -> str:
    if not config.install_name.from_runtime_lock:
        return config.install_name.base
    version = re.sub(r"[^A-Za-z0-9._-]", "_", config.known_version)
    return f"{config.install_name.base}-{version}-{lock_sha256[:16]}"


def _read(settings: Settings, name: str) -> Any:
    read = _READERS.get(name)
    return settings.read(name) if read is None else read(settings)


def _read_artifact_name(settings: Settings) -> str:
    default = settings.read("runtime") + ("z" if settings.read("layout") == "embedded" else "")
    return _check_name("artifact-name", settings.read("artifact-name") or default, settings.project)


def _read_version(settings: Settings) -> str | None:
    setting = settings.given.get("runtime-version")
    if setting is None:
        return find_version(settings.project, from_metadata=False)
    if not isinstance(setting.value, dict):
        version: str = setting.check()
        return version
    setting.check_source("project-metadata")
    return find_version(settings.project, from_metadata=True)


def _read_require(settings: Settings) -> tuple[str, ...]:
    default = ("conda",) if settings.read("delegate") == "conda" else ()
    required: tuple[str, ...] | None = settings.read("require")
    return default if required is None else required


def _read_install_name(settings: Settings) -> InstallName:
    setting, runtime = settings.given.get("install-name"), settings.read("runtime")
    if setting is None:
        return InstallName(base=runtime)
    if not isinstance(setting.value, dict):
        return InstallName(base=setting.check())
    setting.check_source("runtime-lock", optional=("base",))
    base = setting.check_part(check_identifier, at=("base",)) if "base" in setting.value else runtime
    return InstallName(base=base, from_runtime_lock=True)


def _resolve_condarc(settings: Settings) -> Path | None:
    """Return the path. After links are followed it must be inside the manifest's directory: what ships is in there."""
    setting = settings.given.get("condarc-file")
    if setting is None:
        return None
    home = setting.project.manifest_path.parent
    path = _resolve_path(setting)
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(home)):
        raise setting.error(
            f"leads out of the manifest's directory: {os.path.realpath(path)}",
            kind="value-invalid",
            expected=f"a file in {home}",
            hint="copy the file into the project",
        )
    return _require_file(setting, path)


def _read_path(settings: Settings, name: str) -> Path | None:
    setting = settings.given.get(name)
    return None if setting is None else _require_file(setting, _resolve_path(setting))


def _require_file(setting: Setting, path: Path) -> Path:
    """Return the path of a file that is there."""
    hint = None if setting.is_flag else "correct the path: it is relative to the manifest"
    try:
        if stat.S_ISREG(path.stat().st_mode):
            return path
        reason = "is not a regular file"
    except FileNotFoundError:
        reason = "no such file"
    except OSError as error:
        reason, hint = f"cannot be read: {error.strerror}", None
    raise setting.error(f"{reason}: {path}", kind="value-invalid", expected="a file", hint=hint)


def _read_archives(settings: Settings) -> tuple[Path, ...]:
    setting = settings.given.get("archives")
    return () if setting is None else tuple(_starting_directory(setting) / text for text in setting.check())


def _resolve_path(setting: Setting) -> Path:
    value: str | Path = setting.value
    return _starting_directory(setting) / (value if isinstance(value, Path) else setting.check())


def _starting_directory(setting: Setting) -> Path:
    """Return where a relative path starts: that of the manifest, or for a flag the current directory."""
    return Path.cwd() if setting.is_flag else setting.project.manifest_path.parent


_READERS: dict[str, Callable[[Settings], Any]] = {
    "artifact-name": _read_artifact_name,
    "runtime-version": _read_version,
    "require": _read_require,
    "install-name": _read_install_name,
    "condarc-file": _resolve_condarc,
    "archives": _read_archives,
    "build-constraints": lambda settings: _read_path(settings, "build-constraints"),
}
"""The keys with a rule of their own, if only for the default; ``Settings.read`` handles all others."""
