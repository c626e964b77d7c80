"""Small packages made by hand, one for each thing that an installer must get right."""

from __future__ import annotations

import shutil
from pathlib import Path

from .archive import PLACEHOLDER, Entry, Package
from .host_python import SHORT

ECHO = b"""#!/bin/sh
# Prints what a delegate gets, so that tests can look at it.
echo "prefix=$CONDA_PREFIX"
echo "root=$CONDA_ROOT_PREFIX"
for argument in "$@"; do printf 'argument=%s\\n' "$argument"; done
"""

POST_LINK = b"""#!/bin/sh
set -e
mkdir -p "$PREFIX/share/greeter"
echo "linked $PKG_NAME $PKG_VERSION into $PREFIX" > "$PREFIX/share/greeter/linked.txt"
test -f "$PREFIX/share/words/words.txt"  # a file of the package that this one depends on
echo "Say hello with: greet" >> "$PREFIX/.messages.txt"
"""

CONDA = b'''"""Stands in for conda, which is not on the package index: prints what it was asked."""

import json
import os
import sys


def main():
    names = sorted(name for name in os.environ if name.startswith(("CONDA", "_CE_")))
    environment = {name: os.environ[name] for name in names}
    print(json.dumps({"argv": sys.argv[1:], "environment": environment, "prefix": sys.prefix}))
    return 0
'''


def special_packages() -> list[tuple[Package, str]]:
    """List the packages with the archive suffix of each."""
    return [
        (_placeholders(), ".conda"),
        (_old_style(), ".tar.bz2"),
        (_words(), ".conda"),
        (_greeter(), ".conda"),
        (_quick(), ".conda"),
        *((package, ".conda") for package in _condas()),
    ]


def _placeholders() -> Package:
    config = f"prefix = {PLACEHOLDER}\npath = {PLACEHOLDER}/bin:{PLACEHOLDER}/lib\n".encode()
    binary = (
        b"\x7fDEMO\0" + f"{PLACEHOLDER}/lib\0{PLACEHOLDER}/a:{PLACEHOLDER}/b".encode() + b"\0" + bytes(range(256)) * 600
    )
    binary += f"{PLACEHOLDER}/share".encode()  # the last string of the file, without a NUL
    long_shebang = f"#!{PLACEHOLDER}/bin/python{SHORT}\nimport sys\nprint(sys.prefix)\n".encode()
    return Package(
        name="placeholders",
        version="2.1",
        depends=["python"],
        entries=[
            Entry(path="bin/echo-delegate", content=ECHO, executable=True),
            Entry(path="bin/print-prefix", content=long_shebang, executable=True, file_mode="text"),
            Entry(path="etc/placeholders.conf", content=config, file_mode="text"),
            Entry(path="lib/libplaceholders.so.2.1", content=binary, executable=True, file_mode="binary"),
            Entry(path="lib/libplaceholders.so.2", link="libplaceholders.so.2.1"),
            Entry(path="lib/libplaceholders.so", link="libplaceholders.so.2"),
            Entry(path="share/placeholders/ünïcode näme.txt", content="grüße\n".encode()),
            Entry(path="share/placeholders/empty", content=b""),
        ],
    )


def _old_style() -> Package:
    return Package(
        name="old-style",
        version="1.0",
        old_style=True,
        entries=[
            Entry(
                path="bin/old-style",
                content=f"#!/bin/sh\necho {PLACEHOLDER}\n".encode(),
                executable=True,
                file_mode="text",
            ),
            Entry(
                path="lib/old-style.bin", content=b"\0" + f"{PLACEHOLDER}/lib".encode() + b"\0end", file_mode="binary"
            ),
            Entry(path="share/old-style/data.txt", content=b"data\n" * 1000),
            Entry(path="share/old-style/link.txt", link="data.txt"),
        ],
    )


def _words() -> Package:
    words = Entry(path="share/words/words.txt", content=b"hello\nworld\n")
    return Package(name="words", version="3", subdir="noarch", noarch="generic", entries=[words])


def _greeter() -> Package:
    return Package(
        name="greeter",
        version="0.5",
        depends=["words >=3"],
        entries=[
            Entry(path="bin/.greeter-post-link.sh", content=POST_LINK, executable=True),
            Entry(
                path="bin/greet", content=b'#!/bin/sh\nhead -1 "$CONDA_PREFIX/share/words/words.txt"\n', executable=True
            ),
        ],
    )


def _quick() -> Package:
    """The host's ``true``: a delegate that does nothing, so that handing over to it can be timed."""
    source = Path(shutil.which("true") or "/bin/true").resolve()
    entry = Entry(path="bin/quick-true", content=source.read_bytes(), executable=True)
    return Package(name="quick", version="1.0", entries=[entry])


def _condas() -> list[Package]:
    conda = Package(
        name="conda",
        version="25.1.0",
        build="pyhd_0",
        subdir="noarch",
        noarch="python",
        depends=[f"python >={SHORT}", "conda-rattler-solver", "conda-libmamba-solver"],
        entries=[
            Entry(path="site-packages/conda/__init__.py", content=b'__version__ = "25.1.0"\n'),
            Entry(path="site-packages/conda/cli.py", content=CONDA),
        ],
        entry_points=["conda = conda.cli:main"],
    )
    plugins = ("conda-rattler-solver", "conda-libmamba-solver", "conda-spawn", "conda-self")
    return [conda, *map(_plugin, plugins)]


def _plugin(name: str) -> Package:
    module = name.replace("-", "_")
    entries = [Entry(path=f"site-packages/{module}/__init__.py", content=b"")]
    return Package(
        name=name,
        version="1.0",
        build="pyhd_0",
        subdir="noarch",
        noarch="python",
        depends=["python"],
        entries=entries,
    )
