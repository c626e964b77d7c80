"""Start the installed template, and check that it refuses to do anything: it was built on another system.

``python tools/start_template.py``, after ``pip install`` of a wheel of ``nox -s templates``.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig

NOT_STAMPED = 78
"""Exit status of a template: a configuration error (``docs/reference/runtime.md``)."""


def main() -> int:
    """Start it, and return whether that went wrong."""
    program = shutil.which("cs-template", path=sysconfig.get_path("scripts"))
    if program is None:
        sys.exit("cs-template is not installed")
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    print(done.stderr)
    return int(done.returncode != NOT_STAMPED or "is an unstamped template" not in done.stderr)


if __name__ == "__main__":
    sys.exit(main())
