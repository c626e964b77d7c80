"""Where two builds of one file differ first, in words of what the file is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, BinaryIO

from cs_bundle import hash_file, open_bundle
from cs_stamp import StampReader, find_signature_places, is_as_built, read_stamp

from ..companions.files import SUFFIXES
from ..companions.provenance import open_provenance
from ..untrusted import DOCUMENT_LIMIT_BYTES, parse_object, read_limited
from .bytecode import hash_modules
from .differences import Difference, compare_entries, compare_values, describe_plan

_BLOCK_BYTES = 1 << 20
_LINE_LENGTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstDifference:
    """The first difference between a file and a new build of it.

    :ivar part: of a runtime: ``template``, a part of the stamp, ``footer``, or ``signature`` for what one
        of the platform changes.
    :ivar key: field, package, archive, line or key of a document.
    :ivar expected: what the new build has.
    :ivar actual: what the file has.
    """

    part: str | None = None
    key: str | None = None
    expected: str | None = None
    actual: str | None = None

    @property
    def place(self) -> str:
        """Name the place, for a message."""
        names = [f"the {self.part}" if self.part else "", self.key or ""]
        return ", ".join(name for name in names if name) or "its bytes"


def find_difference(path: Path, built: Path) -> FirstDifference | None:
    """Find the first difference between a staged file and the same file of a new build, which has other bytes.

    Statements of provenance are compared without their envelopes, and runtimes without a signature of their platform: a
    new build has no key.

    :returns: ``None`` if they are equal otherwise.
    """
    if path.name.endswith(SUFFIXES["provenance"]):
        return _compare_documents(*(open_provenance(_read(one)).payload for one in (built, path)))
    if path.name.endswith(".json"):
        return _compare_documents(_read(built), _read(path)) or FirstDifference(key="form")
    if path.name.endswith(SUFFIXES["bundle"]):
        return _compare_bundles(built, path)
    if path.name.endswith((".txt", ".lock")):
        return _compare_lines(_read_lines(built), _read_lines(path))
    return _compare_runtimes(built, path)


def _read(path: Path) -> bytes:
    return read_limited(path, DOCUMENT_LIMIT_BYTES)


def _compare_documents(expected: bytes, actual: bytes) -> FirstDifference | None:
    if expected == actual:
        return None
    differences = _walk("", parse_object(expected), parse_object(actual))
    return next((_from(one) for one in differences), FirstDifference(key="form"))


def _walk(prefix: str, expected: Any, actual: Any) -> Iterator[Difference]:
    """Yield the innermost keys that differ, in their order."""
    maps = [_index(one) for one in (expected, actual)]
    for one in compare_values(*maps):
        key = f"{prefix}.{one.key}" if prefix else one.key
        inner = [values.get(one.key) for values in maps]
        if type(inner[0]) is type(inner[1]) and isinstance(inner[0], (dict, list)):
            yield from _walk(key, *inner)
        else:
            yield Difference(key=key, expected=one.expected, actual=one.actual)


def _index(value: Any) -> Mapping[str, Any]:
    return {f"{number:06}": item for number, item in enumerate(value)} if isinstance(value, list) else value


def _read_lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while line := file.readline(_BLOCK_BYTES):
            yield line


def _compare_lines(expected: Iterator[bytes], actual: Iterator[bytes], part: str | None = None) -> FirstDifference:
    for number, (one, other) in enumerate(zip_longest(expected, actual, fillvalue=b""), 1):
        if one != other:
            shown = [line.decode(errors="replace").rstrip("\n")[:_LINE_LENGTH] for line in (one, other)]
            return FirstDifference(part=part, key=f"line {number}", expected=shown[0], actual=shown[1])
    return FirstDifference(part=part)


def _from(difference: Difference, part: str | None = None) -> FirstDifference:
    return FirstDifference(
        part=part,
        key=difference.key,
        expected=difference.expected or "nothing",
        actual=difference.actual or "nothing",
    )


def _compare_bundles(built: Path, path: Path) -> FirstDifference:
    listed = [{one.file_name: one.size_bytes for one in open_bundle(file).archives} for file in (built, path)]
    for one in compare_values(*listed):
        return _from(one)
    for (entry, file), (_, other) in zip(*(open_bundle(one).iterate_archives() for one in (built, path)), strict=True):
        if not _is_same(file, other):
            return FirstDifference(key=entry.file_name)
    return FirstDifference(key="form")


def _is_same(one: BinaryIO, other: BinaryIO) -> bool:
    while True:
        blocks = one.read(_BLOCK_BYTES), other.read(_BLOCK_BYTES)
        if blocks[0] != blocks[1]:
            return False
        if not blocks[0]:
            return True


def _compare_runtimes(built: Path, path: Path) -> FirstDifference | None:
    if is_as_built(path, hash_file(built)):
        return None
    with read_stamp(built) as expected, read_stamp(path) as actual:
        limit = min(expected.stamp_offset, actual.stamp_offset)
        offset = _find_offset(built, path, limit, find_signature_places(path))
        if offset is not None or expected.stamp_offset != actual.stamp_offset:
            return FirstDifference(part="template", key=None if offset is None else f"byte {offset}")
        for tag in expected.parts:
            if expected.parts[tag].sha256 != actual.parts[tag].sha256:
                return _compare_part(tag, expected, actual)
    return FirstDifference(part="signature")


def _find_offset(one: Path, other: Path, limit: int, ignored: tuple[range, ...]) -> int | None:
    """Return the position of the first byte that differs before a limit."""
    with one.open("rb") as first, other.open("rb") as second:
        for start in range(0, limit, _BLOCK_BYTES):
            blocks = [file.read(min(_BLOCK_BYTES, limit - start)) for file in (first, second)]
            if blocks[0] != blocks[1]:
                pairs = enumerate(zip_longest(*blocks), start)
                differing = (at for at, (x, y) in pairs if x != y and not any(at in place for place in ignored))
                if (offset := next(differing, None)) is not None:
                    return offset
    return None


def _compare_part(tag: str, expected: StampReader, actual: StampReader) -> FirstDifference:
    if tag == "header":
        differences = compare_values(asdict(expected.header), asdict(actual.header))
        return next((_from(one, tag) for one in differences), FirstDifference(part=tag))
    if tag == "plan":
        plans = [describe_plan(stamp.read_plan()) for stamp in (expected, actual)]
        return next((_from(one, tag) for one in compare_entries(*plans)), FirstDifference(part=tag))
    if tag == "lock":
        one, other = (iter(stamp.read_lock().splitlines(keepends=True)) for stamp in (expected, actual))
        return _compare_lines(one, other, part=tag)
    if tag == "bytecode":
        return FirstDifference(part=tag, key=_find_module(expected, actual))
    return FirstDifference(part=tag)


def _find_module(expected: StampReader, actual: StampReader) -> str | None:
    """Name the first compiled module that differs."""
    with expected.open_part("bytecode") as one, actual.open_part("bytecode") as other:
        for first, second in zip_longest(hash_modules(one, expected.path), hash_modules(other, actual.path)):
            if first != second:
                return (first or second or ("", ""))[0]
    return None
