"""What ``vectors.json`` says about a file."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from samples import flip

from cs_stamp import Mark, StampError, read_stamp
from cs_stamp._footer import find_footer


def describe_good(path: Path, about: str) -> dict[str, Any]:
    """Return what the index says about a file that readers accept."""
    with read_stamp(path) as stamp:
        launch = stamp.read_part("launch")
        return {
            "file": f"good/{path.name}",
            "about": about,
            "identity": stamp.identity,
            "stamp_offset": stamp.stamp_offset,
            "trailing_size_bytes": stamp.trailing_size_bytes,
            "parts": {
                tag: {"offset": part.offset, "size_bytes": part.size_bytes, "sha256": part.sha256}
                for tag, part in stamp.parts.items()
            },
            "header": stamp.header.to_dict(),
            "plan": stamp.read_plan().to_dict(),
            "launch": {"flags": struct.unpack_from("<I", launch, 4)[0], "strings": _launch_strings(launch)},
        }


def describe_damage(name: str, data: bytes, header_size: int) -> dict[str, Any]:
    """Return what the index says about a file with one bit of its headers flipped, and about its beginnings.

    Kinds of errors are given with the first bit, or the first size, from which on they are found.
    """
    bits = (flip(data, bit // 8, bit % 8) for bit in range(8 * header_size))
    return {
        "file": f"good/{name}.bin",
        "flipped_bits": _describe_runs(bits),
        "truncated_to": _describe_runs(data[:size] for size in range(len(data))),
    }


def _describe_runs(files: Iterable[bytes]) -> list[tuple[int, str]]:
    runs: list[tuple[int, str]] = []
    for index, data in enumerate(files):
        try:
            find_footer(io.BytesIO(data))
            kind = "accepted"
        except StampError as error:
            kind = error.kind
        if not runs or runs[-1][1] != kind:
            runs.append((index, kind))
    return runs


def describe_mark(mark: Mark) -> dict[str, Any]:
    """Return what the index says about the mark of a template: its fields, and its bytes in hex."""
    return {
        "name": mark.name,
        "version": mark.version,
        "target": mark.target,
        "stamp_formats": list(mark.stamp_formats),
        "hex": mark.to_bytes().hex(),
    }


def _launch_strings(block: bytes) -> list[str]:
    strings, position = [], 12
    for _ in range(6):
        (size,) = struct.unpack_from("<H", block, position)
        strings.append(block[position + 2 : position + 2 + size].decode())
        position += size + 3
    return strings
