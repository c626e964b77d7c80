"""Files that appear whole or not at all; ``cs_stamp`` and ``cs_cli`` have the same by other means, held by a test."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Hand out a new unbuffered file that takes the place of a path when the block ends without an error.

    A random name, opened exclusively: two writers do not meet, and the last one wins. No fsync: a build can be
    repeated.

    :raises OSError: if it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.{os.urandom(6).hex()}.part")
    file = temporary.open("xb", buffering=0)
    try:
        with file:
            yield file
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
