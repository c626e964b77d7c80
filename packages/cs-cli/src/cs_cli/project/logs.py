"""What a build backend says: kept where an error names it, removed otherwise."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from cs_manifest import ManifestError

from ..errors import add_hint


@contextlib.contextmanager
def backend_log(name: str) -> Iterator[Path]:
    """Yield a file for what a backend says.

    :param name: of the project, for the name of the file.
    :raises ManifestError: of the block, with a hint that names the file if it has something.
    """
    descriptor, text = tempfile.mkstemp(prefix=f"cs-build-{name}-", suffix=".log")
    os.close(descriptor)
    path = Path(text)
    try:
        yield path
    except ManifestError as error:
        if not path.stat().st_size:
            path.unlink()
            raise
        raise add_hint(error, f"the whole log is {path}") from None
    except BaseException:
        path.unlink()
        raise
    path.unlink()
