"""The repository has no executable that somebody else has built: all come from sources, when something needs them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
MAGICS = (b"MZ", b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\0asm", b"PK\3\4")
VECTORS = Path("packages/cs-stamp/vectors")
"""Files that ``nox -s vectors`` writes, byte by byte: a test there compares them."""


def list_files() -> list[Path]:
    """Return the files that git tracks."""
    command = ("git", "ls-files", "-z")
    listed = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
    return [Path(name) for name in listed.split("\0") if name and (ROOT / name).is_file()]


def find_binaries(root: Path, files: list[Path]) -> Iterator[Path]:
    """Yield the files that start as executables, libraries or archives of code do."""
    for file in files:
        with (root / file).open("rb") as stream:
            if stream.read(4).startswith(MAGICS):
                yield file


def test_only_test_vectors_look_like_executables() -> None:
    found = list(find_binaries(ROOT, list_files()))
    assert found
    assert [file for file in found if VECTORS not in file.parents] == []


def test_an_executable_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "launcher.exe").write_bytes(b"MZ\x90\0rest")
    (tmp_path / "text.md").write_text("MarkDown")
    assert list(find_binaries(tmp_path, [Path("launcher.exe"), Path("text.md")])) == [Path("launcher.exe")]
