"""Walking untrusted zips."""

from __future__ import annotations

import contextlib
import io
import struct
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs_cli.archives.zips import iterate_zip, read_member

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40)
METHODS = st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
MEMBERS = st.dictionaries(NAMES, st.tuples(st.binary(max_size=300), METHODS), max_size=6)


def make_zip(members: dict[str, tuple[bytes, int]], comment: bytes = b"") -> io.BytesIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as container:
        for name, (data, method) in members.items():
            container.writestr(zipfile.ZipInfo(name), data, method)
        container.comment = comment
    return buffer


@given(members=MEMBERS, comment=st.binary(max_size=30))
def test_what_the_standard_library_wrote_is_read_back(members: dict[str, tuple[bytes, int]], comment: bytes) -> None:
    file = make_zip(members, comment)
    read = {one.name: read_member(file, one, one.size_bytes) for one in iterate_zip(file, len(members))}
    assert read == {name: data for name, (data, _) in members.items()}


def test_names_from_before_utf_8_are_read_as_the_standard_library_does() -> None:
    file = io.BytesIO(make_zip({"a?.txt": (b"x", zipfile.ZIP_STORED)}).getvalue().replace(b"a?.txt", b"a\x81.txt"))
    assert [one.name for one in iterate_zip(file, 1)] == zipfile.ZipFile(file).namelist() == ["aü.txt"]


def widen(data: bytes) -> bytes:
    """Rewrite a zip of one stored member so that every size and offset is in a zip64 field."""
    file = io.BytesIO(data)
    (member,) = iterate_zip(file, 1)
    directory = data.rindex(b"PK\1\2")
    name = member.name.encode()
    fixed = bytearray(data[directory : directory + 46])
    fixed[20:28] = b"\xff" * 8
    fixed[42:46] = b"\xff" * 4
    extra = struct.pack("<2H8x", 0x5455, 8) + struct.pack("<2H3Q", 1, 24, member.size_bytes, member.packed_bytes, 0)
    fixed[30:32] = struct.pack("<H", len(extra))
    entry = bytes(fixed) + name + extra
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, len(entry), directory)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, directory + len(entry), 1)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return data[:directory] + entry + record + locator + end


def test_sizes_and_offsets_of_zip64_are_read() -> None:
    file = io.BytesIO(widen(make_zip({"a": (b"wide", zipfile.ZIP_STORED)}).getvalue()))
    (member,) = iterate_zip(file, 1)
    assert zipfile.ZipFile(file).read("a") == read_member(file, member, 4) == b"wide"


def test_members_are_counted() -> None:
    file = make_zip({"a": (b"", 0), "b": (b"", 0)})
    with pytest.raises(ValueError, match="more than 1 members"):
        list(iterate_zip(file, 1))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_ways_to_compress_that_wheels_do_not_have_are_refused(method: int) -> None:
    with pytest.raises(ValueError, match="compressed in a way"):
        list(iterate_zip(make_zip({"a": (b"a", method)}), 1))


def test_a_member_may_not_be_larger_than_the_limit() -> None:
    file = make_zip({"a": (b"12345", zipfile.ZIP_DEFLATED)})
    (member,) = iterate_zip(file, 1)
    with pytest.raises(ValueError, match="a takes more than 4 bytes"):
        read_member(file, member, 4)


def test_a_bomb_is_not_inflated_beyond_its_stated_size() -> None:
    data = bytearray(make_zip({"a": (bytes(1 << 20), zipfile.ZIP_DEFLATED)}).getvalue())
    directory = data.rindex(b"PK\1\2")
    data[directory + 24 : directory + 28] = struct.pack("<L", 10)
    file = io.BytesIO(bytes(data))
    (member,) = iterate_zip(file, 1)
    with pytest.raises(ValueError, match="does not have the size"):
        read_member(file, member, 10)


@given(data=st.data())
def test_no_damage_does_more_than_an_error(data: st.DataObject) -> None:
    whole = make_zip({"a/b": (b"text" * 9, zipfile.ZIP_DEFLATED), "c": (b"c", zipfile.ZIP_STORED)}).getvalue()
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    file = io.BytesIO(bytes(damaged[: data.draw(st.integers(0, len(whole)))]))
    with contextlib.suppress(ValueError, zlib.error):
        for member in iterate_zip(file, 100):
            read_member(file, member, 1000)
