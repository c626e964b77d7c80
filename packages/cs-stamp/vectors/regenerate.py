"""Write the test vectors of the stamp format anew.

Run it with ``nox -s vectors``. The same release gives the same bytes; a test compares them. Both test suites, Python's
and Rust's, read ``vectors.json`` and the files next to it, and share nothing else.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from bad_stamps import bad_files
from descriptions import describe_damage, describe_good, describe_mark
from good_stamps import good_files, signed_files
from samples import BUNDLE, BYTECODE, EMBEDDED, LOCK, PLAN, TEMPLATE

from cs_stamp import Mark, write_stamp

PROVENANCE = "made by packages/cs-stamp/vectors/regenerate.py; no bytes come from anywhere else"
MARKS = (
    Mark(name="cs-template", version="0.1.0", target="linux-64", stamp_formats=(1,)),
    Mark(name="n" * 23, version="v" * 31, target="t" * 23, stamp_formats=(1,)),
    Mark(name="cs-template", version="9.0rc1", target="osx-arm64", stamp_formats=(1, 2, 3, 4, 5, 6, 7, 0xFFFFFFFF)),
)
HEADER_SIZES = {"pe-signed-5-zeros": 0x200, "macho-signed-15-zeros": 0x260}
"""Bytes of headers in files for Windows and macOS."""


def regenerate(directory: Path) -> None:
    """Write every vector and the index below a directory."""
    for name in ("good", "bad"):
        shutil.rmtree(directory / name, ignore_errors=True)
        (directory / name).mkdir(parents=True)
    good, bad = [], []
    good_signed, bad_signed = signed_files()
    for name, (about, data) in sorted((good_files() | good_signed).items()):
        path = directory / "good" / f"{name}.bin"
        path.write_bytes(data)
        good.append(describe_good(path, about))
    for name, (kind, part, about, data) in sorted((bad_files() | bad_signed).items()):
        (directory / "bad" / f"{name}.bin").write_bytes(data)
        bad.append({"file": f"bad/{name}.bin", "about": about, "error": {"kind": kind, "part": part}})
    index = {
        "schema_version": 1,
        "provenance": PROVENANCE,
        "good": good,
        "bad": bad,
        "damage": [describe_damage(name, good_signed[name][1], size) for name, size in HEADER_SIZES.items()],
        "marks": [describe_mark(mark) for mark in MARKS],
    }
    text = json.dumps(index, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    (directory / "vectors.json").write_text(text, encoding="utf-8", newline="\n")
    check_writer(good)


def check_writer(good: list[dict[str, Any]]) -> None:
    """Check that the writer makes the same file as the parts put together here."""
    with tempfile.TemporaryDirectory() as name:
        template, out, bundle, bytecode = (Path(name) / item for item in ("template", "out", "bundle", "bytecode"))
        for path, data in ((template, TEMPLATE), (bundle, BUNDLE), (bytecode, BYTECODE)):
            path.write_bytes(data)
        info = write_stamp(template, out, header=EMBEDDED, plan=PLAN, lock=LOCK, bundle=bundle, bytecode=bytecode)
        if out.read_bytes() != good_files()["embedded"][1]:
            raise SystemExit("write_stamp and these vectors disagree")
        if info.identity not in {vector["identity"] for vector in good}:
            raise SystemExit("write_stamp and these vectors have different identities")


if __name__ == "__main__":
    regenerate(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
