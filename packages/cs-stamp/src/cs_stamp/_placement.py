"""Where a stamp has to end: at the end of what the platform's signature covers, and nowhere else."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import BinaryIO

from . import _macho, _pe
from ._errors import ExecutableLayoutError


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The place of a footer in an executable whose format has signatures.

    :ivar end: where the signed bytes end.
    :ivar padding: zeros that may be between the footer and that end, in bytes.
    """

    end: int
    padding: int


def find_place(file: BinaryIO) -> Place | None:
    """Return the one place that a footer may have; ``None`` where no signature says what it covers, as in ELF.

    :raises ExecutableLayoutError: if the executable has no such place.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    magic = file.read(4)
    if magic.startswith(_pe.MAGIC):
        return Place(end=_pe.find_signed_end(file, size), padding=_pe.TABLE_ALIGNMENT - 1)
    if magic == _macho.MAGIC:
        return Place(end=_macho.find_signed_end(file, size), padding=_macho.SIGNATURE_ALIGNMENT - 1)
    if magic in _macho.UNIVERSAL_MAGICS:
        raise ExecutableLayoutError("it is a universal executable, which has no place for a stamp")
    return None
