"""The rules for single values; each returns the value, or raises ``ValueError`` with what was expected."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ._credentials import holds_page_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PACKAGE_NAME = re.compile(r"(?:(?:conda|pypi):)?[a-z0-9_][a-z0-9._-]*")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!~-]*")
MAX_LENGTH = 128
"""Limit, in characters, of a name for files and directories, also of a derived one."""

# Names that Windows keeps for devices, with any suffix.
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}

# Names that conda itself uses in the directories that prefixes are installed into: ``~/.conda`` and ``conda`` in the
# user's data.
_CONDA_ENTRIES = {"condarc", "condarc.d", "environments.txt", "envs", "pkgs"}


class WrongItem(ValueError):
    """What was expected of one item of a list.

    :ivar index: of the item, from 0.
    """

    def __init__(self, expected: str, index: int) -> None:
        super().__init__(expected)
        self.index = index


def check_text(value: object) -> str:
    """Accept a string without control characters that is not empty."""
    if not isinstance(value, str):
        raise ValueError("a string")
    if not value.strip() or not value.isprintable():
        raise ValueError("a string that is not empty and has no control characters")
    return value


def check_identifier(value: object) -> str:
    """Accept an ASCII letter or digit, then letters, digits, ``.``, ``_`` and ``-``."""
    text = check_text(value)
    if not _IDENTIFIER.fullmatch(text):
        raise ValueError("a name of ASCII letters, digits, '.', '_' and '-' that starts with a letter or digit")
    if len(text) > MAX_LENGTH:
        raise ValueError(f"at most {MAX_LENGTH} ASCII characters, not {len(text)}")
    return text


def check_file_name(name: str) -> str:
    """Accept an identifier, perhaps composed of several, that is a valid file name on every system."""
    if len(name) > MAX_LENGTH:
        raise ValueError(f"at most {MAX_LENGTH} characters, not {len(name)}")
    if name.endswith(".") or name.partition(".")[0].lower() in _DEVICES:
        raise ValueError("a file name on Windows too: not a device such as NUL, and without '.' at the end")
    return name


def check_prefix_name(name: str) -> str:
    """Accept a file name that conda does not use in the directory that a prefix is installed into."""
    check_file_name(name)
    if name.lower() in _CONDA_ENTRIES:
        taken = ", ".join(sorted(_CONDA_ENTRIES))
        raise ValueError(f"a name that conda itself does not use in that directory ({taken})")
    return name


def check_version(value: object) -> str:
    """Accept a version as conda or PyPI writes it."""
    text = check_text(value)
    if len(text) > MAX_LENGTH or not _VERSION.fullmatch(text):
        raise ValueError("a version such as 1.2.3")
    return text


def _check_items(items: Sequence[object], check: Callable[[object], str]) -> tuple[str, ...]:
    """Check each item of a list; return each once."""
    checked: dict[str, None] = {}
    for index, item in enumerate(items):
        try:
            checked[check(item)] = None
        except ValueError as error:
            raise WrongItem(str(error), index) from None
    return tuple(checked)


def check_packages(value: object) -> tuple[str, ...]:
    """Accept a list of package names, perhaps with ``conda:`` or ``pypi:``; return them in lower case, each once."""
    if not isinstance(value, (list, tuple)):
        raise ValueError("a list of package names")
    return _check_items(value, _check_package)


def _check_package(value: object) -> str:
    if not isinstance(value, str) or not _PACKAGE_NAME.fullmatch(value.lower()):
        raise ValueError("a package name alone, without a version")
    return value.lower()


def check_licenses(value: object) -> tuple[str, ...]:
    """Accept a list of licences, each once; whether they exist, ``cs_cli`` knows."""
    if not isinstance(value, (list, tuple)):
        raise ValueError("a list of licences")
    return _check_items(value, lambda item: " ".join(check_text(item).split()))


def check_paths(value: object) -> tuple[str, ...]:
    """Accept a path or a list of paths; return each once."""
    if isinstance(value, str):
        return (check_text(value),)
    if not isinstance(value, (list, tuple)):
        raise ValueError("a path, or a list of paths")
    return _check_items(value, check_text)


def check_url(value: object) -> str:
    """Accept an ``http://`` or ``https://`` URL without whitespace and control characters."""
    expected = "an http:// or https:// URL without whitespace and control characters"
    if not isinstance(value, str):
        raise ValueError(expected)
    if any(character.isspace() or not character.isprintable() for character in value):
        raise ValueError(expected)
    try:
        parts = urlsplit(value)
    except ValueError as error:
        raise ValueError(expected) from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(expected)
    if holds_page_credentials(value):
        raise ValueError("an address without user, password or token: it ships, and users see it")
    return value


def check_boolean(value: object) -> bool:
    """Accept ``true`` and ``false`` alone."""
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def check_choice(value: object, choices: tuple[str, ...]) -> str:
    """Accept one of a few words."""
    if not isinstance(value, str) or value not in choices:
        raise ValueError("one of " + ", ".join(choices))
    return value
