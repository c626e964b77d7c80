"""What awkward and hostile packages are put together from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .archive import Entry, Package
from .crafted import Archive, Odd

DELEGATE = "awkward-delegate"


def package(name: str, entries: Iterable[Entry], *depends: str, **more: Any) -> Package:
    """Describe a package of version 1.0."""
    return Package(name=name, version="1.0", entries=list(entries), depends=list(depends), **more)


def noarch_python(name: str, entries: Iterable[Entry], *depends: str, entry_points: Iterable[str] = ()) -> Package:
    """Describe a noarch python package."""
    return package(
        name,
        entries,
        "python",
        *depends,
        build="pyh_0",
        subdir="noarch",
        noarch="python",
        entry_points=list(entry_points),
    )


def text(path: str, content: str | bytes, **more: Any) -> Odd:
    """Describe a text file with placeholders."""
    return _file(path, content, "text", **more)


def binary(path: str, content: str | bytes, **more: Any) -> Odd:
    """Describe a binary file with placeholders."""
    return _file(path, content, "binary", **more)


def plain(path: str, content: str | bytes = b"", **more: Any) -> Odd:
    """Describe a file without placeholders."""
    return _file(path, content, None, **more)


def _file(path: str, content: str | bytes, file_mode: str | None, **more: Any) -> Odd:
    raw = content.encode() if isinstance(content, str) else content
    return Odd(path=path, content=raw, file_mode=file_mode, **more)


def link(path: str, target: str, **more: Any) -> Odd:
    """Describe a symbolic link."""
    return Odd(path=path, link=target, **more)


def hard(path: str, first: str, content: bytes, **more: Any) -> Odd:
    """Describe a hard link; ``content`` is what ``paths.json`` describes."""
    return Odd(path=path, hard_link=first, content=content, **more)


def delegate() -> Archive:
    """Return the package that every collection has."""
    script = plain(f"bin/{DELEGATE}", "#!/bin/sh\nexit 0\n", executable=True)
    return Archive(package=package("awkward-base", [script]))


def fake_python(version: str = "3.11.7", site_packages: str | None = None) -> Archive:
    """Return a package that says it is Python: linking needs no more of it."""
    short = ".".join(version.split(".")[:2])
    entries: list[Entry] = [
        plain(f"bin/python{short}", "#!/bin/sh\n", executable=True),
        link("bin/python", f"python{short}"),
    ]
    return Archive(
        package=Package(
            name="python", version=version, build="0_cpython", entries=entries, python_site_packages_path=site_packages
        )
    )
