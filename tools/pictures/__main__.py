"""``python -m pictures``: write the pictures, or check with ``--check`` that they are as they would be written."""

from __future__ import annotations

import sys
from pathlib import Path

from .benchmark import draw_benchmark
from .diagrams import draw_concept, draw_lifecycle, draw_stamp

DOCS = Path(__file__).parents[2] / "docs"
PICTURES = DOCS / "pictures"


def draw_all() -> dict[str, str]:
    """Return the text of each picture, by its file name."""
    page = (DOCS / "explanation" / "performance.md").read_text(encoding="utf-8")
    pictures = {
        "concept.svg": draw_concept(),
        "lifecycle.svg": draw_lifecycle(),
        "stamp.svg": draw_stamp(),
        "benchmark.svg": draw_benchmark(page),
    }
    return {name: picture.render() for name, picture in pictures.items()}


def main() -> None:
    """Write or check."""
    is_check = "--check" in sys.argv[1:]
    for name, text in draw_all().items():
        path = PICTURES / name
        if is_check and (not path.exists() or path.read_text(encoding="utf-8") != text):
            sys.exit(f"docs/pictures/{name} is out of date: run nox -s pictures")
        if not is_check:
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
