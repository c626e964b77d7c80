"""Check what can be checked of a platform's signature without its certificates."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from . import _macho, _pe
from ._code_signature import FLAG_ADHOC, MAGIC_CODE_DIRECTORY, MAGIC_SUPERBLOB
from ._copying import read_exactly
from ._errors import ExecutableLayoutError, SignatureError, StampReadError
from ._paths import StrPath

SIGNATURE_LIMIT_BYTES = 256 << 20
"""Two hashes of each page of 4 GiB take less."""

_DIRECTORY = struct.Struct(">9I4BI")
_DIRECTORY_SLOTS = {0, *range(0x1000, 0x1005)}
_CODE_LIMIT_64, _VERSION_WITH_CODE_LIMIT_64 = 56, 0x20300
_HASHES = {1: ("sha1", 20), 2: ("sha256", 32), 3: ("sha256", 20), 4: ("sha384", 48)}
_PAGE_EXPONENTS = range(12, 17)

_CERTIFICATE = struct.Struct("<IHH")
_SIGNED_DATA = 2
_DER_SEQUENCE = 0x30


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureReport:
    """A signature that fits the file that it is in; whose it is was not checked.

    :ivar signed_size_bytes: how much of the beginning of the file it covers.
    :ivar is_ad_hoc: it contains no certificate.
    """

    signed_size_bytes: int
    is_ad_hoc: bool


def verify_signature(path: StrPath) -> SignatureReport | None:
    """Check that the platform's signature of an executable ends the file and fits it.

    For macOS every page is compared with its hash; for Windows the certificate table is looked at, in which bytes can
    hide that no signature covers. Certificates are not checked: that is the platform's part.

    :returns: what was found; ``None`` for a format without signatures, or a Windows executable without one.
    :raises SignatureError: if the signature does not fit, or a macOS executable has none.
    :raises StampReadError: if the file cannot be read.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            return _verify(file)
    except (SignatureError, ExecutableLayoutError) as error:
        message = f"the signature of this executable is damaged: {error.message}"
        raise SignatureError(message, path=path, hint="download or build the runtime again") from error
    except OSError as error:
        raise StampReadError(f"cannot read the runtime: {error.strerror or error}", path=path) from error


def _verify(file: BinaryIO) -> SignatureReport | None:
    magic, size = file.read(4), file.seek(0, 2)
    if magic.startswith(_pe.MAGIC) and (table := _pe.find_certificate_table(file)) is not None:
        _pe.find_signed_end(file, size)
        _check_certificates(_read_signature(file, *table))
        return SignatureReport(signed_size_bytes=table[0], is_ad_hoc=False)
    if magic != _macho.MAGIC:
        return None
    signature = _macho.find_code_signature(_macho.read_load_commands(file))
    if signature is None:
        raise SignatureError("it is missing; macOS might refuse to start the runtime")
    end = _macho.find_signed_end(file, size)
    return SignatureReport(signed_size_bytes=end, is_ad_hoc=_check_code(file, _read_signature(file, *signature), end))


def _read_signature(file: BinaryIO, offset: int, size_bytes: int) -> bytes:
    if size_bytes > SIGNATURE_LIMIT_BYTES:
        raise SignatureError(f"it is {size_bytes} bytes long; the limit is {SIGNATURE_LIMIT_BYTES}")
    return read_exactly(file, offset, size_bytes)


def _check_certificates(table: bytes) -> None:
    """Check that a certificate table holds signatures and nothing else."""
    position = 0
    while position < len(table):
        size, _, kind = _unpack(_CERTIFICATE, table, position)
        content = table[position + _CERTIFICATE.size : position + size]
        if size != _CERTIFICATE.size + len(content) or kind != _SIGNED_DATA:
            raise SignatureError("its certificate table contains other data too")
        end = position + size + -size % _pe.TABLE_ALIGNMENT
        rest = content[_measure_sequence(content) :] + table[position + size : end]
        if len(rest) >= _pe.TABLE_ALIGNMENT or any(rest):
            raise SignatureError("bytes that it does not cover follow it in the certificate table")
        position = end
    if position != len(table):
        raise SignatureError("its certificate table is cut off")


def _measure_sequence(data: bytes) -> int:
    """Return the size of the DER sequence that data start with."""
    tag, first = _unpack(struct.Struct("BB"), data, 0)
    count = first & 0x7F if first > 0x7F else 0
    size = int.from_bytes(data[2 : 2 + count], "big") if count else first
    if tag != _DER_SEQUENCE or first == 0x80 or count > 4 or 2 + count + size > len(data):
        raise SignatureError("its certificate table contains other data too")
    return 2 + count + size


def _check_code(file: BinaryIO, signature: bytes, end: int) -> bool:
    """Check every page of a file with every code directory of its signature.

    :returns: whether it contains no certificate.
    """
    directories = list(_list_directories(signature))
    for directory in directories:
        _check_directory(file, directory, end)
    flags = [_unpack(_DIRECTORY, directory, 0)[3] for directory in directories]
    if not flags:
        raise SignatureError("it contains no hashes")
    return all(one & FLAG_ADHOC for one in flags)


def _list_directories(signature: bytes) -> Iterator[bytes]:
    magic, length, count = _unpack(struct.Struct(">3I"), signature, 0)
    if magic != MAGIC_SUPERBLOB or length > len(signature) or 12 + 8 * count > length:
        raise SignatureError("it is cut off")
    for index in range(count):
        slot, offset = struct.unpack_from(">II", signature, 12 + 8 * index)
        if slot in _DIRECTORY_SLOTS:
            magic, size = _unpack(struct.Struct(">II"), signature, offset)
            if magic != MAGIC_CODE_DIRECTORY or offset + size > length:
                raise SignatureError("it is cut off")
            yield signature[offset : offset + size]


def _check_directory(file: BinaryIO, directory: bytes, end: int) -> None:
    fields = _unpack(_DIRECTORY, directory, 0)
    version, first, count, limit = (fields[index] for index in (2, 4, 7, 8))
    size, kind, _, exponent = fields[9:13]
    if version >= _VERSION_WITH_CODE_LIMIT_64:
        limit = _unpack(struct.Struct(">Q"), directory, _CODE_LIMIT_64)[0] or limit
    if limit != end:
        raise SignatureError(f"it covers {limit} bytes instead of the {end} before it")
    if exponent not in _PAGE_EXPONENTS or kind not in _HASHES or size != _HASHES[kind][1]:
        raise SignatureError("its hashes are of an unknown kind")
    page = 1 << exponent
    if count != -(-end // page) or first + count * size > len(directory):
        raise SignatureError("it does not have a hash for each page")
    file.seek(0)
    for index in range(count):
        data = read_exactly(file, index * page, min(page, end - index * page))
        if hashlib.new(_HASHES[kind][0], data).digest()[:size] != directory[first + index * size :][:size]:
            raise SignatureError(f"the bytes from {index * page} on were changed after signing")


def _unpack(layout: struct.Struct, data: bytes, offset: int) -> tuple[int, ...]:
    if offset + layout.size > len(data):
        raise SignatureError("it is cut off")
    return layout.unpack_from(data, offset)
