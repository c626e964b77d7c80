"""Where the tests of all packages start from."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from steady import settle

settle()

with contextlib.suppress(ImportError):  # not every package tests laws
    from hypothesis import settings

    # How long an example takes says how busy the machine is.
    settings.register_profile("steady", deadline=None)
    settings.load_profile("steady")
