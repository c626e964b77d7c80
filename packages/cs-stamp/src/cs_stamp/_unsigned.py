"""Put a platform's signature aside, to see whether the rest of a runtime is as it was built."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from . import _macho, _pe
from ._code_signature import PageHashes, measure_signature, render_signature
from ._copying import read_exactly
from ._errors import StampError, StampReadError
from ._layout import COPY_CHUNK_BYTES
from ._macho_template import read_macho_template
from ._paths import StrPath
from ._reader import read_stamp


def is_as_built(path: StrPath, built_sha256: str) -> bool:
    """Tell whether a runtime differs from what a build wrote only by a signature of its platform.

    The runtime as it was built is computed, every byte of it. For Windows: without the certificate table, and with the
    checksum that the template had: none, or the one that a linker computes. For macOS: with the ad hoc signature of a
    build. An executable without a signature, or without an intact stamp, does not differ only by that.

    :param built_sha256: hex digest of the runtime when it was built.
    :raises StampReadError: if the file cannot be read.
    """
    path = Path(path)
    try:
        with read_stamp(path) as stamp, path.open("rb") as file:
            digests = _list_digests(file, stamp.stamp_offset, stamp.header.artifact_name)
            return any(one == built_sha256 for one in digests)
    except StampReadError:
        raise
    except StampError:
        return False
    except OSError as error:
        raise StampReadError(f"cannot read the runtime: {error.strerror or error}", path=path) from error


def find_signature_places(path: StrPath) -> tuple[range, ...]:
    """Return the bytes before the stamp that a signature of the platform changes.

    Of a Windows executable these are its checksum and the place of the certificate table, of a macOS executable fields
    of the load commands, all of which are returned.

    :raises ExecutableLayoutError: if the headers are damaged.
    """
    path = Path(path)
    with path.open("rb") as file:
        magic = file.read(4)
        if magic == _macho.MAGIC:
            return (range(_macho.read_load_commands(file).end),)
        fields = _pe.find_unsigned_fields(file) if magic.startswith(_pe.MAGIC) else None
    return () if fields is None else (fields.checksum, fields.table)


def _list_digests(file: BinaryIO, stamp_offset: int, identifier: str) -> Iterator[str]:
    """Yield the digest of each runtime that this one can have been."""
    magic = file.read(4)
    if magic.startswith(_pe.MAGIC):
        yield from _list_windows(file, stamp_offset)
    elif magic == _macho.MAGIC:
        yield _restore_macos(file, identifier)


def _list_windows(file: BinaryIO, template_size_bytes: int) -> Iterator[str]:
    fields, table = _pe.find_unsigned_fields(file), _pe.find_certificate_table(file)
    if fields is None or table is None:
        return
    head = bytearray(read_exactly(file, 0, max(fields.checksum.stop, fields.table.stop)))
    head[fields.table.start : fields.table.stop] = bytes(8)
    for checksum in (0, _pe.sum_words(file, template_size_bytes)):
        struct.pack_into("<I", head, fields.checksum.start, checksum)
        digest = sha256(head)
        for data in _read(file, len(head), table[0]):
            digest.update(data)
        yield digest.hexdigest()


def _restore_macos(file: BinaryIO, identifier: str) -> str:
    template, digest, pages = read_macho_template(file), sha256(), PageHashes()
    end = template.kept_size_bytes
    head = template.render_head(end, measure_signature(end, identifier))
    for data in chain([head], _read(file, len(head), end)):
        digest.update(data)
        pages.update(data)
    digest.update(render_signature(pages.finish(), signed_end=end, identifier=identifier, text=template.text))
    return digest.hexdigest()


def _read(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    for offset in range(start, end, COPY_CHUNK_BYTES):
        yield read_exactly(file, offset, min(COPY_CHUNK_BYTES, end - offset))
