"""Build the documentation into ``site``; a broken link is an error. ``python tools/build_site.py [DIRECTORY]``.

Zensical takes pages only, and writes inside the project only. So this adds the JSON Schemas that the wheel of
``cs-cli`` contains, and moves the result if it is wanted elsewhere.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILT = ROOT / "site"
SCHEMAS = ROOT / "packages" / "cs-cli" / "src" / "cs_cli" / "schemas"


def build() -> None:
    """Let Zensical build every page, with no page from an earlier build.

    :raises subprocess.CalledProcessError: when it warns of anything.
    """
    shutil.rmtree(BUILT, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "zensical", "build", "--clean", "--strict"], cwd=ROOT, check=True)


def add_schemas() -> None:
    """Put each schema next to the page that describes its command."""
    for schema in SCHEMAS.glob("*.schema.json"):
        shutil.copy(schema, BUILT / "reference")


def main(directory: str | None = None) -> None:
    """Build the site, into a directory that does not exist yet if one is given."""
    build()
    add_schemas()
    if directory is not None:
        shutil.move(BUILT, directory)


if __name__ == "__main__":
    main(*sys.argv[1:])
