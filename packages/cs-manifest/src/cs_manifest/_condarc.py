"""A condarc file: checked to be a YAML mapping, shipped as it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ._credentials import CREDENTIALS_HINT, find_addresses, holds_credentials, holds_extras
from ._errors import ManifestError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_SIZE_BYTES = 256 * 1024
"""The text goes into the stamp's header, which holds at most 1 MiB."""


# libyaml's time grows with the square of the depth.
_MAX_DEPTH = 100
# A key with the name of a secret, and its value: neither a variable nor a switch.
_SECRET_KEY = r"""^[ \t-]*["']?(\w*(?:token|password|passwd|secret))["']?[ \t]*:[ \t]+"""
_SECRET = rf"""(?im){_SECRET_KEY}(?:["'][^"'$]|(?!(?:null|~|true|false)[ \t\r]*$)[^\s"'#$|>&*!])"""
_BARE_USER = re.compile(r"(?!mailto:)[^\s/:@]+:[^\s/@]*@[^\s/@]+/?")


def read_condarc(path: Path) -> str:
    """Return the text of a condarc file.

    :param path: a YAML file with one mapping, UTF-8, at most ``MAX_SIZE_BYTES`` long.
    :raises ManifestError: when it cannot be read, is not a mapping, or holds credentials.
    """
    text = _read_text(path)
    _check_addresses(path, text)
    _check_mapping(path, text)
    return text


def _error(path: Path, message: str, *, line: int | None = None, column: int | None = None) -> ManifestError:
    return ManifestError(
        message,
        kind="condarc-invalid",
        path=path,
        line=line,
        column=column,
        key="tool.conda-ship.condarc-file",
        expected="a YAML mapping, such as `channels: [conda-forge]`",
    )


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_SIZE_BYTES + 1)
    except OSError as error:
        raise _error(path, f"cannot be read: {error.strerror}") from error
    if len(content) > MAX_SIZE_BYTES:
        raise _error(path, f"is larger than {MAX_SIZE_BYTES // 1024} KiB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _error(path, "is not UTF-8", line=content.count(b"\n", 0, error.start) + 1) from error


def _check_mapping(path: Path, text: str) -> None:
    """Check the YAML events alone: no values are built, so nested anchors cost nothing."""
    import yaml

    try:
        _check_events(path, iter(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (None, None)
        if mark and _is_deep(text[: mark.index]):
            raise _too_deep(path, line) from error
        raise _error(path, f"is not valid YAML: {error.problem}", line=line, column=column) from error
    except RecursionError as error:
        raise _too_deep(path, None) from error
    except yaml.YAMLError as error:
        raise _error(path, f"is not valid YAML: {' '.join(str(error).split())}") from error


def _is_deep(text: str) -> bool:
    """Tell whether too many brackets are open at the end of a text: some parsers stop there without an event."""
    return text.count("[") + text.count("{") - text.count("]") - text.count("}") > _MAX_DEPTH


def _too_deep(path: Path, line: int | None) -> ManifestError:
    return _error(path, f"is nested more than {_MAX_DEPTH} levels deep", line=line)


def _check_events(path: Path, events: Iterator[Any]) -> None:
    import yaml

    documents = depth = 0
    anchors: set[str] = set()
    previous: Any = None
    for event in events:
        if isinstance(previous, yaml.DocumentStartEvent):
            documents += 1
            line, column = event.start_mark.line + 1, event.start_mark.column + 1
            if documents > 1:
                raise _error(path, "contains more than one document", line=line, column=column)
            if not isinstance(event, yaml.MappingStartEvent):
                raise _error(path, "does not contain a mapping", line=line, column=column)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _MAX_DEPTH:
            raise _too_deep(path, event.start_mark.line + 1)
        if isinstance(event, yaml.ScalarEvent):
            _check_scalar(path, event.value, event.start_mark.line + 1 if event.start_mark else None)
        if isinstance(event, yaml.AliasEvent) and event.anchor not in anchors:
            line = event.start_mark.line + 1 if event.start_mark else None
            raise _error(path, f"alias *{event.anchor} has no anchor", line=line)
        anchors.add(getattr(event, "anchor", None) or "")
        previous = event
    if documents == 0:
        raise _error(path, "is empty", line=1, column=1)


def _check_addresses(path: Path, text: str) -> None:
    """Refuse credentials anywhere, even in comments: all of the text ships."""
    for address, offset in find_addresses(text):
        if holds_credentials(address, placeholders=True):
            raise _credentials(path, address, text.count("\n", 0, offset) + 1)
    if match := re.search(_SECRET, text):
        raise _credentials(path, f"{match[1]}: ***", text.count("\n", 0, match.start()) + 1)


def _check_scalar(path: Path, value: str, line: int | None) -> None:
    """Refuse credentials in a value, which may be escaped in YAML; queries can contain them as well."""
    for address, _ in find_addresses(value):
        if holds_credentials(address, placeholders=True) or holds_extras(address):
            raise _credentials(path, address, line)
    # A proxy may be given without a scheme.
    if _BARE_USER.fullmatch(value) and holds_credentials(f"//{value}", placeholders=True):
        raise _credentials(path, f"//{value}", line)


def _credentials(path: Path, address: str, line: int | None) -> ManifestError:
    return ManifestError(
        f"contains credentials, which would ship: {address}",
        kind="credentials",
        path=path,
        line=line,
        key="tool.conda-ship.condarc-file",
        expected="addresses without user, password, token, query or fragment",
        hint=f"{CREDENTIALS_HINT}; conda also expands variables such as ${{TOKEN}} in this file",
    )
