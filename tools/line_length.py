"""Find lines of Rust that are too long: rustfmt leaves strings and comments alone."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LONGEST = 120


def find_long_lines(text: str) -> Iterator[int]:
    """Return the numbers of the lines that are too long."""
    return (number for number, line in enumerate(text.splitlines(), 1) if len(line) > LONGEST)


def main(template: Path = ROOT / "templates" / "cs-template") -> int:
    """Print where they are; 1 when there are any."""
    sources = [template / "build.rs"]
    for folder in ("src", "crates", "tests", "examples"):
        sources += sorted((template / folder).rglob("*.rs"))
    found = [
        f"{path.relative_to(template)}:{number}: more than {LONGEST} characters"
        for path in sources
        for number in find_long_lines(path.read_text(encoding="utf-8"))
    ]
    print("\n".join(found) or "no Rust line is too long")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
