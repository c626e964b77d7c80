"""The header part: the identity of a runtime and its settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from ._choices import Activation, Bytecode, Commands, InstallScheme, Layout, OnUpgrade
from ._errors import UnsupportedVersionError
from ._fields import (
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
    take_optional_line,
    take_optional_name,
    take_optional_path,
    take_optional_size,
    take_optional_string,
    take_strings,
)

SCHEMA_VERSION = 1

Name = Annotated[str, "one path component"]
Line = Annotated[str, "no control characters"]
RelativePath = Annotated[str, "names with / between them"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What ``docs/reference/stamp-format.md`` lists under *header*, in that order; see there for each field.

    The type of a field is the rule by which it is read. There are no defaults: a header says everything.
    """

    builder: Line
    runtime: Name
    runtime_version: Line
    artifact_name: Name
    layout: Layout
    platform: Name
    delegate: Name
    delegate_path: RelativePath | None
    docs_url: str | None
    install_scheme: InstallScheme
    install_name: Name
    installer: str | None
    condarc: str | None
    freeze_base: bool
    bytecode: Bytecode
    commands: Commands
    on_upgrade: OnUpgrade
    activation: Activation
    channels: tuple[str, ...]
    bundle_file_name: Name | None
    installed_size_bytes: int | None
    installed_file_count: int | None
    prefix_limit_bytes: int | None
    source_revision: Line | None

    def __post_init__(self) -> None:
        _check_fields(asdict(self))

    @classmethod
    def from_dict(cls, data: JsonObject) -> Header:
        """Read a header from parsed JSON; unknown keys are ignored, as the format says.

        :raises FieldError: if a key is missing or has a value of the wrong type.
        :raises UnsupportedVersionError: if ``schema_version`` is not 1.
        """
        take_schema_version(take_object(data, "header"), "header", (SCHEMA_VERSION,))
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


_TYPES = get_type_hints(Header, include_extras=True)
CHOICES: dict[str, tuple[str, ...]] = {
    name: get_args(kind) for name, kind in _TYPES.items() if get_origin(kind) is Literal
}
"""The words of each field that takes one of a few."""

_TAKERS: dict[Any, Callable[[JsonObject, str], Any]] = {
    Name: take_name,
    Line: take_line,
    str | None: take_optional_string,
    Name | None: take_optional_name,
    Line | None: take_optional_line,
    RelativePath | None: take_optional_path,
    bool: take_bool,
    int | None: take_optional_size,
    tuple[str, ...]: take_strings,
}


def _check_fields(data: JsonObject) -> dict[str, Any]:
    return {
        name: take_choice(data, name, CHOICES[name]) if name in CHOICES else _TAKERS[kind](data, name)
        for name, kind in _TYPES.items()
    }


def take_schema_version(data: JsonObject, part: str, supported: Sequence[int]) -> int:
    """Return the schema version of a part.

    :raises UnsupportedVersionError: if the version is an integer other than those.
    """
    version = take(data, "schema_version")
    if isinstance(version, bool) or not isinstance(version, int):
        raise refuse_value("schema_version", "an integer", version)
    if version not in supported:
        versions = " and ".join(map(str, supported))
        raise UnsupportedVersionError(
            f"the {part} of this runtime has schema version {version}; this release reads version {versions}",
            part=part,
            key="schema_version",
            expected=versions,
            actual=str(version),
            hint="use a newer release of conda-ship",
        )
    return version
