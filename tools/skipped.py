"""What tests leave out, and why: no test is skipped silently.

A test that is skipped says ``needs THING``, which this machine may get and which :data:`THINGS` names, or ``only
PLACE``, which it cannot change and which :data:`PLACES` names. More may follow after a colon. A test that is skipped
for any other reason fails: see ``steady``, which also reads the marks that say so. :func:`count_skips` counts what
:func:`note` has written.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections import Counter
from pathlib import Path

THINGS = (
    "root",
    "mounts",
    "overlays",
    "FUSE",
    "file capabilities",
    "immutable files",
    "a static template",
    "a template for Windows",
    "the headers of Python",
    "the large channel",
    "the templates of all platforms",
    "LIEF",
    "archspec",
    "bash",
    "cargo",
    "chattr",
    "chromium",
    "dpkg-deb",
    "fish",
    "gcc",
    "git",
    "man",
    "mkfs.ext4",
    "openssl",
    "osslsigncode",
    "prlimit",
    "qemu-.*",
    "rcodesign",
    "ruby",
    "setcap",
    "setpriv",
    "setsid",
    "sha256sum",
    "ssh-keygen",
    "strace",
    "tar",
    "unshare",
    "wine.*",
    "x86_64-w64-mingw32-gcc",
    "zsh",
    "zstd",
)
"""What a machine may lack. Each is a regular expression."""

IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
"""Whether root runs this, who may do everything."""

PLACES = {
    "for users other than root": not IS_ROOT,
    "on Linux": sys.platform == "linux",
    "on Linux on x86-64": sys.platform == "linux" and platform.machine() == "x86_64",
    "on Unix": os.name == "posix",
    "on Windows": os.name == "nt",
}
"""Where tests may be at home, and whether that is here. Suites add their own."""

FILE_VARIABLE = "SKIPPED_TESTS_FILE"
"""The file that :func:`note` appends to; without it nothing is noted."""

_NEEDS = re.compile(f"needs ({'|'.join(THINGS)})")


def shorten(reason: str) -> str:
    """Return a reason without its details."""
    return reason.split(":")[0]


def is_allowed(reason: str, *, nothing_missing: bool = False) -> bool:
    """Whether a test may be skipped for this reason.

    :param nothing_missing: on a machine that has all that tests need.
    """
    short = shorten(reason)
    is_elsewhere = short.startswith("only ") and short.removeprefix("only ") in PLACES
    return is_elsewhere or (_NEEDS.fullmatch(short) is not None and not nothing_missing)


def note(reason: str, test: str) -> None:
    """Write that a test was left out, if a session asked for it."""
    name = os.environ.get(FILE_VARIABLE)
    if name:
        with Path(name).open("a", encoding="utf-8") as file:
            file.write(f"{shorten(reason)}\t{test}\n")


def count_skips(noted: Path) -> str:
    """Return one line on what was noted in a file, the most frequent reason first; empty when nothing was."""
    lines = noted.read_text(encoding="utf-8").splitlines() if noted.exists() else []
    reasons = Counter(line.split("\t")[0] for line in lines)
    if not reasons:
        return ""
    counts = ", ".join(f"{reason} ({count})" for reason, count in sorted(reasons.items(), key=lambda r: (-r[1], r[0])))
    return f"{reasons.total()} tests skipped: {counts}"
