"""Where settings stand, for what turns out to be wrong with them after they were read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict

from cs_lock import Problem
from cs_manifest import CONFIG_KEYS, Project

TABLE = ("tool", "conda-ship")
_PREFIX = ".".join(TABLE) + "."
_NAMES = {key.name: key.names for key in CONFIG_KEYS}
# The problems of an item of a list; each names the package.
_LISTS = {"missing-required": "require", "unmatched-exclude": "exclude"}


class Place(TypedDict, total=False):
    """What a :class:`cs_lock.Problem` or a :class:`cs_cli.errors.CliError` says of its place."""

    path: Path
    line: int
    column: int
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingPlaces:
    """The places of settings, in a manifest or on the command line.

    :ivar flags: names of the settings that the command line gives, in place of the manifest.
    """

    project: Project
    flags: frozenset[str] = frozenset()

    def find(self, name: str, is_item: Callable[[object], bool] = lambda _: False) -> Place:
        """Find a setting.

        :param name: of a key of ``[tool.conda-ship]``.
        :param is_item: tells the item of a list that is meant.
        :returns: its key and position; for a default the key alone, for a flag the flag.
        """
        if name in self.flags:
            return {"key": f"--{name}"}
        document = self.project.document
        table = document.table(TABLE)
        spelling = next((one for one in _NAMES[name] if one in table), None)
        if spelling is None:
            return {"key": _PREFIX + name}
        key: tuple[str | int, ...] = (*TABLE, spelling)
        place: Place = {"path": self.project.manifest_path, "key": _PREFIX + spelling}
        items = table[spelling] if isinstance(table[spelling], list) else []
        index = next((index for index, item in enumerate(items) if is_item(item)), None)
        if index is not None:
            key, place["key"] = (*key, index), f"{place['key']}[{index}]"
        if position := document.locate(key, value=True):
            place["line"], place["column"] = position
        return place

    def point(self, problem: Problem) -> Problem:
        """Give a problem of a setting its place; others come back as they are."""
        name = _LISTS.get(problem.kind)
        if name is not None:
            return replace(problem, **self.find(name, lambda item: isinstance(item, str) and _is_label(item, problem)))
        if problem.path is None and problem.key is not None and problem.key.startswith(_PREFIX):
            return replace(problem, **self.find(problem.key.removeprefix(_PREFIX)))
        return problem


def _is_label(item: str, problem: Problem) -> bool:
    return item.lower().removeprefix("conda:") == (problem.package or "").removeprefix("conda:")
