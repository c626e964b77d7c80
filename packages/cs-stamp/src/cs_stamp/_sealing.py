"""What each kind of executable needs once its stamp is written: nothing, padding, or a signature."""

from __future__ import annotations

import os
from abc import abstractmethod
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Protocol

from . import _macho, _pe
from ._choices import Layout
from ._code_signature import PAGE_SIZE_BYTES, PageHashes, measure_signature, render_signature
from ._copying import Digest, append_data, hash_range, read_exactly
from ._errors import ExecutableLayoutError, StampTooLargeError
from ._layout import SIGNED_SIZE_LIMIT_BYTES
from ._macho_template import MachOTemplate, read_macho_template
from ._paths import StrPath
from ._placement import find_place
from ._plan import Plan


class Seal(Protocol):
    """What follows a stamp in one kind of executable; takes every byte of the runtime, as the digest that it is.

    :ivar kept_size_bytes: how much of the template is kept.
    """

    kept_size_bytes: int

    def update(self, data: bytes | memoryview, /) -> None:
        """Take more bytes of the runtime."""
        ...

    def check_size(self, size_bytes: int) -> None:
        """Refuse a runtime that the platform could not start.

        :param size_bytes: size of template and stamp.
        """
        ...

    @abstractmethod
    def close(self, file: BinaryIO) -> str:
        """Write what follows the stamp, and return the runtime's hex SHA-256."""
        ...


class _Plain(Seal):
    """An executable without a place of its own for a signature: the stamp ends the file."""

    def __init__(self, kept_size_bytes: int) -> None:
        self.kept_size_bytes = kept_size_bytes
        self._digest = sha256()

    def update(self, data: bytes | memoryview, /) -> None:
        self._digest.update(data)

    def check_size(self, size_bytes: int) -> None:
        pass

    def close(self, file: BinaryIO) -> str:
        return self._digest.hexdigest()


class _Windows(_Plain):
    """A Windows executable: padded, so that no signer has to."""

    def check_size(self, size_bytes: int) -> None:
        _check_limit("Windows", size_bytes)

    def close(self, file: BinaryIO) -> str:
        pad(file, _pe.TABLE_ALIGNMENT, self)
        return super().close(file)


class _MacOS(Seal):
    """A macOS executable: padded, its load commands changed, and signed ad hoc."""

    def __init__(self, template: MachOTemplate, identifier: str) -> None:
        self.kept_size_bytes = template.kept_size_bytes
        self._template, self._identifier, self._pages = template, identifier, PageHashes()

    def update(self, data: bytes | memoryview, /) -> None:
        self._pages.update(data)

    def check_size(self, size_bytes: int) -> None:
        _check_limit("macOS", size_bytes)

    def close(self, file: BinaryIO) -> str:
        end = pad(file, _macho.SIGNATURE_ALIGNMENT, self)
        head = self._template.render_head(end, measure_signature(end, self._identifier))
        file.seek(0)
        append_data(head, file, [])
        changed = len(head) + -len(head) % PAGE_SIZE_BYTES
        self._pages.replace(read_exactly(file, 0, min(changed, end)))
        file.seek(end)
        signature = render_signature(
            self._pages.finish(), signed_end=end, identifier=self._identifier, text=self._template.text
        )
        append_data(signature, file, [])
        # Its beginning has changed since it was written, so all of it is read again.
        digest = hash_range(file, 0, end + len(signature))
        assert digest is not None
        return digest.hex()


def open_seal(template: Path, identifier: str) -> Seal:
    """Return the seal for a template.

    :param identifier: what a signature calls the executable.
    :raises ExecutableLayoutError: if the template has no place for a stamp, or is signed for Windows.
    """
    try:
        with template.open("rb") as file:
            return _open_seal(file, identifier)
    except ExecutableLayoutError as error:
        error.message = f"this template cannot be stamped: {error.message}"
        error.path, error.hint = template, "use a `cs-template` executable as it was built"
        raise


def _open_seal(file: BinaryIO, identifier: str) -> Seal:
    find_place(file)  # refuses an executable without one
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    magic = file.read(4)
    if magic.startswith(_pe.MAGIC):
        if _pe.find_certificate_table(file) is not None:
            raise ExecutableLayoutError("it is signed, and a stamp breaks the signature: sign what is built from it")
        return _Windows(size)
    if magic == _macho.MAGIC:
        return _MacOS(read_macho_template(file), identifier)
    return _Plain(size)


def require_size(template: StrPath, plan: Plan, layout: Layout) -> None:
    """Refuse a runtime that its platform cannot start, as far as the plan has the sizes of the archives.

    :raises StampTooLargeError: if it would take too many bytes.
    :raises ExecutableLayoutError: if the template has no place for a stamp.
    """
    template = Path(template)
    seal = open_seal(template, template.name)
    seal.check_size(seal.kept_size_bytes + sum(package.size_bytes or 0 for package in plan.bundled(layout)))


def pad(file: BinaryIO, alignment: int, digest: Digest) -> int:
    """Append zeros up to a multiple, and return where they end."""
    end = file.seek(0, os.SEEK_END)
    append_data(bytes(-end % alignment), file, [digest])
    return end + -end % alignment


def _check_limit(system: str, size_bytes: int) -> None:
    if size_bytes > SIGNED_SIZE_LIMIT_BYTES:
        raise StampTooLargeError(
            f"the runtime would take {size_bytes} bytes; {system} only starts executables smaller than 4 GiB",
            expected=f"at most {SIGNED_SIZE_LIMIT_BYTES} bytes, which leaves room for a signature",
            actual=f"{size_bytes} bytes",
            hint='set `layout = "external"`, which puts the packages into a second file',
        )
