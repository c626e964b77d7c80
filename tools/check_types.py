"""Check the types of every Python file of this repository with mypy.

Nothing lists the files: a new one is checked without being named anywhere. Files of tests and scripts are modules
without a package, and many share a name, so mypy reads them in several batches.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]


def list_files() -> list[Path]:
    """Return every Python file that git tracks or would add, relative to the repository."""
    command = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.py", "*.pyi")
    listed = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    return sorted({Path(name) for name in listed.split("\0") if name and (ROOT / name).exists()})


def find_base(file: Path) -> Path:
    """Return the directory that imports of a file start from: the nearest that is not a package."""
    return next(parent for parent in file.parents if not (ROOT / parent / "__init__.py").exists())


def name_module(file: Path) -> str:
    """Return the name under which mypy knows a file."""
    parts = file.relative_to(find_base(file)).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def split_batches(files: Iterable[Path]) -> list[dict[str, Path]]:
    """Distribute files to as few batches as have no module name twice; files by module."""
    batches: list[dict[str, Path]] = []
    for file in files:
        module = name_module(file)
        batch = next((batch for batch in batches if module not in batch), None)
        if batch is None:
            batch = {}
            batches.append(batch)
        batch[module] = file
    return batches


def main() -> int:
    """Run mypy on each batch; 1 if it finds something."""
    batches = split_batches(list_files())
    print(f"{sum(map(len, batches))} files in {len(batches)} batches", flush=True)
    commands = [(sys.executable, "-m", "mypy", *map(str, batch.values())) for batch in batches]
    return max(subprocess.run(command, cwd=ROOT, check=False).returncode for command in commands)


if __name__ == "__main__":
    sys.exit(main())
