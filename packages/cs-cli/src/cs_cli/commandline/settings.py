"""Flags of the keys of ``[tool.conda-ship]``, from the table of keys in ``cs_manifest``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from cs_manifest import CONFIG_KEYS, ConfigKey

from .values import Flag, Group


def pick_overrides(values: Mapping[str, Any]) -> dict[str, object]:
    """Pick the settings that were given as flags.

    :param values: by the attributes of flags.
    :returns: by the names of keys.
    """
    given = {key.name: values[key.attribute] for key in CONFIG_KEYS}
    return {name: value for name, value in given.items() if value is not None}


def _make_flags(key: ConfigKey) -> Iterator[Flag]:
    is_boolean = key.value_type == "boolean"
    yield Flag(
        name=f"--{key.name}",
        aliases=tuple(f"--{name}" for name in key.names[1:]),
        attribute=key.attribute,
        metavar="true|false" if is_boolean else key.metavar or key.name.rpartition("-")[2].upper(),
        # cs_manifest checks the words: it has a better message.
        words=("true", "false") if is_boolean else key.choices,
        default=key.default_text or (f"`{str(key.default).lower()}`" if key.default is not None else None),
        optional=is_boolean,
        repeated=key.is_list,
        read=_READERS.get(key.value_type, str),
        completion=_COMPLETIONS.get(key.value_type, "environment" if key.name == "source-environment" else None),
        help=f"{key.help}{_REPEATED.get(key.value_type, '')}",
    )
    if is_boolean:
        help = f"the same as `--{key.name}=false`"
        yield Flag(name=f"--no-{key.name}", attribute=key.attribute, constant=False, help=help)


def _read_switch(word: str) -> bool | str:
    """Read the value of a boolean flag; ``cs_manifest`` refuses any other word."""
    return {"true": True, "false": False}.get(word, word)


def _split_list(text: str) -> list[str]:
    """Split a list at commas and white space. A list without names stays one empty name, which is refused."""
    return [name for name in re.split(r"[\s,]+", text) if name] or [""]


def _split_lines(text: str) -> list[str]:
    """Split a list of paths at line ends, as inputs of the action have them; paths may have spaces and commas."""
    return [line.strip() for line in text.splitlines() if line.strip()] or [""]


def _split_names(text: str) -> list[str]:
    """Split a list at commas and line ends: a licence with an exception has spaces."""
    return [name.strip() for name in re.split(r"[\n,]+", text) if name.strip()] or [""]


_READERS: dict[str, Callable[[str], Any]] = {
    "boolean": _read_switch,
    "packages": _split_list,
    "paths": _split_lines,
    "licenses": _split_names,
}
_COMPLETIONS: dict[str, Any] = {"path": "file", "paths": "directory"}
_REPEATED = {
    "packages": "; separate names with commas, or repeat the flag",
    "licenses": "; separate names with commas, or repeat the flag",
    "paths": "; for more than one, repeat the flag",
}

SETTINGS = Group(
    title="Settings",
    note="Each sets a key of `[tool.conda-ship]`, and overrides the manifest.",
    flags=tuple(flag for key in CONFIG_KEYS for flag in _make_flags(key)),
    folded=True,
)
