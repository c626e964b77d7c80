"""Read the stamp of a runtime, no more of it than is asked for."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO

from ._copying import hash_range
from ._errors import DamagedStampError, FieldError, StampError, StampReadError
from ._footer import find_footer
from ._header import Header
from ._layout import FOOTER_SIZE_BYTES
from ._paths import StrPath
from ._plan import Plan

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


@dataclass(frozen=True, slots=True, kw_only=True)
class StampPart:
    """The place of one part of an open runtime.

    :ivar offset: first byte, relative to the start of the file.
    :ivar size_bytes: 0 when the part is absent.
    :ivar sha256: lower-case hex digest.
    """

    tag: str
    offset: int
    size_bytes: int
    sha256: str


class StampReader:
    """Access to the stamp of a runtime; made by ``read_stamp``, closed by ``with``.

    :ivar identity: lower-case hex identity of the stamp.
    :ivar header: the header, its digest checked.
    :ivar parts: position of each part, by tag.
    :ivar stamp_offset: first byte of the stamp, which is the size of the template.
    :ivar trailing_size_bytes: bytes appended after the stamp.
    """

    def __init__(self, path: Path, file: BinaryIO) -> None:
        footer, footer_offset = find_footer(file)
        self.path = path
        self.identity: str = footer.identity.hex()
        self.stamp_offset: int = footer_offset + FOOTER_SIZE_BYTES - footer.stamp_length
        self.trailing_size_bytes: int = file.seek(0, io.SEEK_END) - footer_offset - FOOTER_SIZE_BYTES
        self.parts: Mapping[str, StampPart] = {
            part.tag: StampPart(
                tag=part.tag,
                offset=self.stamp_offset + part.offset,
                size_bytes=part.size_bytes,
                sha256=part.sha256.hex(),
            )
            for part in footer.parts
        }
        self._file = file
        self.header: Header = self._read_header()

    def __repr__(self) -> str:
        parts = {tag: part.size_bytes for tag, part in self.parts.items() if part.size_bytes}
        return f"StampReader({str(self.path)!r}, identity={self.identity!r}, parts={parts!r})"

    def read_part(self, tag: str) -> bytes:
        """Return the bytes of a part after checking its digest; for the small parts.

        :raises DamagedStampError: if the bytes are not those that the writer wrote.
        """
        part = self.parts[tag]
        self._file.seek(part.offset)
        data = self._file.read(part.size_bytes)
        if sha256(data).hexdigest() != part.sha256:
            raise damaged_part(tag, "its digest does not match")
        return data

    def verify_part(self, tag: str) -> None:
        """Check the digest of a part in constant memory.

        :raises DamagedStampError: if the bytes are not those that the writer wrote.
        """
        part = self.parts[tag]
        digest = hash_range(self._file, part.offset, part.size_bytes)
        if digest is None or digest.hex() != part.sha256:
            raise damaged_part(tag, "its digest does not match")

    def read_plan(self) -> Plan:
        """Return the plan.

        :raises DamagedStampError: if the part is damaged.
        """
        try:
            return Plan.from_bytes(self.read_part("plan"))
        except FieldError as error:
            raise damaged_part("plan", str(error)) from error

    def read_lock(self) -> bytes:
        """Return the runtime lock."""
        return self.read_part("lock")

    def open_part(self, tag: str) -> BinaryIO:
        """Open a part as a seekable file of its own; its digest is not checked."""
        part = self.parts[tag]
        return io.BufferedReader(_PartFile(self.path.open("rb", buffering=0), part.offset, part.size_bytes))

    def close(self) -> None:
        """Close the runtime; parts opened before stay open."""
        self._file.close()

    def __enter__(self) -> StampReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _read_header(self) -> Header:
        try:
            return Header.from_bytes(self.read_part("header"))
        except FieldError as error:
            raise damaged_part("header", str(error)) from error


def read_stamp(path: StrPath) -> StampReader:
    """Open a runtime and read its footer and header, neither lock nor bundle.

    :raises StampReadError: if the file cannot be opened.
    :raises NotStampedError: if it has no stamp.
    :raises UnsupportedVersionError: if the stamp is of another format version.
    :raises DamagedStampError: if footer or header are damaged; ``part`` says which.
    """
    path = Path(path)
    try:
        file = path.open("rb")
    except OSError as error:
        raise StampReadError(f"cannot open the runtime: {error.strerror or error}", path=path) from error
    try:
        return StampReader(path, file)
    except OSError as error:
        file.close()
        raise StampReadError(f"cannot read the runtime: {error.strerror or error}", path=path) from error
    except StampError as error:
        file.close()
        error.path = error.path or path
        raise
    except BaseException:
        file.close()
        raise


def damaged_part(tag: str, why: str) -> DamagedStampError:
    """Return the error for a part that is not what its writer wrote."""
    return DamagedStampError(
        f"the {tag} of this runtime is damaged: {why}", part=tag, hint="download or build the runtime again"
    )


class _PartFile(io.RawIOBase):
    """A range of a file as a file."""

    def __init__(self, file: io.FileIO, offset: int, size_bytes: int) -> None:
        super().__init__()
        self._file, self._offset, self._size, self._position = file, offset, size_bytes, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError(f"cannot seek to {start + offset}")
        self._position = start + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        left = max(self._size - self._position, 0)
        self._file.seek(self._offset + self._position)
        count = self._file.readinto(view[:left])
        self._position += count or 0
        return count or 0

    def close(self) -> None:
        self._file.close()
        super().close()
