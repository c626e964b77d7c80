"""The user's home directory."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def find_home(environ: Mapping[str, str]) -> Path | None:
    """Return the user's home directory; ``None`` for a user without one, as in a container.

    An empty variable counts as none, as it does in runtimes: ``Path.home`` takes it for the root directory.

    :param environ: such as ``os.environ``.
    """
    named = environ.get("HOME") or environ.get("USERPROFILE")
    if named:
        return Path(named)
    try:
        if sys.platform == "win32":
            return Path.home()
        import pwd

        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except (RuntimeError, KeyError):  # a user without an entry in the users database
        return None
