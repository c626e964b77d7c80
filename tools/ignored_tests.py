"""Say which tests of the template did not run, and why: those that ``#[ignore = "needs ..."]`` keeps from it.

Cargo counts ignored tests without a word on what they need.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from skipped import note

TEMPLATE = Path(__file__).parents[1] / "templates" / "cs-template"

_IGNORED = re.compile(r'#\[ignore = "(needs [^"]+)"\]\s*(?:#\[[^\]]*\]\s*)*(?:pub )?fn (\w+)')


def find_ignored(root: Path) -> Iterator[tuple[str, Path, str]]:
    """Find ignored tests that need something: what they need, the file relative to ``root``, the name."""
    sources = [path for top in ("src", "tests", "crates") for path in sorted((root / top).rglob("*.rs"))]
    for source in sources:
        for reason, name in _IGNORED.findall(source.read_text(encoding="utf-8")):
            yield reason, source.relative_to(root), name


def main() -> None:
    """Print the tests by what they need and by file, and note each."""
    tests: defaultdict[str, defaultdict[Path, list[str]]] = defaultdict(lambda: defaultdict(list))
    for reason, file, name in find_ignored(TEMPLATE):
        tests[reason][file].append(name)
        note(reason, f"{file.as_posix()}::{name}")
    for reason, files in tests.items():
        print(f"{sum(map(len, files.values()))} tests did not run: {reason}")
        for file, names in files.items():
            print(f"  {file.as_posix()}: {', '.join(names)}")


if __name__ == "__main__":
    main()
