"""The header part: who a runtime is and how it behaves."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from .errors import UnsupportedVersionError
from .fields import (
    JsonObject,
    parse_json,
    refuse_value,
    render_json,
    take,
    take_bool,
    take_choice,
    take_line,
    take_name,
    take_object,
    take_optional_size,
    take_optional_string,
    take_strings,
)

SCHEMA_VERSION = 1

Layout = Literal["online", "external", "embedded"]
InstallScheme = Literal["conda-home", "user-data"]
Bytecode = Literal["on-import", "bootstrap", "shipped"]
Commands = Literal["direct", "self"]
OnUpgrade = Literal["replace", "keep"]
Activation = Literal["path", "full"]

_CHOICES: dict[str, tuple[str, ...]] = {
    "layout": ("online", "external", "embedded"),
    "install_scheme": ("conda-home", "user-data"),
    "bytecode": ("on-import", "bootstrap", "shipped"),
    "commands": ("direct", "self"),
    "on_upgrade": ("replace", "keep"),
    "activation": ("path", "full"),
}
_NAMES = ("runtime", "artifact_name", "platform", "delegate", "install_name")
_STRINGS = ("builder", "runtime_version")
_OPTIONAL_STRINGS = ("docs_url", "installer", "condarc", "bundle_file_name")
_SIZES = ("installed_size_bytes", "installed_file_count", "prefix_limit_bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Hold what ``docs/reference/stamp-format.md`` lists under *header*; see there for each field."""

    builder: str
    runtime: str
    runtime_version: str
    artifact_name: str
    layout: Layout
    platform: str
    delegate: str
    install_name: str
    channels: tuple[str, ...]
    install_scheme: InstallScheme = "conda-home"
    docs_url: str | None = None
    installer: str | None = None
    condarc: str | None = None
    freeze_base: bool = False
    bytecode: Bytecode = "on-import"
    commands: Commands = "direct"
    on_upgrade: OnUpgrade = "replace"
    activation: Activation = "path"
    bundle_file_name: str | None = None
    installed_size_bytes: int | None = None
    installed_file_count: int | None = None
    prefix_limit_bytes: int | None = None

    def __post_init__(self) -> None:
        _check_fields(asdict(self))

    @classmethod
    def from_dict(cls, data: JsonObject) -> Header:
        """Read a header from parsed JSON; unknown keys are ignored, as the format says.

        :raises FieldError: if a key is missing or holds the wrong sort of value.
        :raises UnsupportedVersionError: if ``schema_version`` is not 1.
        """
        require_schema_version(take_object(data, "header"), "header")
        return cls(**_check_fields(data))

    @classmethod
    def from_bytes(cls, data: bytes) -> Header:
        """Read a header from the bytes of its part."""
        return cls.from_dict(parse_json(data))

    def to_dict(self) -> dict[str, Any]:
        """Return the header as JSON values, ``schema_version`` included."""
        return {"schema_version": SCHEMA_VERSION, **asdict(self), "channels": list(self.channels)}

    def to_bytes(self) -> bytes:
        """Render the header part."""
        return render_json(self.to_dict())


def require_schema_version(data: JsonObject, part: str) -> None:
    """Refuse a part of another schema version.

    :raises UnsupportedVersionError: if the version is an integer other than 1.
    """
    version = take(data, "schema_version")
    if isinstance(version, bool) or not isinstance(version, int):
        raise refuse_value("schema_version", "an integer", version)
    if version != SCHEMA_VERSION:
        raise UnsupportedVersionError(
            f"the {part} of this runtime has schema version {version}; this release reads version {SCHEMA_VERSION}",
            part=part,
            key="schema_version",
            expected=str(SCHEMA_VERSION),
            actual=str(version),
            hint="use a newer release of conda-ship",
        )


def _check_fields(data: JsonObject) -> dict[str, Any]:
    checked: dict[str, Any] = {}
    checked.update((key, take_name(data, key)) for key in _NAMES)
    checked.update((key, take_line(data, key)) for key in _STRINGS)
    checked.update((key, take_choice(data, key, choices)) for key, choices in _CHOICES.items())
    checked.update((key, take_optional_string(data, key)) for key in _OPTIONAL_STRINGS)
    checked.update((key, take_optional_size(data, key)) for key in _SIZES)
    checked["freeze_base"] = take_bool(data, "freeze_base")
    checked["channels"] = take_strings(data, "channels")
    if checked["bundle_file_name"] is not None:
        take_name(data, "bundle_file_name")
    return checked
