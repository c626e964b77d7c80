"""What differs between two trees of installed wheels, besides what is known to differ."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from typing import Any

Tree = dict[str, tuple[str, Any]]

UVS_OWN = ("INSTALLER", "uv_cache.json")
"""Files of ``.dist-info`` that name the installer of a wheel, or are the installer's own."""
PIPS_OWN = ("INSTALLER", "direct_url.json")
"""pip writes ``direct_url.json`` for a wheel that it got by its path."""


def compare_with_uv(own: Tree, uvs: Tree, dangling: Collection[str] = ()) -> list[str]:
    """List the differences, a line each. RECORD must be the same, row by row.

    :param dangling: rows of RECORD that uv keeps though there is no such file, or keeps twice.
    """
    own, uvs = _without(own, UVS_OWN), _without(uvs, UVS_OWN)
    return sorted(_compare(_with_rows(own, UVS_OWN, ()), _with_rows(uvs, UVS_OWN, dangling), "uv"))


def compare_with_pip(own: Tree, pips: Tree) -> list[str]:
    """List the differences, a line each.

    Of RECORD only the paths count: pip writes it anew, and adds rows without hashes. Of commands only that they are
    there: pip writes another text, and makes only those executable that are so in the wheel.
    """
    own, pips = _without(own, PIPS_OWN), _without(pips, PIPS_OWN)
    return sorted(_compare(_with_paths(own), _with_paths(pips), "pip"))


def _without(tree: Tree, names: Collection[str]) -> Tree:
    return {path: entry for path, entry in tree.items() if not is_metadata(path, names)}


def is_metadata(path: str, names: Collection[str]) -> bool:
    """Whether a path is that of one of these files of a ``.dist-info``."""
    directory, _, name = path.rpartition("/")
    return directory.endswith(".dist-info") and name in names


def _with_rows(tree: Tree, names: Collection[str], dangling: Collection[str]) -> Tree:
    """Have the rows of RECORD in place of its text, without those of some files."""

    def rows(text: bytes) -> list[str]:
        lines = (line.removeprefix("./") for line in text.decode().splitlines())
        return sorted(one for one in lines if not is_metadata(one.partition(",")[0], names) and one not in dangling)

    return {path: (kind, rows(text) if is_metadata(path, ("RECORD",)) else text) for path, (kind, text) in tree.items()}


def _with_paths(tree: Tree) -> Tree:
    def simplify(path: str, kind: str, content: Any) -> tuple[str, Any]:
        if is_metadata(path, ("RECORD",)):
            rows = {row[0].removeprefix("./").lstrip("/") for row in csv.reader(content.decode().splitlines()) if row}
            return "RECORD", sorted(row for row in rows if not is_metadata(row, PIPS_OWN))
        return ("command", None) if path.startswith("bin/") else (kind, content)

    return {path: simplify(path, kind, content) for path, (kind, content) in tree.items()}


def _compare(own: Tree, other: Tree, name: str) -> Iterator[str]:
    yield from (f"only own: {path}" for path in own.keys() - other.keys())
    yield from (f"only {name}'s: {path}" for path in other.keys() - own.keys())
    for path in own.keys() & other.keys():
        mine, others = own[path], other[path]
        if mine == others:
            continue
        if isinstance(mine[1], list) and mine[0] == others[0]:
            yield f"differs: {path}: own {_lacking(mine[1], others[1])}, {name} {_lacking(others[1], mine[1])}"
        else:
            yield f"differs: {path}: {mine[0]}, {others[0]}" + ("" if mine[1] == others[1] else ", other bytes")


def _lacking(rows: list[str], others: list[str]) -> list[str]:
    return [row for row in rows if row not in others][:5]
