"""One entry of a dependency table, written as a match spec or a PyPI requirement."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

SpecKind = Literal["conda", "pypi", "source"]

_ARCHIVE_SUFFIXES = (".conda", ".tar.bz2")
_ANY_VERSION = ("", "*")
# Fields of a dependency table that a match spec carries in brackets, under the name that conda uses.
_BRACKET_FIELDS = {
    "build-number": "build_number",
    "build_number": "build_number",
    "subdir": "subdir",
    "file-name": "fn",
    "fn": "fn",
    "md5": "md5",
    "sha256": "sha256",
    "license": "license",
    "license-family": "license_family",
    "license_family": "license_family",
    "features": "features",
    "track-features": "track_features",
    "track_features": "track_features",
    "url": "url",
}


def normalize_conda_name(name: str) -> str:
    """Conda package names are compared in lower case."""
    return name.strip().lower()


def normalize_pypi_name(name: str) -> str:
    """Return a PyPI name in its normal form (PEP 503); ``cs_lock._foreign`` has the same."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def classify_conda(value: object) -> SpecKind:
    """Tell a package of a channel (or an archive given by path or URL) from one that is built from source."""
    if not isinstance(value, Mapping):
        return "conda"
    if "git" in value:
        return "source"
    location = value.get("path", value.get("url"))
    if isinstance(location, str) and not location.split("#")[0].split("?")[0].endswith(_ARCHIVE_SUFFIXES):
        return "source"
    return "conda"


def is_conditional(value: object) -> bool:
    """Tell whether a dependency holds only under a condition."""
    if isinstance(value, Mapping):
        return "when" in value or is_conditional(value.get("version"))
    return isinstance(value, str) and ("; if" in value or "when=" in value)


def render_conda(name: str, value: object) -> str:
    """Write a dependency as a match spec.

    :param name: normalised package name.
    :param value: the entry's value: a version, or a table with ``version``, ``build``, ``channel`` and others.
    :returns: a match spec such as ``conda-forge::numpy >=2 *openblas``; for a source package its location.
    :raises ValueError: when the value has the wrong type, with what was expected.
    """
    if isinstance(value, Mapping):
        return _render_table(name, value)
    version = _read_conda_version(value)
    return name if version in _ANY_VERSION else f"{name} {version}"


def _read_conda_version(value: object) -> str:
    """Read a version; a bare one means exactly that one, which strict parsers require in full."""
    version = _read_version(value)
    return f"=={version}" if re.fullmatch(r"[0-9][0-9A-Za-z._+!-]*", version) else version


def _read_version(value: object) -> str:
    if isinstance(value, str):
        # A space next to a comma or a bar has no meaning; elsewhere it separates version and build.
        return re.sub(r" ?([,|]) ?", r"\1", " ".join(value.split()))
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    raise ValueError("a version such as '>=1.2', or a table with a version")


def _render_table(name: str, table: Mapping[str, object]) -> str:
    location = _find_location(table)
    if location is not None and classify_conda(table) == "source":
        return f"{name} @ {location}"
    version = _read_conda_version(table.get("version", "*"))
    build = table.get("build")
    if build is not None and not isinstance(build, str):
        raise ValueError("a build string such as '*openblas'")
    brackets = _render_brackets(table)
    channel = table.get("channel")
    prefix = ""
    if isinstance(channel, str) and ("/" in channel or "\\" in channel):
        brackets.insert(0, f'channel="{channel}"')
    elif isinstance(channel, str):
        prefix = f"{channel}::"
    tail = f" {version} {build}" if build else "" if version in _ANY_VERSION else f" {version}"
    return f"{prefix}{name}{tail}" + (f"[{','.join(brackets)}]" if brackets else "")


def _render_brackets(table: Mapping[str, object]) -> list[str]:
    rendered = []
    for field, name in _BRACKET_FIELDS.items():
        value = table.get(field)
        if isinstance(value, list):
            value = " ".join(str(item) for item in value)
        if value is not None and value != "":
            rendered.append(f'{name}="{value}"')
    if "path" in table:
        rendered.append(f'url="{table["path"]}"')
    return rendered


def _find_location(table: Mapping[str, object]) -> str | None:
    for field in ("git", "path", "url"):
        value = table.get(field)
        if isinstance(value, str):
            revision = next((str(table[key]) for key in ("rev", "tag", "branch") if key in table), None)
            prefix = "git+" if field == "git" and not value.startswith("git+") else ""
            return prefix + value + (f"@{revision}" if field == "git" and revision else "")
    return None


def render_pypi(name: str, value: object) -> str:
    """Write an entry of ``pypi-dependencies`` as a requirement (PEP 508).

    :raises ValueError: when the value has the wrong type, with what was expected.
    """
    if not isinstance(value, Mapping):
        version = _read_version(value)
        return name if version in _ANY_VERSION else f"{name}{_as_specifier(version)}"
    extras = value.get("extras")
    if isinstance(extras, list) and extras:
        name = f"{name}[{','.join(str(extra) for extra in extras)}]"
    location = _find_location(value)
    if location is not None:
        return f"{name} @ {location}"
    return render_pypi(name, value.get("version", "*"))


def _as_specifier(version: str) -> str:
    return version if version[0] in "<>=!~" else f"=={version}"
