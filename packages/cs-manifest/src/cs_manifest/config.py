"""What ``[tool.conda-ship]`` and the command line ask for."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .condarc import read_condarc
from .document import describe
from .errors import ErrorKind, ManifestError, OverrideError
from .keys import CONFIG_KEYS, ConfigKey
from .suggestions import did_you_mean
from .values import (
    check_boolean,
    check_choice,
    check_file_name,
    check_identifier,
    check_packages,
    check_prefix_name,
    check_text,
    check_url,
    check_version,
)
from .version import find_version

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .project import Project

TABLE = ("tool", "conda-ship")
_KEYS_BY_NAME = {name: key for key in CONFIG_KEYS for name in key.names}


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallName:
    """Directory name of the prefix, perhaps still waiting for the runtime lock.

    :param base: the name itself, or its first part when it is made from the lock.
    :param from_runtime_lock: whether version and lock hash are appended.
    """

    base: str
    from_runtime_lock: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipConfig:
    """Every setting of a build, checked and with its default filled in.

    The fields are the keys of ``[tool.conda-ship]``; the reference page describes them. ``condarc`` is the text of
    ``condarc-file``. ``runtime_version`` is ``None`` when only the project's build backend knows it:
    :func:`cs_manifest.ask_version` asks it.
    """

    runtime: str
    artifact_name: str
    runtime_version: str | None
    delegate: str
    layout: str
    source_environment: str
    exclude: tuple[str, ...]
    require: tuple[str, ...]
    docs_url: str | None
    install_scheme: str
    install_name: InstallName
    installer: str | None
    condarc_file: Path | None
    condarc: str | None
    freeze_base: bool
    bytecode: str
    commands: str
    on_upgrade: str
    activation: str

    @property
    def known_version(self) -> str:
        """The runtime's version, for whoever cannot do without.

        :raises ValueError: when the build backend was not asked for it.
        """
        if self.runtime_version is None:
            raise ValueError("the build backend has to be asked for the runtime's version first")
        return self.runtime_version


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    """A value with where it came from, so that an error can point there."""

    project: Project
    key: ConfigKey
    name: str
    value: Any
    is_flag: bool

    def error(self, message: str, *, kind: ErrorKind, expected: str, hint: str | None = None) -> ManifestError:
        if self.is_flag:
            actual = describe(self.value) if isinstance(self.value, str) else repr(self.value)
            return OverrideError(message, kind=kind, key=self.name, expected=expected, actual=actual, hint=hint)
        key = (*TABLE, self.name)
        return self.project.document.error(message, kind=kind, key=key, expected=expected, actual=self.value, hint=hint)


def load_config(project: Project, overrides: Mapping[str, object] | None = None) -> ShipConfig:
    """Read the settings of a build. No code of the project is run.

    :param project: from :func:`cs_manifest.discover`.
    :param overrides: values from the command line, by key (``-`` and ``_`` are the same); ``None`` means not given.
    :raises ManifestError: at the first key that is unknown, doubled, missing or has a wrong value.
    """
    settings = _collect(project, overrides or {})
    _check_required(project, settings)
    runtime = _read(settings, "runtime")
    layout = _read(settings, "layout")
    delegate = _read(settings, "delegate")
    condarc_path = _resolve_condarc(settings.get("condarc-file"))
    artifact_name = _read(settings, "artifact-name") or runtime + ("z" if layout == "embedded" else "")
    _check_name("artifact-name", artifact_name, project)
    config = ShipConfig(
        runtime=runtime,
        artifact_name=artifact_name,
        delegate=delegate,
        layout=layout,
        source_environment=_read(settings, "source-environment"),
        exclude=_read(settings, "exclude") or (),
        require=_read_require(settings, delegate),
        docs_url=_read(settings, "docs-url"),
        install_scheme=_read(settings, "install-scheme"),
        install_name=_read_install_name(settings.get("install-name"), runtime),
        installer=_read(settings, "installer"),
        condarc_file=condarc_path,
        freeze_base=_read(settings, "freeze-base"),
        bytecode=_read(settings, "bytecode"),
        commands=_read(settings, "commands"),
        on_upgrade=_read(settings, "on-upgrade"),
        activation=_read(settings, "activation"),
        condarc=None if condarc_path is None else read_condarc(condarc_path),
        runtime_version=_read_version(project, settings.get("runtime-version")),
    )
    if config.runtime_version is not None:
        _check_name("install-name", _compose_install_name(config, "0" * 64), project)
    return config


def resolve_install_name(config: ShipConfig, lock_sha256: str) -> str:
    """Return the directory name of the prefix.

    :param lock_sha256: SHA-256 of the runtime lock, in hex.
    :returns: the name, or ``BASE-VERSION-HASH16`` with the hash's first 16 digits when it is made from the lock.
        Characters of a version that a directory name may not have become ``_``.
    :raises ManifestError: when no file system takes the name.
    """
    if config.install_name.from_runtime_lock and not re.fullmatch(r"[0-9a-f]{64}", lock_sha256):
        raise ValueError("lock_sha256 has to be 64 lower-case hexadecimal digits")
    return _check_name("install-name", _compose_install_name(config, lock_sha256))


def _check_name(key: str, name: str, project: Project | None = None) -> str:
    """Check a name that may be made of others.

    :param project: whose manifest an error points at.
    """
    try:
        return check_prefix_name(name) if key == "install-name" else check_file_name(name)
    except ValueError as error:
        expected, path = str(error), (*TABLE, key)
    hint = f"change {key}"
    message = f"{name!r} is not a valid {key}: it has to be {expected}"
    if project is not None:
        raise project.document.error(message, kind="value-invalid", key=path, expected=expected, hint=hint)
    raise ManifestError(message, kind="value-invalid", key=".".join(path), expected=expected, hint=hint)


def _compose_install_name(config: ShipConfig, lock_sha256: str) -> str:
    if not config.install_name.from_runtime_lock:
        return config.install_name.base
    version = re.sub(r"[^A-Za-z0-9._-]", "_", config.known_version)
    return f"{config.install_name.base}-{version}-{lock_sha256[:16]}"


def _collect(project: Project, overrides: Mapping[str, object]) -> dict[str, _Setting]:
    settings = _collect_manifest(project)
    given = {name.replace("_", "-"): value for name, value in overrides.items() if value is not None}
    for name in given:
        if name not in _KEYS_BY_NAME:
            raise OverrideError(
                "there is no such setting",
                kind="key-unknown",
                key=name,
                expected=_list_keys(),
                hint=did_you_mean(name, _KEYS_BY_NAME),
            )
    settings.update(_pick(project, given, is_flag=True))
    return settings


def _collect_manifest(project: Project) -> dict[str, _Setting]:
    table = project.document.table(TABLE)
    for name in table:
        if name == "update":
            raise project.document.error(
                "updates of the executable itself are not supported yet",
                kind="update-unsupported",
                key=(*TABLE, name),
                expected="no [tool.conda-ship.update] table",
                hint="remove the table; a newer runtime already upgrades the prefix of an older one (on-upgrade)",
            )
        if name not in _KEYS_BY_NAME:
            raise project.document.error(
                "there is no such key",
                kind="key-unknown",
                key=(*TABLE, name),
                expected=_list_keys(),
                actual=name,
                hint=did_you_mean(name, _KEYS_BY_NAME) or f"the keys are {_list_keys()}",
            )
    return _pick(project, table, is_flag=False)


def _pick(project: Project, values: Mapping[str, object], *, is_flag: bool) -> dict[str, _Setting]:
    """Match values to keys; a key and its alias together say two things."""
    settings = {}
    for key in CONFIG_KEYS:
        found = [
            _Setting(project=project, key=key, name=name, value=values[name], is_flag=is_flag)
            for name in key.names
            if name in values
        ]
        if len(found) > 1:
            raise found[1].error(
                f"is another name of {key.name}, which is given too",
                kind="key-conflict",
                expected=f"either {key.name} or {key.alias}",
                hint=f"keep {key.name} and remove {key.alias}",
            )
        if found:
            settings[key.name] = found[0]
    return settings


def _list_keys() -> str:
    return ", ".join(key.name for key in CONFIG_KEYS)


def _check_required(project: Project, settings: Mapping[str, _Setting]) -> None:
    """Name all keys that are missing at once, with lines to paste."""
    missing = [key.name for key in CONFIG_KEYS if key.required and key.name not in settings]
    if not missing:
        return
    has_table = "conda-ship" in project.document.table(TABLE[:1])
    header = () if has_table else (f"[{'.'.join(TABLE)}]",)
    suggested = _suggest_settings(project, settings)
    lines = (*header, *(f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in suggested.items()))
    where = f"[{'.'.join(TABLE)}]" if has_table else project.manifest_path.name
    names = " and ".join(part for part in (", ".join(missing[:-1]), missing[-1]) if part)
    message = f"{names} {'is' if len(missing) == 1 else 'are'} required"
    hint = f"add this to {where}, with values of yours:"
    expected = "; ".join(f"{key.name}: {key.help}" for key in CONFIG_KEYS if key.name in missing)
    if has_table:
        error = project.document.error(message, kind="key-missing", key=TABLE, expected=expected, hint=hint)
        if len(missing) == 1:
            error.message, error.key = "is required", ".".join((*TABLE, missing[0]))
            error.hint = f'add `{missing[0]} = "..."` to {where}'
        else:
            error.lines = lines
        raise error
    # A table that is not there stands nowhere: no line is better than that of the nearest other table.
    raise ManifestError(
        f"is not there; {message}",
        kind="key-missing",
        path=project.manifest_path,
        key=".".join(TABLE),
        expected=expected,
        hint=hint,
        lines=lines,
    )


def _suggest_settings(project: Project, settings: Mapping[str, object]) -> dict[str, str]:
    """Suggest values for the settings that a build needs and that are not given.

    :param settings: those that are given, by key.
    """
    name = next((found for table in ("workspace", "project") if (found := project.table(table).get("name"))), None)
    name = name or project.document.table(("project",)).get("name")
    name = re.sub(r"[^A-Za-z0-9._-]", "-", str(name or "")).strip("-._") or "demo"
    environments = [one for one in project.table("environments") if one != "default"]
    values = {
        "runtime": name,
        "delegate": name,
        "source-environment": environments[0] if len(environments) == 1 else "default",
    }
    if "runtime-version" not in settings and not _has_version(project):
        values["runtime-version"] = "1.0.0"
    return {key: value for key, value in values.items() if key not in settings}


def _has_version(project: Project) -> bool:
    try:
        return find_version(project, from_metadata=False) is not None
    except ManifestError:
        return False


def _read(settings: Mapping[str, _Setting], name: str) -> Any:
    """Return a checked value, or the key's default."""
    setting = settings.get(name)
    if setting is None:
        return _KEYS_BY_NAME[name].default
    return _check(setting)


def _check(setting: _Setting) -> Any:
    try:
        return _check_value(setting.key, setting.value)
    except ValueError as error:
        raise _wrong_value(setting, str(error)) from None


def _check_value(key: ConfigKey, value: object) -> Any:
    if key.value_type == "choice":
        return check_choice(value, key.choices)
    checks = {
        "identifier": check_identifier,
        "version": check_version,
        "install-name": check_identifier,
        "environment": check_text,
        "packages": check_packages,
        "url": check_url,
        "path": check_text,
        "boolean": check_boolean,
    }
    return checks[key.value_type](value)


def _wrong_value(setting: _Setting, expected: str) -> ManifestError:
    types = {"packages": (list, tuple), "boolean": (bool,)}
    has_right_type = isinstance(setting.value, types.get(setting.key.value_type, (str,)))
    hint = did_you_mean(setting.value, setting.key.choices) if isinstance(setting.value, str) else None
    return setting.error(
        f"has to be {expected}", kind="value-invalid" if has_right_type else "value-type", expected=expected, hint=hint
    )


def _read_require(settings: Mapping[str, _Setting], delegate: str) -> tuple[str, ...]:
    if "require" in settings:
        required: tuple[str, ...] = _read(settings, "require")
        return required
    return ("conda",) if delegate == "conda" else ()


def _read_install_name(setting: _Setting | None, runtime: str) -> InstallName:
    if setting is None:
        return InstallName(base=runtime)
    if not isinstance(setting.value, dict):
        return InstallName(base=_check(setting))
    _check_source(setting, "runtime-lock", optional={"base"})
    try:
        return InstallName(base=check_identifier(setting.value.get("base", runtime)), from_runtime_lock=True)
    except ValueError as error:
        raise setting.error(f"base has to be {error}", kind="value-invalid", expected=str(error)) from None


def _read_version(project: Project, setting: _Setting | None) -> str | None:
    if setting is None:
        return find_version(project, from_metadata=False)
    if not isinstance(setting.value, dict):
        version: str = _check(setting)
        return version
    _check_source(setting, "project-metadata", optional=set())
    return find_version(project, from_metadata=True)


def _check_source(setting: _Setting, source: str, *, optional: set[str]) -> None:
    """Check a table of the form ``{ from = "..." }``."""
    fields = ", ".join(["from", *sorted(optional)])
    if set(setting.value) - optional != {"from"} or setting.value["from"] != source:
        expected = f'a string, or {{ from = "{source}" }}'
        raise setting.error(
            f"has to be {expected}", kind="value-invalid", expected=expected, hint=f"the table's keys are: {fields}"
        )


def _resolve_condarc(setting: _Setting | None) -> Path | None:
    """Return the path: in a manifest it is relative to the manifest, on the command line to the current directory.

    It has to lead into the manifest's directory, links followed: what a project ships comes out of the project.
    """
    if setting is None:
        return None
    home = setting.project.manifest_path.parent
    value: str | Path = setting.value
    path = (Path.cwd() if setting.is_flag else home) / (value if isinstance(value, Path) else _check(setting))
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(home)):
        raise setting.error(
            f"leads out of the manifest's directory: {os.path.realpath(path)}",
            kind="value-invalid",
            expected=f"a file in {home}",
            hint="copy the file into the project",
        )
    return path
